"""Published metrics: every combination of namespace, name and dimensions is one metric."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.cloudwatch.samples import Sample, SampleSeries


@dataclass(frozen=True)
class Metric:
    """The identity of a metric in an account and region."""

    scope: Scope
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, scope: Scope, given: Mapping[str, Any]) -> Metric:
        """Returns the metric of a request's Namespace, MetricName and Dimensions."""
        return cls(
            scope, given["Namespace"], given["MetricName"], dimensions(given.get("Dimensions"))
        )


class MetricStore:
    """The samples of metrics, by time."""

    KEPT = ("_series",)

    def __init__(self) -> None:
        self._series: dict[Metric, SampleSeries] = {}
        self._lock = threading.Lock()

    def put(self, scope: Scope, namespace: str, datum: Mapping[str, Any], now: float) -> None:
        """Adds a MetricDatum."""
        metric = Metric(scope, namespace, datum["MetricName"], dimensions(datum.get("Dimensions")))
        moment = datum.get("Timestamp")
        seconds = moment.timestamp() if isinstance(moment, datetime.datetime) else now
        samples = list(_samples(datum, seconds))
        with self._lock:
            series = self._series.setdefault(metric, SampleSeries())
            for sample in samples:
                series.add(sample, now)
            series.forget(now)

    def between(
        self, metric: Metric, start: float, end: float, unit: str | None = None
    ) -> list[Sample]:
        """Returns the samples of a metric from `start` and before `end`, in epoch seconds."""
        with self._lock:
            series = self._series.get(metric)
            found = series.between(start, end) if series is not None else []
        return [s for s in found if unit is None or s.unit == unit]

    def metrics(self, scope: Scope) -> list[Metric]:
        """Returns all metrics of an account and region, oldest first."""
        with self._lock:
            return [metric for metric in self._series if metric.scope == scope]


def dimensions(given: Iterable[Mapping[str, Any]] | None) -> tuple[tuple[str, str], ...]:
    """Returns dimensions sorted, as their order has no meaning."""
    return tuple(sorted((item["Name"], item.get("Value", "")) for item in given or ()))


def _samples(datum: Mapping[str, Any], time: float) -> Iterator[Sample]:
    unit = datum.get("Unit") or "None"
    if "StatisticValues" in datum:
        given = datum["StatisticValues"]
        yield Sample(
            time, given["Minimum"], given["Maximum"], given["Sum"], given["SampleCount"], unit
        )
        return
    values = datum.get("Values", [datum["Value"]] if "Value" in datum else [])
    counts = datum.get("Counts") or [1.0] * len(values)
    for value, count in zip(values, counts, strict=True):
        yield Sample(time, value, value, value * count, count, unit)
