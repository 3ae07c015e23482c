"""Alarms on an endpoint: errors, latency, capacity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs._endpoint_kind import EndpointKind, MetricSource, unpublished
from mlops_constructs._problems import Problems, is_known

from ._endpoint_metrics import EndpointMetrics, MeteredEndpoint, kind_of
from .alarm_action import AlarmAction
from .metric_alarms import MetricAlarms, MetricThresholds


class _BySeverity(Enum):
    """Stands for what a threshold is when nothing is said, which the severity decides."""

    DEFAULT = "default"


_WARNING = "Warning"
_DEFAULTS = {
    # Of the severity Warning, and of any other.
    "server_error_share": (0.01, 0.05),
    "memory_utilization": (80, 90),
    "disk_utilization": (80, 90),
}


@dataclass(frozen=True, kw_only=True)
class EndpointThresholds:
    """What one severity allows; None thresholds nothing.

    Args:
        server_error_share: part of the requests that may fail with a 5xx status, 0 to 1. Left out:
            0.01 of the severity `Warning`, 0.05 of any other.
        client_error_share: part that may fail with a 4xx status, 0 to 1.
        latency: what 99 % of the requests may take, SageMaker's overhead left out.
        cpu_utilization: percent, 100 for each core.
        memory_utilization: percent. Left out: 80 of the severity `Warning`, 90 of any other.
        disk_utilization: percent. Left out: 80 of the severity `Warning`, 90 of any other, and
            nothing of a serverless endpoint, whose disks AWS does not measure.
        oldest_request: how long a request may wait in the queue of an asynchronous endpoint.
        concurrency_share: part of a serverless endpoint's maximum concurrency that may be in use,
            0 to 1; above it, requests are soon throttled.

    Example:
        ```python
        EndpointThresholds(server_error_share=0.01, latency=cdk.Duration.millis(200))
        ```
    """

    server_error_share: float | _BySeverity | None = _BySeverity.DEFAULT
    client_error_share: float | None = None
    latency: cdk.Duration | None = None
    cpu_utilization: float | None = None
    memory_utilization: float | _BySeverity | None = _BySeverity.DEFAULT
    disk_utilization: float | _BySeverity | None = _BySeverity.DEFAULT
    oldest_request: cdk.Duration | None = None
    concurrency_share: float | None = None

    def limits(self, severity: str) -> dict[str, float]:
        """What a severity thresholds, in the units of CloudWatch's metrics."""
        latency = self.latency
        chosen = {
            "ServerErrors": self._chosen("server_error_share", severity),
            "ClientErrors": self.client_error_share,
            # The metric counts microseconds.
            "Latency": latency.to_milliseconds() * 1000 if latency is not None else None,
            "Cpu": self.cpu_utilization,
            "Memory": self._chosen("memory_utilization", severity),
            "Disk": self._chosen("disk_utilization", severity),
            "OldestRequest": self.oldest_request.to_seconds() if self.oldest_request else None,
            "Concurrency": self.concurrency_share,
        }
        return {name: limit for name, limit in chosen.items() if limit is not None}

    def _chosen(self, name: str, severity: str) -> float | None:
        given: float | _BySeverity | None = getattr(self, name)
        if not isinstance(given, _BySeverity):
            return given
        of_warning, of_others = _DEFAULTS[name]
        return of_warning if severity == _WARNING else of_others

    def problems(self, severity: str) -> list[str]:
        """What no traffic could ever exceed."""
        found = []
        for name in ("server_error_share", "client_error_share", "concurrency_share"):
            share = self._chosen(name, severity)
            if share is not None and is_known(share) and not 0 <= share < 1:
                found.append(
                    f"{severity} {name}: got {share:g}; allowed is a part of the "
                    f"{'concurrency' if name == 'concurrency_share' else 'requests'} from 0 to "
                    "below 1, such as 0.05"
                )
        for name in ("memory_utilization", "disk_utilization"):
            percent = self._chosen(name, severity)
            if percent is not None and is_known(percent) and not 0 <= percent < 100:
                found.append(
                    f"{severity} {name}: got {percent:g}; allowed are percent from 0 to below 100"
                )
        if not self.limits(severity):
            found.append(f"{severity}: got no threshold; give one, or leave the severity out")
        return found

    def for_kind(self, kind: EndpointKind) -> "EndpointThresholds":
        """The same, without a default that AWS has no metric for."""
        unasked = self.disk_utilization is _BySeverity.DEFAULT
        if kind is EndpointKind.SERVERLESS and unasked:
            return replace(self, disk_utilization=None)
        return self

    def unpublished(self, severity: str, kind: EndpointKind) -> list[str]:
        """What nothing could ever exceed, since AWS does not measure it of this kind."""
        found = []
        for name in self.limits(severity):
            parameter, source, metric_name, *_ = _METRICS[name]
            problem = unpublished(kind, source, metric_name)
            if problem is not None:
                found.append(f"{severity} {parameter}: {problem}; leave it out")
        return found


