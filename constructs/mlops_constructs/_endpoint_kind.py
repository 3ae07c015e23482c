"""Kinds of endpoints, and the metrics that AWS publishes for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EndpointKind(StrEnum):
    """Kinds of endpoints, which have different metrics.

    Source: "Alarms and logs for tracking metrics from asynchronous endpoints" and "... from
    serverless endpoints" of SageMaker's developer guide, whose lists are exhaustive.
    """

    REAL_TIME = "real-time"
    """Synchronous requests to instances."""

    ASYNCHRONOUS = "asynchronous"
    """Queued requests to instances."""

    SERVERLESS = "serverless"
    """Synchronous requests to capacity that AWS starts on demand."""


class MetricSource(StrEnum):
    """Sources of an endpoint's metrics; each has its own namespace or dimensions."""

    REQUESTS = "requests"
    MACHINES = "machines"
    QUEUE = "queue"


@dataclass(frozen=True, kw_only=True)
class _Published:
    """Metrics of one kind of endpoint.

    Attributes:
        only: all metrics, where AWS documents a complete list.
        never: exceptions, where it documents those.
    """

    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()

    def __contains__(self, metric_name: str) -> bool:
        if self.only is not None:
            return metric_name in self.only
        return metric_name not in self.never


_QUEUE = frozenset(
    {
        "ApproximateAgeOfOldestRequest",
        "ApproximateBacklogSize",
        "ApproximateBacklogSizePerInstance",
        "HasBacklogWithoutCapacity",
    }
)
_OF_QUEUED_REQUESTS = frozenset(
    {
        "ExpiredRequests",
        "InvocationFailures",
        "InvocationsProcessed",
        "NotificationFailures",
        "RequestDownloadFailures",
        "RequestDownloadLatency",
        "ResponseUploadFailures",
        "ResponseUploadLatency",
        "TimeInBacklog",
        "TotalProcessingTime",
    }
)
_OF_CONCURRENCY = frozenset(
    {
        "ServerlessConcurrentExecutionsUtilization",
        "ServerlessProvisionedConcurrencyExecutions",
        "ServerlessProvisionedConcurrencyInvocations",
        "ServerlessProvisionedConcurrencySpilloverInvocations",
        "ServerlessProvisionedConcurrencyUtilization",
    }
)
_OF_RESPONSES = frozenset({"Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency"})
_NOTHING = _Published(only=frozenset())

_PUBLISHED: Mapping[EndpointKind, Mapping[MetricSource, _Published]] = {
    EndpointKind.REAL_TIME: {
        MetricSource.REQUESTS: _Published(never=_QUEUE | _OF_QUEUED_REQUESTS | _OF_CONCURRENCY),
        MetricSource.MACHINES: _Published(),
        MetricSource.QUEUE: _NOTHING,
    },
    EndpointKind.ASYNCHRONOUS: {
        MetricSource.REQUESTS: _Published(only=_OF_RESPONSES | _OF_QUEUED_REQUESTS),
        MetricSource.MACHINES: _Published(),
        MetricSource.QUEUE: _Published(only=_QUEUE),
    },
    EndpointKind.SERVERLESS: {
        MetricSource.REQUESTS: _Published(
            only=_OF_RESPONSES
            | _OF_CONCURRENCY
            | {"Invocations", "ModelSetupTime", "OverheadLatency"}
        ),
        MetricSource.MACHINES: _Published(only=frozenset({"MemoryUtilization"})),
        MetricSource.QUEUE: _NOTHING,
    },
}


def unpublished(kind: EndpointKind, source: MetricSource, metric_name: str) -> str | None:
    """Returns the reason why AWS does not publish a metric, or None if it does."""
    published = _PUBLISHED[kind][source]
    if metric_name in published:
        return None
    reason = f"got {metric_name} of {_ARTICLES[kind]} {kind} endpoint, which AWS does not publish"
    if published.only:
        return f"{reason}; it publishes {', '.join(sorted(published.only))} for {source}"
    if published.only is not None:
        return f"{reason}; only asynchronous endpoints have a queue"
    return f"{reason}; only asynchronous or serverless endpoints have it"


_ARTICLES = {
    EndpointKind.REAL_TIME: "a",
    EndpointKind.ASYNCHRONOUS: "an",
    EndpointKind.SERVERLESS: "a",
}
