"""The metrics of trial components, which two services share."""

import datetime
import statistics
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework.platform import Platform, Scope


@dataclass(frozen=True)
class Point:
    """A value of a metric.

    Args:
        moment: the time of the value.
        value: the value.
        step: the iteration of the value. Defaults to None: unknown.
    """

    moment: datetime.datetime
    value: float
    step: int | None = None


STATISTICS: Mapping[str, Any] = {
    "Min": min,
    "Max": max,
    "Avg": statistics.fmean,
    "Count": len,
    "StdDev": statistics.pstdev,
    "Last": lambda values: values[-1],
}


@dataclass
class _Component:
    arn: str
    points: dict[str, list[Point]] = field(default_factory=dict)


class MetricStore:
    """The metrics of the trial components of all accounts."""

    KEPT = ("_components",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._components: dict[tuple[Scope, str], _Component] = {}

    def open(self, scope: Scope, component: str, arn: str) -> None:
        """Registers a component, whose metrics can be put from now on."""
        with self._lock:
            self._components.setdefault((scope, component.lower()), _Component(arn))

    def drop(self, scope: Scope, component: str) -> None:
        """Removes a component and its metrics."""
        with self._lock:
            self._components.pop((scope, component.lower()), None)

    def put(self, scope: Scope, component: str, metric: str, points: Iterable[Point]) -> bool:
        """Adds values of a metric; returns False if there is no such component."""
        with self._lock:
            found = self._components.get((scope, component.lower()))
            if found is not None:
                found.points.setdefault(metric, []).extend(points)
            return found is not None

    def points(self, scope: Scope, arn: str, metric: str) -> list[Point] | None:
        """Returns the values of a metric by time, or None if there is no such component."""
        with self._lock:
            for (owner, _), component in self._components.items():
                if owner == scope and component.arn.lower() == arn.lower():
                    return sorted(component.points.get(metric, ()), key=lambda one: one.moment)
        return None

    def summaries(self, scope: Scope, component: str) -> list[dict[str, Any]]:
        """Returns the statistics of each metric of a component, as DescribeTrialComponent does."""
        with self._lock:
            found = self._components.get((scope, component.lower()))
            if found is None:
                return []
            metrics = {name: list(points) for name, points in found.points.items()}
        return [_summary(name, points, found.arn) for name, points in metrics.items()]


def _summary(name: str, points: list[Point], arn: str) -> dict[str, Any]:
    ordered = sorted(points, key=lambda point: point.moment)
    values = [point.value for point in ordered]
    return {
        "MetricName": name,
        "SourceArn": arn,
        "TimeStamp": ordered[-1].moment,
        **{statistic: compute(values) for statistic, compute in STATISTICS.items()},
    }


_stores: dict[Any, MetricStore] = {}
_stores_lock = threading.Lock()


def metric_store_of(platform: Platform) -> MetricStore:
    """Returns the metrics of a platform."""
    with _stores_lock:
        return _stores.setdefault(platform.state_directory.absolute(), MetricStore())
