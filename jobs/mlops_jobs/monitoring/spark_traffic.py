"""Statistics of traffic on Spark, with the results of a single process.

Groups of files are read by many processes at once, each into the pieces of a single process. The
cells of a column are then sorted by piece in one process, which adds them to the same statistics
in the same order: sums, samples and counts are equal whatever the number of processes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

import polars as pl

from mlops_jobs.monitoring.columns.column import Column
from mlops_jobs.monitoring.columns.summary import Summary
from mlops_jobs.monitoring.settings import Window
from mlops_jobs.monitoring.traffic.reading import Reading
from mlops_jobs.monitoring.traffic.source import CaptureFile, chunks_of
from mlops_jobs.monitoring.traffic.tables import Columns, pieces
from mlops_jobs.monitoring.traffic_statistics import (
    MAX_SEGMENTS,
    PREDICTIONS,
    REQUESTS,
    SEGMENTS,
    Content,
    Traffic,
    segments_of,
)
from mlops_jobs.spark.errors import driver_errors

Group = tuple[str, str]
"""Kind of statistics, and the variant or segment."""


@dataclass(frozen=True, kw_only=True)
class TrafficReader:
    """Reads files of captured traffic in the processes of Spark.

    Args:
        window: time window of the calls.
        columns: columns of requests.
        responses: True to read predictions.
        content: columns of which there are statistics.
    """

    window: Window | None
    columns: Columns
    responses: bool
    content: Content

    def read(self, number: int, files: Sequence[CaptureFile]) -> Iterator["_Part"]:
        """Yields the pieces of a group of files.

        Args:
            number: number of the group.
            files: the files.

        Raises:
            InputError: a line is not of a capture file.
        """
        found = pieces(
            chain.from_iterable(map(chunks_of, files)),
            self.window,
            self.columns,
            responses=self.responses,
        )
        for at, piece in enumerate(found):
            tables, unreadable = self.content.tables(piece)
            reading = Reading(unreadable_responses=unreadable)
            reading.add(piece)
            yield _Part(order=(number, at), variant=piece.variant, reading=reading, tables=tables)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A piece of the traffic, with its place in the order of all pieces."""

    order: tuple[int, int]
    variant: str
    reading: Reading
    tables: list[tuple[str, pl.DataFrame]]

    def by_group(
        self, segment: str, chosen: frozenset[str] | None
    ) -> Iterator[tuple[Group, int, pl.DataFrame]]:
        """Yields the rows of each group, with the number of their table.

        `chosen` has the segments; None yields the first ones of this piece.
        """
        first: set[str] = set()
        for at, (kind, table) in enumerate(self.tables):
            if kind != SEGMENTS:
                yield (kind, self.variant), at, table
                continue
            for text, part in segments_of(table, segment):
                if chosen is None and (text in first or len(first) < MAX_SEGMENTS):
                    first.add(text)
                elif chosen is None or text not in chosen:
                    continue
                yield (SEGMENTS, text), at, part


Note = tuple[Group, list[str], int]
Place = tuple[int, tuple[int, int], int]
"""Place of a column, order of the piece, and number of the table."""


def read_on_spark(
    context: Any, groups: Sequence[Sequence[CaptureFile]], reader: TrafficReader
) -> Traffic:
    """Returns the statistics of traffic, as `read_traffic` does.

    Args:
        context: a SparkContext.
        groups: files, in the groups in which a single process reads them.
        reader: reads a group.

    Raises:
        InputError: a line is not of a capture file.
    """
    from pyspark import StorageLevel  # type: ignore[import-not-found]

    segment = reader.content.segment
    tasks = context.parallelize(list(enumerate(groups)), max(len(groups), 1))
    parts = tasks.flatMap(lambda one: reader.read(*one)).persist(StorageLevel.DISK_ONLY)
    with driver_errors():
        chosen = _first_segments(parts, segment) if segment else frozenset()
        notes = parts.map(lambda part: (part.variant, part.reading, _notes(part, segment, chosen)))
        traffic = _noted(notes.collect(), reader.content)
        _fill(traffic, parts, segment, chosen)
    parts.unpersist()
    return traffic


def _first_segments(parts: Any, segment: str) -> frozenset[str]:
    """Returns the segments that a single process would find first."""

    def texts(part: _Part) -> list[str]:
        found = part.by_group(segment, None)
        return list(dict.fromkeys(text for (kind, text), _, _ in found if kind == SEGMENTS))

    found = dict.fromkeys(text for one in parts.map(texts).collect() for text in one)
    return frozenset(list(found)[:MAX_SEGMENTS])


def _notes(part: _Part, segment: str, chosen: frozenset[str]) -> list[Note]:
    """Returns the group, columns and number of rows of each table."""
    return [
        (group, table.columns, table.height) for group, _, table in part.by_group(segment, chosen)
    ]


def _noted(found: Iterable[tuple[str, Reading, list[Note]]], content: Content) -> Traffic:
    """Returns the traffic without the cells of its columns."""
    traffic = Traffic(reading=Reading())
    for variant, reading, notes in found:
        traffic.reading.merge(reading)
        traffic.requests.setdefault(variant, content.summary())
        traffic.predictions.setdefault(variant, Summary())
        for (kind, name), columns, rows in notes:
            if kind == SEGMENTS:
                traffic.segments.setdefault(name, content.summary())
            _summaries(traffic)[kind][name].note(columns, rows)
    return traffic


def _summaries(traffic: Traffic) -> dict[str, dict[str, Summary]]:
    return {
        REQUESTS: traffic.requests,
        PREDICTIONS: traffic.predictions,
        SEGMENTS: traffic.segments,
    }


def _fill(traffic: Traffic, parts: Any, segment: str, chosen: frozenset[str]) -> None:
    """Adds the cells of each column, all of them in one task."""
    summaries = [
        ((kind, name), summary)
        for kind, by_name in _summaries(traffic).items()
        for name, summary in by_name.items()
    ]
    columns = [(group, column) for group, summary in summaries for column in summary.columns]
    empty = [statistics for _, summary in summaries for statistics in summary.columns.values()]
    places = {column: place for place, column in enumerate(columns)}
    filled = (
        parts.flatMap(lambda part: _cells(part, segment, chosen, places))
        .repartitionAndSortWithinPartitions(parts.ctx.defaultParallelism, lambda key: key[0])
        .mapPartitions(lambda cells: _added(empty, cells))
    )
    for place, statistics in filled.collect():
        (kind, name), column = columns[place]
        _summaries(traffic)[kind][name].columns[column] = statistics
    for _, summary in summaries:
        for statistics in summary.columns.values():
            # The rows of tables without the column.
            statistics.add_missing(summary.rows - statistics.rows)


def _cells(
    part: _Part, segment: str, chosen: frozenset[str], places: Mapping[tuple[Group, str], int]
) -> Iterator[tuple[Place, pl.Series]]:
    """Yields the cells of each table by the place of their column."""
    for group, at, table in part.by_group(segment, chosen):
        for column in table.columns:
            place = places.get((group, column))
            if place is not None:
                yield (place, part.order, at), table[column]


def _added(
    empty: Sequence[Column], cells: Iterable[tuple[Place, pl.Series]]
) -> Iterator[tuple[int, Column]]:
    """Yields the statistics of each column that has cells."""
    for place, found in groupby(cells, key=lambda one: one[0][0]):
        for _, series in found:
            empty[place].add(series)
        yield place, empty[place]
