"""Statistics of the columns of traffic, by variant and by segment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from mlops_jobs.monitoring.columns.summary import Summary
from mlops_jobs.monitoring.traffic.predictions import (
    CONFIDENCE,
    PREDICTION,
    Attributes,
    prediction_table,
)
from mlops_jobs.monitoring.traffic.reading import Reading
from mlops_jobs.monitoring.traffic.tables import Piece

MAX_SEGMENTS = 20
REQUESTS, PREDICTIONS, SEGMENTS = "requests", "predictions", "segments"


@dataclass(kw_only=True)
class Traffic:
    """Statistics of the traffic of a time window.

    Args:
        reading: what was read, and what could not be read.
        requests: columns of requests, by variant.
        predictions: columns of predictions, by variant.
        segments: columns of requests, by value of the segment's column.
    """

    reading: Reading
    requests: dict[str, Summary] = field(default_factory=dict)
    predictions: dict[str, Summary] = field(default_factory=dict)
    segments: dict[str, Summary] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Content:
    """The columns of traffic of which a run has statistics.

    Args:
        types: type of each column of requests; None without a baseline.
        without: columns that are not analyzed.
        prediction: name of predicted labels.
        segment: column by whose values requests are also analyzed; "" for none.
        attributes: places of predictions in responses.
    """

    types: Mapping[str, str] | None
    without: frozenset[str]
    prediction: str
    segment: str
    attributes: Attributes

    def summary(self) -> Summary:
        """Returns statistics of no requests."""
        return Summary(self.types)

    def tables(self, piece: Piece) -> tuple[list[tuple[str, pl.DataFrame]], int]:
        """Returns the tables of a piece with their kind, and the number of unreadable responses.

        Args:
            piece: the piece.
        """
        found = []
        for table in piece.requests:
            kept = table.select(name for name in table.columns if name not in self.without)
            found.append((REQUESTS, kept))
            if self.segment and self.segment in table.columns:
                found.append((SEGMENTS, table))
        responses = piece.plain_responses, piece.responses
        table, unreadable = prediction_table(*responses, self.attributes)
        if table.height:
            found.append((PREDICTIONS, _named(table, self.prediction)))
        return found, unreadable


def _named(table: pl.DataFrame, prediction: str) -> pl.DataFrame:
    """Returns predictions; without probabilities they have no confidence."""
    if table[CONFIDENCE].null_count() == table.height:
        table = table.drop(CONFIDENCE)
    return table.rename({PREDICTION: prediction})


def read_traffic(found: Iterable[Piece], content: Content) -> Traffic:
    """Returns the statistics of traffic.

    Args:
        found: the traffic.
        content: columns of which there are statistics.
    """
    traffic = Traffic(reading=Reading())
    for piece in found:
        tables, unreadable = content.tables(piece)
        traffic.reading.add(piece)
        traffic.reading.unreadable_responses += unreadable
        requests = traffic.requests.setdefault(piece.variant, content.summary())
        predictions = traffic.predictions.setdefault(piece.variant, Summary())
        for kind, table in tables:
            if kind == SEGMENTS:
                add_segments(traffic.segments, table, content.segment, content.summary())
            else:
                (requests if kind == REQUESTS else predictions).add(table)
    return traffic


def add_segments(
    segments: dict[str, Summary], table: pl.DataFrame, segment: str, empty: Summary
) -> None:
    """Adds the rows of a table to the statistics of their segments.

    Args:
        segments: statistics of the first segments, by value.
        table: rows with the column.
        segment: column by whose values the rows are separated.
        empty: statistics of no rows.
    """
    for text, part in segments_of(table, segment):
        if text in segments or len(segments) < MAX_SEGMENTS:
            segments.setdefault(text, empty.fresh()).add(part)


def segments_of(table: pl.DataFrame, segment: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yields the rows of each value of a column, in the order of their first rows.

    Args:
        table: the rows.
        segment: the column.
    """
    known = table.filter(pl.col(segment).is_not_null())
    for (value,), part in known.group_by([segment], maintain_order=True):
        yield str(value).strip(), part
