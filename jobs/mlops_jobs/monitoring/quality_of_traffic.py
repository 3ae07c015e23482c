"""Data quality of a time window: requests and predictions, by variant and by segment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import polars as pl

from mlops_jobs.monitoring import constraints, data_quality
from mlops_jobs.monitoring.columns.column import Column
from mlops_jobs.monitoring.columns.summary import Summary
from mlops_jobs.monitoring.data_quality import Baseline
from mlops_jobs.monitoring.drift import Drift
from mlops_jobs.monitoring.findings import VARIANT, Findings, Metric
from mlops_jobs.monitoring.settings import Settings
from mlops_jobs.monitoring.traffic.batch import batch_pieces
from mlops_jobs.monitoring.traffic.predictions import NO_ATTRIBUTES, PREDICTION, Attributes
from mlops_jobs.monitoring.traffic.source import (
    CaptureFile,
    capture_files,
    chunks_of,
    groups_of,
    read,
)
from mlops_jobs.monitoring.traffic.tables import REQUEST, RESPONSE, Columns, Piece, pieces
from mlops_jobs.monitoring.traffic_statistics import (
    Content,
    Traffic,
    add_segments,
    read_traffic,
)

SEGMENT = "Segment"  # dimension of the metrics of one segment
EMPTY = b'{"features": []}'


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The baseline of a run.

    Args:
        names: columns of the baseline, in their order. Defaults to none: there is no baseline.
        target: column of the target among them, which requests do not have. Defaults to "": none.
        requests: baseline of the columns of requests; None without a baseline. Defaults to None.
        predictions: baseline of predictions; None without one. Defaults to None.
        segments: statistics of each segment, by value. Defaults to none.
    """

    names: tuple[str, ...] = ()
    target: str = ""
    requests: Baseline | None = None
    predictions: Baseline | None = None
    segments: Mapping[str, data_quality.Statistics] = field(default_factory=dict)

    @property
    def prediction(self) -> str:
        """Name of predicted labels, which is that of the target if it is in the baseline."""
        return self.target or PREDICTION


def analyze(settings: Settings, context: Any = None) -> Findings | None:
    """Compares the traffic of a time window with a baseline.

    Args:
        settings: settings of the run.
        context: a SparkContext whose processes read the traffic. Defaults to None: this process.

    Returns:
        The findings; None if there was no traffic.

    Raises:
        InputError: an input cannot be read.
    """
    expected = _expected(settings, settings.target)
    stream = _pieces(settings, expected)
    first = next(stream, None)
    if first is None:
        return None
    if not expected.target and _lacks_first(first, expected):
        # A baseline of Model Monitor has the target first, because its container puts the captured
        # response before the request.
        expected = _expected(settings, expected.names[0])
        stream = _pieces(settings, expected)
        first = next(stream)
    content = Content(
        types=expected.requests.types if expected.requests else None,
        without=frozenset({expected.target, *settings.excluded}),
        prediction=expected.prediction,
        segment=settings.segment,
        # Those of batch transform jobs were brought to the format of the server already.
        attributes=NO_ATTRIBUTES
        if settings.dataset_format.of_batch
        else Attributes(inference=settings.inference, probability=settings.probability),
    )
    if context is None:
        traffic = read_traffic(chain([first], stream), content)
    else:
        traffic = _read_on_spark(context, settings, expected, content)
    return _findings(traffic, settings, expected)


def describe(
    tables: Iterable[pl.DataFrame],
    predictions: Iterable[pl.DataFrame],
    segment: str = "",
) -> Findings:
    """Returns statistics and constraints of a baseline.

    Args:
        tables: rows of the baseline.
        predictions: label and confidence of the predictions for them.
        segment: column by whose values rows are also described separately. Defaults to "": none.
    """
    whole, predicted = Summary(), Summary()
    segments: dict[str, Summary] = {}
    for table in tables:
        whole.add(table)
        if segment in table.columns:
            add_segments(segments, table, segment, Summary())
    for table in predictions:
        predicted.add(table)
    found = data_quality.describe(whole)
    statistics, limits = dict(found.statistics), dict(found.constraints)
    if predicted.rows:
        statistics["predictions"] = data_quality.statistics_of(predicted)
        limits["predictions"] = constraints.suggested(predicted.columns.values())
    if segments:
        statistics["segments"] = _by_group(segments)
    return Findings(statistics=statistics, constraints=limits, metrics=found.metrics)


def _expected(settings: Settings, target: str) -> Expected:
    if not settings.baseline_constraints:
        return Expected()
    content = read(settings.baseline_constraints)
    document = read(settings.baseline_statistics) if settings.baseline_statistics else EMPTY
    statistics = data_quality.read_statistics(document)
    found = constraints.read_constraints(content)
    names = tuple(one.name for one in found)
    target = target if target in names else ""
    limits = constraints.read_prediction_constraints(content)
    entries: data_quality.Statistics = data_quality.read_prediction_statistics(document)
    if not limits and target:
        limits, entries = [one for one in found if one.name == target], statistics
    without = {target, *settings.excluded}
    return Expected(
        names=names,
        target=target,
        requests=Baseline(
            constraints=[one for one in found if one.name not in without], statistics=statistics
        ),
        predictions=Baseline(constraints=limits, statistics=entries) if limits else None,
        segments=data_quality.read_segment_statistics(document),
    )


def _lacks_first(piece: Piece, expected: Expected) -> bool:
    """Returns True if all rows have one cell less than the baseline, with captured responses."""
    return (
        len(expected.names) > 1
        and not piece.requests
        and set(piece.misfits) == {len(expected.names) - 1}
        and bool(piece.plain_responses or piece.responses)
    )