_REQUESTS, _MACHINES = MetricSource.REQUESTS, MetricSource.MACHINES
_METRICS = {
    "ServerErrors": (
        "server_error_share",
        _REQUESTS,
        "Invocation5XXErrors",
        "Average",
        "requests fail with a 5xx status",
    ),
    "ClientErrors": (
        "client_error_share",
        _REQUESTS,
        "Invocation4XXErrors",
        "Average",
        "requests fail with a 4xx status",
    ),
    "Latency": (
        "latency",
        _REQUESTS,
        "ModelLatency",
        "p99",
        "the model takes too long to answer",
    ),
    "Cpu": (
        "cpu_utilization",
        _MACHINES,
        "CPUUtilization",
        "Average",
        "the processors have too much to do",
    ),
    "Memory": (
        "memory_utilization",
        _MACHINES,
        "MemoryUtilization",
        "Maximum",
        "memory is nearly full",
    ),
    "Disk": (
        "disk_utilization",
        _MACHINES,
        "DiskUtilization",
        "Maximum",
        "the disk is nearly full",
    ),
    "OldestRequest": (
        "oldest_request",
        MetricSource.QUEUE,
        "ApproximateAgeOfOldestRequest",
        "Maximum",
        "requests wait too long",
    ),
    "Concurrency": (
        "concurrency_share",
        _REQUESTS,
        "ServerlessConcurrentExecutionsUtilization",
        "Maximum",
        "requests are about to be throttled",
    ),
}


class EndpointAlarms(MetricAlarms):
    """Defines alarms on the errors, the latency and the capacity of an endpoint's variant.

    Each looks at five minutes at a time and goes off after `minutes` of them in a row. A threshold
    on what AWS does not publish of this kind of endpoint is refused: its alarm would never go off.

    Args:
        endpoint: what is watched.
        thresholds: by severity. Left out: `{"Critical": EndpointThresholds()}`.
        actions: what the alarms of a severity do. Left out: they only show their state.
        variant_name: what is watched. Left out: the endpoint's first variant.
        minutes: how long a threshold may be exceeded, a multiple of 5.

    Raises:
        ValueError: with every problem of the input.

    Example:
        ```python
        EndpointAlarms(
            stack,
            "EndpointAlarms",
            endpoint=endpoint,
            thresholds={
                "Warning": EndpointThresholds(latency=cdk.Duration.millis(300)),
                "Critical": EndpointThresholds(server_error_share=0.2),
            },
            actions={
                "Warning": [AlarmAction.notify(topic)], "Critical": [AlarmAction.notify(topic)]
            },
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: MeteredEndpoint,
        thresholds: Mapping[str, EndpointThresholds] | None = None,
        actions: Mapping[str, Sequence[AlarmAction]] | None = None,
        variant_name: str | None = None,
        minutes: int = 5,
    ) -> None:
        kind = kind_of(endpoint)
        given = thresholds if thresholds is not None else {"Critical": EndpointThresholds()}
        chosen = {severity: limits.for_kind(kind) for severity, limits in given.items()}
        problems = Problems(f"EndpointAlarms {scope.node.path}/{construct_id}")
        if not chosen:
            problems.add("thresholds: got no severity; give one, such as 'Critical'")
        for severity, limits in chosen.items():
            problems.extend(limits.problems(severity))
            problems.extend(limits.unpublished(severity, kind))
        if is_known(minutes) and (minutes < 5 or minutes % 5):
            problems.add(f"minutes: got {minutes}; allowed are multiples of 5")
        problems.raise_if_any()
        metrics = EndpointMetrics(
            endpoint, period=cdk.Duration.minutes(5), variant_name=variant_name
        )
        super().__init__(
            scope,
            construct_id,
            thresholds=_watches(metrics, endpoint.endpoint_name, chosen, minutes // 5),
            actions=actions,
        )


def _watches(
    metrics: EndpointMetrics,
    endpoint_name: str,
    thresholds: Mapping[str, EndpointThresholds],
    periods: int,
) -> list[MetricThresholds]:
    found = []
    sources = {
        MetricSource.REQUESTS: metrics.requests,
        MetricSource.MACHINES: metrics.instances,
        MetricSource.QUEUE: metrics.queue,
    }
    for name, (_, source, metric_name, statistic, meaning) in _METRICS.items():
        limits = {
            severity: limit
            for severity, chosen in thresholds.items()
            if (limit := chosen.limits(severity).get(name)) is not None
        }
        if limits:
            found.append(
                MetricThresholds.above(
                    name,
                    sources[source](metric_name, statistic),
                    limits,
                    evaluation_periods=periods,
                    description=f"{endpoint_name}: {meaning}",
                )
            )
    return found
