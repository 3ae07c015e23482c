"""Alarms of an endpoint, in the units of its metrics."""

from typing import Any

import aws_cdk as cdk
import pytest

from mlops_constructs.hosting import Endpoint, EndpointBase, EndpointKind
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
        ("Invocation5XXErrors", "Warning"): 0.01,
        ("Invocation5XXErrors", "Critical"): 0.2,
        ("Invocation4XXErrors", "Warning"): 0.2,
        ("ModelLatency", "Warning"): 300_000,
        ("CPUUtilization", "Warning"): 350,
        ("MemoryUtilization", "Warning"): 80,
        ("DiskUtilization", "Warning"): 80,
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


def test_thresholds_without_meaning_are_rejected(stack: cdk.Stack, endpoint: EndpointBase) -> None:
    nothing = EndpointThresholds(
        server_error_share=None, memory_utilization=None, disk_utilization=None
    )

    with pytest.raises(ValueError) as error:
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

    text = str(error.value)
    assert "Warning server_error_share: got 5; allowed is a share of the requests" in text
    assert "Warning memory_utilization: got 100; allowed are percent" in text
    assert "Critical: got no threshold" in text
    assert "minutes: got 7; allowed are multiples of 5" in text


def test_a_serverless_endpoint_has_no_alarm_on_a_disk_that_nobody_measures(
    stack: cdk.Stack, resources: Any
) -> None:
    endpoint = Endpoint.from_endpoint_name(stack, "S", "churn", kind=EndpointKind.SERVERLESS)

    EndpointAlarms(
        stack,
        "Alarms",
        endpoint=endpoint,
        thresholds={"Critical": EndpointThresholds(concurrency_share=0.9)},
    )

    found = {one["MetricName"]: one["Threshold"] for one in resources("AWS::CloudWatch::Alarm")}
    assert found == {
        "Invocation5XXErrors": 0.05,
        "MemoryUtilization": 90,
        "ServerlessConcurrentExecutionsUtilization": 0.9,
    }


def test_the_queue_of_an_asynchronous_endpoint_is_watched_without_a_variant(
    stack: cdk.Stack, resources: Any
) -> None:
    endpoint = Endpoint.from_endpoint_name(stack, "A", "churn", kind=EndpointKind.ASYNCHRONOUS)

    EndpointAlarms(
        stack,
        "Alarms",
        endpoint=endpoint,
        thresholds={"Critical": EndpointThresholds(oldest_request=cdk.Duration.minutes(10))},
    )

    alarms = {one["MetricName"]: one for one in resources("AWS::CloudWatch::Alarm")}
    oldest = alarms["ApproximateAgeOfOldestRequest"]
    assert oldest["Threshold"] == 600
    assert oldest["Dimensions"] == [{"Name": "EndpointName", "Value": "churn"}]


def test_a_threshold_on_what_aws_does_not_publish_of_this_kind_is_rejected(
    stack: cdk.Stack,
) -> None:
    serverless = Endpoint.from_endpoint_name(stack, "S", "churn", kind=EndpointKind.SERVERLESS)
    real_time = Endpoint.from_endpoint_name(stack, "R", "churn", kind=EndpointKind.REAL_TIME)

    with pytest.raises(ValueError) as machines:
        EndpointAlarms(
            stack,
            "Machines",
            endpoint=serverless,
            thresholds={"Critical": EndpointThresholds(cpu_utilization=80, disk_utilization=50)},
        )
    with pytest.raises(ValueError) as queue:
        EndpointAlarms(
            stack,
            "Queue",
            endpoint=real_time,
            thresholds={
                "Warning": EndpointThresholds(
                    oldest_request=cdk.Duration.minutes(1), concurrency_share=2
                )
            },
        )

    text = str(machines.value)
    assert "Critical cpu_utilization: got CPUUtilization of a serverless endpoint" in text
    assert "Critical disk_utilization: got DiskUtilization of a serverless endpoint" in text
    text = str(queue.value)
    assert "Warning oldest_request: got ApproximateAgeOfOldestRequest of a real-time" in text
    assert "Warning concurrency_share: got 2; allowed is a share of the concurrency" in text


@pytest.mark.parametrize("severities", [["Critical"], ["Warning"], ["Warning", "Critical"]])
def test_by_default_no_two_severities_have_the_same_threshold(
    stack: cdk.Stack, endpoint: EndpointBase, resources: Any, severities: list[str]
) -> None:
    EndpointAlarms(
        stack,
        "Alarms",
        endpoint=endpoint,
        thresholds={severity: EndpointThresholds() for severity in severities},
    )

    limits = [(one["MetricName"], one["Threshold"]) for one in resources("AWS::CloudWatch::Alarm")]
    assert len(limits) == len(set(limits)) == 3 * len(severities)


def test_two_severities_of_one_threshold_are_rejected(
    stack: cdk.Stack, endpoint: EndpointBase
) -> None:
    with pytest.raises(ValueError) as error:
        EndpointAlarms(
            stack,
            "Alarms",
            endpoint=endpoint,
            thresholds={
                "Warning": EndpointThresholds(memory_utilization=90),
                "Critical": EndpointThresholds(),
            },
        )

    expected = "thresholds Memory: got the threshold 90 for Warning and Critical; give each"
    assert expected in str(error.value)
