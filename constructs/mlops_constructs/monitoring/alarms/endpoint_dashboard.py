"""A dashboard of an endpoint: traffic, errors, latency, capacity, drift and cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops_constructs._endpoint_kind import EndpointKind
from mlops_constructs._problems import Problems, is_known

from ._endpoint_graphs import ROWS
from ._endpoint_metrics import EndpointMetrics, MeteredEndpoint, kind_of
from .metric_alarms import MetricAlarms

_WIDTH = 24
_MAX_METRICS = 500


@dataclass(frozen=True, kw_only=True)
class MonitorWidget:
    """A graph of a dashboard with the metrics of a monitor.

    Args:
        title: title of the graph.
        metrics: 1 to 500 metrics, such as `[monitor.metric_drift("age")]`.
        threshold: value of a horizontal line, in the unit of the metrics, such as 0.1. Defaults to
            None: no line.

    Example:
        ```python
        MonitorWidget(title="Drift", metrics=[monitor.metric_drift("age")], threshold=0.1)
        ```
    """

    title: str
    metrics: Sequence[cloudwatch.IMetric]
    threshold: float | None = None


class EndpointDashboard(Construct):
    """Defines a CloudWatch dashboard of an endpoint's variant.

    Its rows: alarms, traffic and errors, latency and capacity, monitors, cost. They show the
    metrics that AWS publishes for the kind of endpoint: an asynchronous endpoint has a row for its
    queue; a serverless one has its concurrency and cold starts, and no cost, since it has no
    instances. The cost is an estimate from the number of instances, which send one data point per
    minute.

    Args:
        endpoint: endpoint that the dashboard shows.
        monitor_widgets: graphs of monitors. Defaults to no graphs.
        alarms: alarms whose states are shown. Defaults to no alarms.
        instance_price: price of an instance in US dollars per hour, greater than 0; not supported
            for a serverless endpoint. Defaults to None: the dashboard shows instance hours.
        variant_name: variant that the dashboard shows. Defaults to None: the endpoint's first
            variant.
        dashboard_name: name of the dashboard. Defaults to None: CloudFormation generates a name.

    Attributes:
        dashboard: the dashboard, to which widgets can be added.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

    Example:
        ```python
        EndpointDashboard(
            stack,
            "Dashboard",
            endpoint=endpoint,
            monitor_widgets=[MonitorWidget(title="Drift", metrics=[monitor.metric_drift("age")])],
            instance_price=0.115,
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: MeteredEndpoint,
        monitor_widgets: Sequence[MonitorWidget] = (),
        alarms: Sequence[MetricAlarms] = (),
        instance_price: float | None = None,
        variant_name: str | None = None,
        dashboard_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("EndpointDashboard", self)
        for monitor in monitor_widgets:
            if not 1 <= len(monitor.metrics) <= _MAX_METRICS:
                problems.add(
                    f"monitor_widgets {monitor.title!r}: got {len(monitor.metrics)} metrics; "
                    f"allowed are 1 to {_MAX_METRICS} in a graph"
                )
        if instance_price is not None and is_known(instance_price) and instance_price <= 0:
            problems.add(
                f"instance_price: got {instance_price:g}; allowed is more than 0 US dollars per "
                "hour"
            )
        kind = kind_of(endpoint)
        if instance_price is not None and kind is EndpointKind.SERVERLESS:
            problems.add(
                "instance_price: not supported for a serverless endpoint, which has no instances; "
                "remove it"
            )
        problems.raise_if_any()
        minute = EndpointMetrics(
            endpoint, period=cdk.Duration.minutes(1), variant_name=variant_name
        )
        hour = EndpointMetrics(endpoint, period=cdk.Duration.hours(1), variant_name=variant_name)
        states = [
            alarm for group in alarms for named in group.alarms.values() for alarm in named.values()
        ]
        rows: list[list[cloudwatch.IWidget]] = [
            *ROWS[kind](minute),
            *([[_drift(one) for one in monitor_widgets]] if monitor_widgets else []),
            *([] if kind is EndpointKind.SERVERLESS else [[_cost(hour, instance_price)]]),
        ]
        if states:
            rows.insert(0, [cloudwatch.AlarmStatusWidget(alarms=states, width=_WIDTH)])
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Resource",
            dashboard_name=dashboard_name,
            default_interval=cdk.Duration.days(7),
            widgets=rows,
        )


def _drift(monitor: MonitorWidget) -> cloudwatch.IWidget:
    lines = []
    if monitor.threshold is not None:
        lines.append(cloudwatch.HorizontalAnnotation(value=monitor.threshold, label="threshold"))
    return cloudwatch.GraphWidget(
        title=monitor.title,
        width=_WIDTH // 2,
        left=list(monitor.metrics),
        left_annotations=lines,
    )


def _cost(metrics: EndpointMetrics, price: float | None) -> cloudwatch.IWidget:
    # Each instance sends one data point per minute, so the samples of an hour are its minutes.
    minutes = metrics.instances("CPUUtilization", "SampleCount", "instance minutes")
    hours = cloudwatch.MathExpression(
        expression="minutes / 60" if price is None else f"minutes / 60 * {price:g}",
        label="instance hours" if price is None else "US dollars",
        period=cdk.Duration.hours(1),
        using_metrics={"minutes": minutes},
    )
    title = "Instance hours" if price is None else "Cost of instances per hour"
    return cloudwatch.GraphWidget(title=title, width=_WIDTH, left=[hours])