def _pieces(settings: Settings, expected: Expected) -> Iterator[Piece]:
    columns = _columns(settings, expected)
    if settings.dataset_format.of_batch:
        yield from batch_pieces(settings, columns)
        return
    responses = not settings.dataset_format.responses
    for files in _groups(settings):
        found = chain.from_iterable(map(chunks_of, files))
        yield from pieces(found, settings.window, columns, responses=responses)


def _columns(settings: Settings, expected: Expected) -> Columns:
    return Columns(
        names=expected.names,
        target=expected.target,
        path=settings.features,
        side=RESPONSE if settings.dataset_format.responses else REQUEST,
    )


def _groups(settings: Settings) -> Iterator[list[CaptureFile]]:
    """Yields the files that are read together."""
    source, variant = settings.dataset_source, settings.variant_name
    if variant:
        source = f"{source.rstrip('/')}/{variant}"
    return groups_of(capture_files(source, settings.window, by_variant=not variant))


def _read_on_spark(
    context: Any, settings: Settings, expected: Expected, content: Content
) -> Traffic:
    from mlops_jobs.monitoring.spark_traffic import TrafficReader, read_on_spark

    reader = TrafficReader(
        window=settings.window,
        columns=_columns(settings, expected),
        responses=not settings.dataset_format.responses,
        content=content,
    )
    return read_on_spark(context, list(_groups(settings)), reader)


def _merged(groups: Mapping[str, Summary]) -> Summary:
    """Returns the statistics of all groups together."""
    if len(groups) == 1:
        return next(iter(groups.values()))
    whole = next(iter(groups.values())).fresh()
    for one in groups.values():
        whole.merge(one)
    return whole


def _findings(traffic: Traffic, settings: Settings, expected: Expected) -> Findings:
    whole, predicted = _merged(traffic.requests), _merged(traffic.predictions)
    variants = traffic.requests if len(traffic.requests) > 1 else {}
    segments = {value: one for value, one in traffic.segments.items() if value in expected.segments}
    compared = _Comparison(expected, groups=1 + len(variants) + len(segments))
    compared.requests(whole, {})
    for name, one in variants.items():
        compared.requests(one, {VARIANT: name})
    for value, one in segments.items():
        compared.segment(one, value, {SEGMENT: f"{settings.segment}={value}"})
    compared.predictions(predicted, {})
    for name, one in traffic.predictions.items() if variants else ():
        compared.predictions(one, {VARIANT: name})
    reading = traffic.reading
    types = expected.requests.types if expected.requests else {}
    statistics = data_quality.statistics_of(whole, types)
    if reading.members():
        statistics["unread"] = reading.members()
    limits = constraints.suggested(whole.columns.values())
    if predicted.rows:
        statistics["predictions"] = data_quality.statistics_of(
            predicted, expected.predictions.types if expected.predictions else None
        )
        limits["predictions"] = constraints.suggested(predicted.columns.values())
    if variants:
        statistics["variants"] = _by_group(variants, types)
    if traffic.segments:
        statistics["segments"] = _by_group(traffic.segments, types)
    columns = len(expected.names) - bool(expected.target)
    return Findings(
        statistics=statistics,
        constraints=limits,
        violations=[
            *reading.violations(settings.max_unreadable),
            *(
                data_quality.misfit_violations(reading.misfits, whole.rows, columns)
                if expected.requests
                else ()
            ),
            *compared.violations,
        ],
        metrics=[*compared.metrics, *reading.metrics()],
        notes=list(reading.texts()),
        drifts=compared.drifts,
    )


def _by_group(
    groups: Mapping[str, Summary], types: Mapping[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    return {name: data_quality.statistics_of(one, types) for name, one in sorted(groups.items())}


class _Comparison:
    """Comparisons of groups with the baseline, whose checks share one error."""

    def __init__(self, expected: Expected, *, groups: int) -> None:
        self._expected = expected
        limits = [one for one in (expected.requests, expected.predictions) if one is not None]
        self._tests = groups * sum(data_quality.tests_of(one) for one in limits)
        self.violations: list[dict[str, Any]] = []
        self.metrics: list[Metric] = []
        self.drifts: dict[str, Drift] = {}

    def requests(self, found: Summary, group: Mapping[str, str]) -> None:
        self._compare(found, self._expected.requests, group, "feature")

    def segment(self, found: Summary, value: str, group: Mapping[str, str]) -> None:
        baseline = self._expected.requests
        if baseline is not None:
            entries = self._expected.segments[value]
            self._compare(found, replace(baseline, statistics=entries), group, "feature")

    def predictions(self, found: Summary, group: Mapping[str, str]) -> None:
        baseline = self._expected.predictions
        if found.rows and baseline is not None:
            for name in set(baseline.types) - set(found.columns):
                found.columns[name] = Column(name)
                found.columns[name].add_missing(found.rows)
        self._compare(found, baseline if found.rows else None, group, "prediction")

    def _compare(
        self, found: Summary, baseline: Baseline | None, group: Mapping[str, str], prefix: str
    ) -> None:
        if baseline is None:
            self.metrics += [
                replace(one, dimensions=group)
                for column in found.columns.values()
                for one in data_quality.metrics_of(column, None, prefix)
            ]
            return
        compared = data_quality.compare(found, baseline, tests=self._tests, prefix=prefix)
        members = {_MEMBERS[name]: value for name, value in group.items()}
        self.violations += [{**one, **members} for one in compared.violations]
        self.metrics += [replace(one, dimensions=group) for one in compared.metrics]
        if not group:
            self.drifts |= compared.drifts


_MEMBERS = {VARIANT: "variant_name", SEGMENT: "segment"}
