from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane, FakeServer

Eventually = Callable[[Callable[[], Any]], Any]


def test_an_endpoint_comes_into_service(endpoint: dict[str, Any], platform: FakePlatform) -> None:
    variant = endpoint["ProductionVariants"][0]

    assert endpoint["EndpointStatus"] == "InService"
    assert set(platform.assumed) == {("sagemaker.amazonaws.com", endpoint["EndpointArn"])}
    assert variant["DesiredInstanceCount"] == 1
    assert variant["DeployedImages"][0]["ResolvedImage"].endswith("0" * 64)
    assert endpoint["DataCaptureConfig"]["CaptureStatus"] == "Started"
    statuses = [
        detail["EndpointStatus"] for detail in platform.events_of("SageMaker Endpoint State Change")
    ]
    assert statuses == ["CREATING", "IN_SERVICE"]


def test_a_deployment_in_progress_is_described(
    sagemaker: Any,
    endpoint: dict[str, Any],
    eventually: Eventually,
    settle: Callable[[str], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started, go = threading.Event(), threading.Event()

    def start(_: Any) -> None:
        started.set()
        go.wait(30)

    monkeypatch.setattr(FakeServer, "start", start)
    sagemaker.create_endpoint_config(**requests.endpoint_config("new"))
    sagemaker.create_endpoint(EndpointName="second", EndpointConfigName="config")
    sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="new")
    started.wait(30)
    created = eventually(lambda: pending(sagemaker, "second"))
    updated = eventually(lambda: pending(sagemaker, "live"))
    go.set()

    assert created["EndpointConfigName"] == "config"
    assert updated["EndpointConfigName"] == "new"
    for summary in (created, updated):
        (variant,) = summary["ProductionVariants"]
        assert variant["CurrentInstanceCount"] == 0
        assert variant["DesiredInstanceCount"] == 1
        assert variant["InstanceType"] == "ml.m5.large"
        assert [step["Status"] for step in variant["VariantStatus"]] == ["Creating"]
    # Until it is promoted, the endpoint has the configuration that serves.
    assert endpoint["EndpointConfigName"] == "config"
    assert settle("live")["EndpointConfigName"] == "new"
    for name in ("second", "live"):
        assert "PendingDeploymentSummary" not in settle(name)


def pending(sagemaker: Any, name: str) -> Any:
    return sagemaker.describe_endpoint(EndpointName=name).get("PendingDeploymentSummary")


def test_an_endpoint_whose_role_may_not_join_the_vpc_of_its_model_fails(
    sagemaker: Any, platform: FakePlatform, settle: Callable[[str], dict[str, Any]]
) -> None:
    subnet = "arn:aws:ec2:us-east-1:111111111111:subnet/subnet-1"
    platform.denied.add(("ec2:CreateNetworkInterface", subnet))
    vpc = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    sagemaker.create_model(**requests.model(), VpcConfig=vpc)
    sagemaker.create_endpoint_config(**requests.endpoint_config())
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="config")

    failed = settle("live")

    assert failed["EndpointStatus"] == "Failed"
    assert f"ec2:CreateNetworkInterface on {subnet}" in failed["FailureReason"]


def test_an_endpoint_whose_container_does_not_start_fails_with_its_reason(
    sagemaker: Any, data_plane: FakeDataPlane, settle: Callable[[str], dict[str, Any]]
) -> None:
    data_plane.server_failure = "ModuleNotFoundError: no module named xgboost"
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(**requests.endpoint_config())
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="config")

    failed = settle("live")

    assert failed["EndpointStatus"] == "Failed"
    assert "no module named xgboost" in failed["FailureReason"]
    with pytest.raises(ClientError, match="DeleteEndpoint is the only operation"):
        sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="config")


def test_an_update_moves_traffic_to_a_new_fleet_and_ends_the_old_one(
    sagemaker: Any,
    runtime: Any,
    endpoint: dict[str, Any],
    data_plane: FakeDataPlane,
    settle: Callable[[str], dict[str, Any]],
) -> None:
    sagemaker.create_model(**requests.model("better"))
    config = requests.endpoint_config("new", "better")
    config["ProductionVariants"][0]["VariantName"] = "Better"
    sagemaker.create_endpoint_config(**config)

    sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="new")
    updated = settle("live")

    response = runtime.invoke_endpoint(EndpointName="live", Body=b"1", ContentType="text/csv")
    assert updated["EndpointConfigName"] == "new"
    assert response["InvokedProductionVariant"] == "Better"
    assert [server.stopped for server in data_plane.servers] == [True, False]


