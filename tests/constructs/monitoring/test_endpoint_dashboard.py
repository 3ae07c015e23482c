"""The dashboard of an endpoint."""

import json
from typing import Any

import aws_cdk as cdk
import pytest

from mlops_constructs.hosting import Endpoint, EndpointBase, EndpointKind
from mlops_constructs.monitoring import (
    EndpointAlarms,
    EndpointDashboard,
    MonitorBase,
    MonitorWidget,
)


def test_a_dashboard_shows_traffic_errors_latency_capacity_drift_and_cost(
    stack: cdk.Stack, endpoint: EndpointBase, monitor: MonitorBase, resources: Any
) -> None:
    alarms = EndpointAlarms(stack, "Alarms", endpoint=endpoint)

    EndpointDashboard(
        stack,
        "Dashboard",
        endpoint=endpoint,
        monitor_widgets=[
            MonitorWidget(title="Drift", metrics=[monitor.metric_drift("age")], threshold=0.1)
        ],
        alarms=[alarms],
        instance_price=0.115,
    )

    (dashboard,) = resources("AWS::CloudWatch::Dashboard")
    body = json.dumps(dashboard["DashboardBody"]).replace("\\", "")
    for shown in (
        '"title":"Traffic"',
        '"title":"Errors"',
        '"title":"Latency in microseconds"',
        '"title":"Capacity in percent"',
        '"title":"Drift"',
        "feature_baseline_drift_age",
        '"type":"alarm"',
        "minutes / 60 * 0.115",
        "US dollars",
    ):
        assert shown in body


def test_without_a_price_hours_are_shown(
    stack: cdk.Stack, endpoint: EndpointBase, resources: Any
) -> None:
    EndpointDashboard(stack, "Dashboard", endpoint=endpoint)

    (dashboard,) = resources("AWS::CloudWatch::Dashboard")
    body = json.dumps(dashboard["DashboardBody"])
    assert "instance hours" in body
    assert "US dollars" not in body


def test_a_dashboard_without_meaning_is_rejected(stack: cdk.Stack, endpoint: EndpointBase) -> None:
    with pytest.raises(ValueError) as error:
        EndpointDashboard(
            stack,
            "Dashboard",
            endpoint=endpoint,
            monitor_widgets=[MonitorWidget(title="Empty", metrics=[])],
            instance_price=0,
        )

    assert "monitor_widgets 'Empty': got 0 metrics; allowed are 1 to 500" in str(error.value)
    assert "instance_price: got 0; allowed is more than 0 US dollars" in str(error.value)


@pytest.mark.parametrize(
    ("kind", "shown", "absent"),
    [
        (
            EndpointKind.ASYNCHRONOUS,
            ["ApproximateBacklogSize", "InvocationsProcessed", "ModelLatency", "DiskUtilization"],
            ['"Invocations"', "InvocationsPerInstance", "OverheadLatency"],
        ),
        (
            EndpointKind.SERVERLESS,
            ["ModelSetupTime", "OverheadLatency", "ServerlessConcurrentExecutionsUtilization"],
            ["InvocationsPerInstance", "CPUUtilization", "DiskUtilization", "instance hours"],
        ),
        (
            EndpointKind.REAL_TIME,
            ['"Invocations"', "InvocationsPerInstance", "OverheadLatency", "instance hours"],
            ["Backlog", "Serverless"],
        ),
    ],
)
def test_a_dashboard_shows_what_aws_publishes_of_this_kind_of_endpoint(
    stack: cdk.Stack, resources: Any, kind: EndpointKind, shown: list[str], absent: list[str]
) -> None:
    endpoint = Endpoint.from_endpoint_name(stack, "E", "churn", kind=kind)

    EndpointDashboard(stack, "Dashboard", endpoint=endpoint)

    (dashboard,) = resources("AWS::CloudWatch::Dashboard")
    body = json.dumps(dashboard["DashboardBody"]).replace("\\", "")
    assert [name for name in shown if name not in body] == []
    assert [name for name in absent if name in body] == []


def test_a_serverless_endpoint_has_no_price_of_instances(stack: cdk.Stack) -> None:
    endpoint = Endpoint.from_endpoint_name(stack, "E", "churn", kind=EndpointKind.SERVERLESS)

    with pytest.raises(ValueError, match="instance_price: not supported for a serverless endpoint"):
        EndpointDashboard(stack, "Dashboard", endpoint=endpoint, instance_price=0.1)
