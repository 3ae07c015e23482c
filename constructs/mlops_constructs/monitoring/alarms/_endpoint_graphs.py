"""Graphs of an endpoint, by the metrics that AWS publishes for its kind."""

from collections.abc import Callable, Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

from mlops_constructs._endpoint_kind import EndpointKind

from ._endpoint_metrics import EndpointMetrics

_HALF_WIDTH = 12

Row = list[cloudwatch.IWidget]


def _real_time(metrics: EndpointMetrics) -> list[Row]:
    traffic = [
        metrics.requests("Invocations", "Sum", "requests"),
        metrics.requests("InvocationsPerInstance", "Sum", "requests per instance"),
    ]
    latency = [*_model_latency(metrics), _overhead(metrics)]
    return [
        [_graph("Traffic", traffic), _errors(metrics)],
        [_graph("Latency in microseconds", latency), _machines(metrics)],
    ]


def _asynchronous(metrics: EndpointMetrics) -> list[Row]:
    backlog = [
        metrics.queue("ApproximateBacklogSize", "Maximum", "waiting or in progress"),
        metrics.queue("ApproximateBacklogSizePerInstance", "Maximum", "per instance"),
    ]
    age = metrics.queue("ApproximateAgeOfOldestRequest", "Maximum", "oldest request, seconds")
    lost = [
        metrics.requests("InvocationFailures", "Sum", "failed"),
        metrics.requests("ExpiredRequests", "Sum", "expired in the queue"),
        metrics.requests("RequestDownloadFailures", "Sum", "request not downloaded"),
        metrics.requests("ResponseUploadFailures", "Sum", "response not uploaded"),
        metrics.requests("NotificationFailures", "Sum", "notification not sent"),
    ]
    processed = [metrics.requests("InvocationsProcessed", "Sum", "processed requests")]
    return [
        [_graph("Traffic", processed), _errors(metrics)],
        [_graph("Queue", backlog, right=[age]), _graph("Failures outside of the model", lost)],
        [_graph("Latency in microseconds", _model_latency(metrics)), _machines(metrics)],
    ]


def _serverless(metrics: EndpointMetrics) -> list[Row]:
    requests = metrics.requests
    traffic = [
        requests("Invocations", "Sum", "requests"),
        requests("ServerlessProvisionedConcurrencyInvocations", "Sum", "provisioned"),
        requests("ServerlessProvisionedConcurrencySpilloverInvocations", "Sum", "spillover"),
    ]
    latency = [
        *_model_latency(metrics),
        _overhead(metrics),
        requests("ModelSetupTime", "Maximum", "cold start"),
    ]
    concurrency = [
        requests("ServerlessConcurrentExecutionsUtilization", "Maximum", "of the maximum"),
        requests("ServerlessProvisionedConcurrencyUtilization", "Maximum", "of the provisioned"),
    ]
    memory = [metrics.instances("MemoryUtilization", "Maximum", "memory, percent")]
    return [
        [_graph("Traffic", traffic), _errors(metrics)],
        [
            _graph("Latency in microseconds", latency),
            _graph("Share of concurrency in use", concurrency, right=memory),
        ],
    ]


ROWS: Mapping[EndpointKind, Callable[[EndpointMetrics], list[Row]]] = {
    EndpointKind.REAL_TIME: _real_time,
    EndpointKind.ASYNCHRONOUS: _asynchronous,
    EndpointKind.SERVERLESS: _serverless,
}


def _errors(metrics: EndpointMetrics) -> cloudwatch.IWidget:
    counts = [
        metrics.requests("Invocation5XXErrors", "Sum", "5xx"),
        metrics.requests("Invocation4XXErrors", "Sum", "4xx"),
    ]
    share = metrics.requests("Invocation5XXErrors", "Average", "share of 5xx")
    return _graph("Errors", counts, right=[share])


def _model_latency(metrics: EndpointMetrics) -> list[cloudwatch.IMetric]:
    return [
        metrics.requests("ModelLatency", "p50", "model, median"),
        metrics.requests("ModelLatency", "p99", "model, 99 %"),
    ]


def _overhead(metrics: EndpointMetrics) -> cloudwatch.IMetric:
    return metrics.requests("OverheadLatency", "p99", "SageMaker, 99 %")


def _machines(metrics: EndpointMetrics) -> cloudwatch.IWidget:
    used = [
        metrics.instances("CPUUtilization", "Average", "CPU, 100 per core"),
        metrics.instances("MemoryUtilization", "Maximum", "memory"),
        metrics.instances("DiskUtilization", "Maximum", "disk"),
    ]
    return _graph("Capacity in percent", used)


def _graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    *,
    right: Sequence[cloudwatch.IMetric] | None = None,
) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=title,
        width=_HALF_WIDTH,
        left=list(left),
        right=None if right is None else list(right),
    )