def test_a_failed_update_keeps_the_old_fleet_serving_and_says_why(
    sagemaker: Any,
    runtime: Any,
    endpoint: dict[str, Any],
    data_plane: FakeDataPlane,
    settle: Callable[[str], dict[str, Any]],
) -> None:
    data_plane.server_failure = "the container ended with exit code 1"
    sagemaker.create_endpoint_config(**requests.endpoint_config("new"))

    sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="new")
    kept = settle("live")

    response = runtime.invoke_endpoint(EndpointName="live", Body=b"1", ContentType="text/csv")
    assert kept["EndpointStatus"] == "InService"
    assert kept["EndpointConfigName"] == "config"
    assert "exit code 1" in kept["FailureReason"]
    assert response["Body"] == b"AllTraffic"


def test_an_update_can_retain_the_instance_count(
    sagemaker: Any, endpoint: dict[str, Any], settle: Callable[[str], dict[str, Any]]
) -> None:
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="live",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    assert settle("live")["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    sagemaker.create_endpoint_config(**requests.endpoint_config("new"))

    sagemaker.update_endpoint(
        EndpointName="live", EndpointConfigName="new", RetainAllVariantProperties=True
    )
    updated = settle("live")

    assert updated["EndpointConfigName"] == "new"
    assert updated["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert updated["DataCaptureConfig"]["EnableCapture"] is True


def test_a_variant_that_scales_is_deregistered_before_its_instance_type_changes(
    sagemaker: Any,
    endpoint: dict[str, Any],
    platform: FakePlatform,
    settle: Callable[[str], dict[str, Any]],
) -> None:
    targets = platform.clients["application-autoscaling"].registered
    targets.append("endpoint/live/variant/AllTraffic")
    config = requests.endpoint_config("new")
    config["ProductionVariants"][0]["InstanceType"] = "ml.m5.xlarge"
    sagemaker.create_endpoint_config(**config)

    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="new")
    targets.clear()
    sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="new")

    assert settle("live")["EndpointConfigName"] == "new"


def test_the_weight_of_an_unknown_variant_is_rejected(
    sagemaker: Any, endpoint: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match='Could not find variant "Other"'):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="live",
            DesiredWeightsAndCapacities=[{"VariantName": "Other", "DesiredWeight": 1}],
        )


def test_an_alarm_during_the_rollout_rolls_back(
    sagemaker: Any,
    platform: FakePlatform,
    endpoint: dict[str, Any],
    settle: Callable[[str], dict[str, Any]],
) -> None:
    class Alarms:
        def describe_alarms(self, **_: Any) -> Any:
            return {"MetricAlarms": [{"AlarmName": "errors"}]}

    platform.clients["cloudwatch"] = Alarms()
    sagemaker.create_endpoint_config(**requests.endpoint_config("new"))
    sagemaker.update_endpoint(
        EndpointName="live",
        EndpointConfigName="new",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "WaitIntervalInSeconds": 60,
                    "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
                }
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
        },
    )

    kept = settle("live")

    assert kept["EndpointConfigName"] == "config"
    assert "alarms have been triggered" in kept["FailureReason"]
    assert "PendingDeploymentSummary" not in kept
    shown = [
        detail["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]
        for detail in platform.events_of("SageMaker Endpoint Deployment State Change")
    ]
    assert [(status["Status"], status["StatusMessage"]) for status in shown] == [
        ("Creating", "Launching 1 instance(s)."),
        (
            "Baking",
            "Baking for 60 seconds (WaitIntervalInSeconds) with traffic enabled on canary "
            "capacity of 1 instance(s).",
        ),
    ]
    statuses = [
        detail["EndpointStatus"] for detail in platform.events_of("SageMaker Endpoint State Change")
    ]
    assert statuses[-2:] == ["ROLLING_BACK", "IN_SERVICE"]


def test_a_deleted_endpoint_stops_its_server(
    sagemaker: Any,
    endpoint: dict[str, Any],
    data_plane: FakeDataPlane,
    eventually: Eventually,
    runtime: Any,
) -> None:
    sagemaker.delete_endpoint(EndpointName="live")

    eventually(lambda: data_plane.servers[0].stopped)
    eventually(lambda: not sagemaker.list_endpoints()["Endpoints"])
    with pytest.raises(ClientError, match="Endpoint live of account 111111111111 not found"):
        runtime.invoke_endpoint(EndpointName="live", Body=b"1")
