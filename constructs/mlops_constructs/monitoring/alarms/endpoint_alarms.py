"""Alarms on an endpoint: errors, latency and capacity."""

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
    """The default of a threshold that depends on the severity."""

    DEFAULT = "default"


_WARNING = "Warning"
_DEFAULTS = {
    # For the severity Warning, and for any other.
    "server_error_share": (0.01, 0.05),
    "memory_utilization": (80, 90),
    "disk_utilization": (80, 90),
}


@dataclass(frozen=True, kw_only=True)
class EndpointThresholds:
    """The thresholds of one severity; None defines no alarm.

    Args:
        server_error_share: share of requests that may fail with a 5xx status, 0 to 1. Defaults to
            0.01 for the severity `Warning` and 0.05 for any other.
        client_error_share: share of requests that may fail with a 4xx status, 0 to 1. Defaults to
            None: no alarm.
        latency: p99 of the model latency, without SageMaker's overhead. Defaults to None: no alarm.
        cpu_utilization: percent, 100 for each core. Defaults to None: no alarm.
        memory_utilization: percent, 0 to 100. Defaults to 80 for the severity `Warning` and 90 for
            any other.
        disk_utilization: percent, 0 to 100. Defaults to 80 for the severity `Warning` and 90 for
            any other, and to None for a serverless endpoint, whose disks AWS does not measure.
        oldest_request: time that a request may wait in the queue of an asynchronous endpoint.
            Defaults to None: no alarm.
        concurrency_share: share of a serverless endpoint's maximum concurrency that may be in use,
            0 to 1; requests above the maximum are throttled. Defaults to None: no alarm.

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
        """Returns the thresholds of a severity in the units of CloudWatch's metrics.

        Args:
            severity: severity, which selects the defaults.
        """
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
        """Returns one message per threshold that no metric could exceed.

        Args:
            severity: severity, which selects the defaults.
        """
        found = []
        for name in ("server_error_share", "client_error_share", "concurrency_share"):
            share = self._chosen(name, severity)
            if share is not None and is_known(share) and not 0 <= share < 1:
                found.append(
                    f"{severity} {name}: got {share:g}; allowed is a share of the "
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
            found.append(f"{severity}: got no threshold; add one or remove the severity")
        return found

    def for_kind(self, kind: EndpointKind) -> "EndpointThresholds":
        """Returns the thresholds without defaults that have no metric for a kind of endpoint.

        Args:
            kind: kind of the endpoint.
        """
        unasked = self.disk_utilization is _BySeverity.DEFAULT
        if kind is EndpointKind.SERVERLESS and unasked:
            return replace(self, disk_utilization=None)
        return self

    def unpublished(self, severity: str, kind: EndpointKind) -> list[str]:
        """Returns one message per threshold on a metric that AWS does not publish.

        Args:
            severity: severity, which selects the defaults.
            kind: kind of the endpoint.
        """
        found = []
        for name in self.limits(severity):
            parameter, source, metric_name, *_ = _METRICS[name]
            problem = unpublished(kind, source, metric_name)
            if problem is not None:
                found.append(f"{severity} {parameter}: {problem}; remove it")
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
        "the model responds too slowly",
    ),
    "Cpu": (
        "cpu_utilization",
        _MACHINES,
        "CPUUtilization",
        "Average",
        "CPU utilization is high",
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

    Each alarm evaluates periods of 5 minutes and goes off when all periods of `minutes` breach the
    threshold. A threshold on a metric that AWS does not publish for the kind of endpoint is
    rejected: its alarm could never go off.

    Args:
        endpoint: endpoint that the alarms evaluate.
        thresholds: thresholds by severity. Defaults to None: `{"Critical": EndpointThresholds()}`.
        actions: actions of the alarms, by severity. Defaults to None: the alarms only show their
            state.
        variant_name: variant that the alarms evaluate. Defaults to None: the endpoint's first
            variant.
        minutes: minutes for which a threshold must be breached, a multiple of 5. Defaults to 5.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

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
            thresholds=_metric_thresholds(metrics, endpoint.endpoint_name, chosen, minutes // 5),
            actions=actions,
        )


def _metric_thresholds(
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
