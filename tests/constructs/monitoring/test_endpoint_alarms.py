"""Alarms of an endpoint, in the units of its metrics."""

from typing import Any

import aws_cdk as cdk
import pytest

from mlops_constructs.hosting import EndpointBase
from mlops_constructs.monitoring import (
    EndpointAlarms,
    EndpointThresholds,
)


def test_an_endpoint_is_watched_in_the_units_of_its_metrics(
    stack: cdk.Stack, endpoint: EndpointBase, resources: Any
) -> None:
    EndpointAlarms(
        stack,
        "Alarms",
        endpoint=endpoint,
        thresholds={
            "Warning": EndpointThresholds(
                client_error_share=0.2, latency=cdk.Duration.millis(300), cpu_utilization=350
            ),
            "Critical": EndpointThresholds(
                server_error_share=0.2, memory_utilization=None, disk_utilization=None
            ),
        },
        minutes=15,
    )

    found = {
        (one["MetricName"], one["AlarmDescription"].split(":")[0]): one
        for one in resources("AWS::CloudWatch::Alarm")
    }
    assert {name: one["Threshold"] for name, one in found.items()} == {
        ("Invocation5XXErrors", "Warning"): 0.05,
        ("Invocation5XXErrors", "Critical"): 0.2,
        ("Invocation4XXErrors", "Warning"): 0.2,
        ("ModelLatency", "Warning"): 300_000,
        ("CPUUtilization", "Warning"): 350,
        ("MemoryUtilization", "Warning"): 90,
        ("DiskUtilization", "Warning"): 90,
    }
    errors = found["Invocation5XXErrors", "Warning"]
    assert (errors["Namespace"], errors["Statistic"]) == ("AWS/SageMaker", "Average")
    assert (errors["EvaluationPeriods"], errors["Period"]) == (3, 300)
    assert found["ModelLatency", "Warning"]["ExtendedStatistic"] == "p99"
    disk = found["DiskUtilization", "Warning"]
    assert disk["Namespace"] == "/aws/sagemaker/Endpoints"
    assert {one["Name"]: one["Value"] for one in disk["Dimensions"]} == {
        "EndpointName": "churn-prod",
        "VariantName": "AllTraffic",
    }


def test_thresholds_without_meaning_are_refused(stack: cdk.Stack, endpoint: EndpointBase) -> None:
    nothing = EndpointThresholds(
        server_error_share=None, memory_utilization=None, disk_utilization=None
    )

    with pytest.raises(ValueError) as refusal:
        EndpointAlarms(
            stack,
            "Alarms",
            endpoint=endpoint,
            thresholds={
                "Warning": EndpointThresholds(server_error_share=5, memory_utilization=100),
                "Critical": nothing,
            },
            minutes=7,
        )
    with pytest.raises(ValueError, match="thresholds: got no severity"):
        EndpointAlarms(stack, "None", endpoint=endpoint, thresholds={})

    text = str(refusal.value)
    assert "Warning server_error_share: got 5; allowed is a part of the requests" in text
    assert "Warning memory_utilization: got 100; allowed are percent" in text
    assert "Critical: got no threshold" in text
    assert "minutes: got 7; allowed are multiples of 5" in text
