"""Application Auto Scaling above a SageMaker and a CloudWatch in memory."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.application_autoscaling import ApplicationAutoScaling
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient

VARIANT = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/live/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
COMPONENT = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "inference-component/churn-a",
    "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
}
SERVERLESS = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/serverless/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
}

TRACKING = {
    "TargetValue": 100.0,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    },
}
WAKE_UP = {
    "AdjustmentType": "ChangeInCapacity",
    "MetricAggregationType": "Maximum",
    "Cooldown": 60,
    "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
}


class FakeSageMaker:
    """Endpoints `live` (an instance) and `serverless` (concurrency 2), component `churn-a`."""

    def __init__(self) -> None:
        self.instances = 1
        self.instance_type = "ml.m5.large"
        self.concurrency = 2
        self.copies = 1
        self.failure: str | None = None

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        if EndpointName not in ("live", "serverless"):
            message = f'Could not find endpoint "{EndpointName}".'
            error: Any = {"Error": {"Code": "ValidationException", "Message": message}}
            raise ClientError(error, "DescribeEndpoint")
        variant: dict[str, Any] = {"VariantName": "AllTraffic"}
        if EndpointName == "live":
            variant["DesiredInstanceCount"] = self.instances
        else:
            variant["DesiredServerlessConfig"] = {"ProvisionedConcurrency": self.concurrency}
        found = {"EndpointStatus": "InService", "EndpointConfigName": "config"}
        if self.failure:
            found["FailureReason"] = self.failure
        return {**found, "ProductionVariants": [variant]}

    def describe_endpoint_config(self, **_: Any) -> dict[str, Any]:
        variant = {"VariantName": "AllTraffic", "InstanceType": self.instance_type}
        return {"ProductionVariants": [variant]}

    def describe_inference_component(self, **_: Any) -> dict[str, Any]:
        runtime = {"DesiredCopyCount": self.copies}
        return {"InferenceComponentStatus": "InService", "RuntimeConfig": runtime}

    def update_endpoint_weights_and_capacities(
        self,
        *,
        EndpointName: str,  # noqa: N803
        DesiredWeightsAndCapacities: list[dict[str, Any]],  # noqa: N803
    ) -> None:
        (change,) = DesiredWeightsAndCapacities
        if "DesiredInstanceCount" in change:
            self.instances = change["DesiredInstanceCount"]
        else:
            self.concurrency = change["ServerlessUpdateConfig"]["ProvisionedConcurrency"]

    def update_inference_component_runtime_config(
        self,
        *,
        InferenceComponentName: str,  # noqa: N803
        DesiredRuntimeConfig: dict[str, int],  # noqa: N803
    ) -> None:
        self.copies = DesiredRuntimeConfig["CopyCount"]


class FakeAlarms:
    """Alarms by name, as DescribeAlarms shows them."""

    def __init__(self) -> None:
        self.alarms: dict[str, dict[str, Any]] = {}
        self.datapoints: list[float] = []

    def put_metric_alarm(self, **alarm: Any) -> None:
        self.alarms[alarm["AlarmName"]] = {**alarm, "StateValue": "OK"}

    def delete_alarms(self, *, AlarmNames: list[str]) -> None:  # noqa: N803
        for name in AlarmNames:
            del self.alarms[name]

    def describe_alarms(
        self,
        *,
        AlarmNames: list[str] | None = None,  # noqa: N803
        StateValue: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        found = [
            alarm
            for name, alarm in self.alarms.items()
            if (AlarmNames is None or name in AlarmNames)
            and StateValue in (None, alarm["StateValue"])
        ]
        return {"MetricAlarms": found}

    def get_metric_statistics(self, *, Statistics: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        start = datetime.datetime.now(datetime.UTC)
        return {
            "Datapoints": [
                {"Timestamp": start + datetime.timedelta(minutes=minute), Statistics[0]: value}
                for minute, value in enumerate(self.datapoints)
            ]
        }

    def ring(self, part: str, *datapoints: float) -> str:
        """Sets the alarm whose name has `part` to ALARM; its name."""
        name = next(name for name in self.alarms if part in name)
        self.alarms[name]["StateValue"] = "ALARM"
        self.datapoints = list(datapoints)
        return name


class FakeRoles:
    def __init__(self) -> None:
        self.roles: list[str] = []

    def get_role(self, *, RoleName: str) -> None:  # noqa: N803
        if RoleName not in self.roles:
            error: Any = {"Error": {"Code": "NoSuchEntity", "Message": RoleName}}
            raise ClientError(error, "GetRole")

    def create_role(self, *, RoleName: str, **_: Any) -> None:  # noqa: N803
        self.roles.append(RoleName)

    def put_role_policy(self, **_: Any) -> None:
        pass


@pytest.fixture
def sagemaker() -> FakeSageMaker:
    return FakeSageMaker()


@pytest.fixture
def alarms() -> FakeAlarms:
    return FakeAlarms()


@pytest.fixture
def platform(sagemaker: FakeSageMaker, alarms: FakeAlarms) -> FakePlatform:
    platform = FakePlatform()
    platform.clients |= {"sagemaker": sagemaker, "cloudwatch": alarms, "iam": FakeRoles()}
    return platform


@pytest.fixture
def service(platform: FakePlatform) -> Iterator[ApplicationAutoScaling]:
    service = ApplicationAutoScaling(platform)
    yield service
    service.close()


@pytest.fixture
def scaling(service: ApplicationAutoScaling) -> Any:
    """A client of the service, as boto3's."""
    return ServiceClient(service, CALLER)


@pytest.fixture
def settled(scaling: Any) -> Callable[[], list[dict[str, Any]]]:
    """The activities, the latest first, once none is in progress."""

    def wait() -> list[dict[str, Any]]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = scaling.describe_scaling_activities(ServiceNamespace="sagemaker")
            activities: list[dict[str, Any]] = answer["ScalingActivities"]
            if all(activity["StatusCode"] != "InProgress" for activity in activities):
                return activities
            time.sleep(0.01)
        raise AssertionError("an activity stayed in progress")

    return wait


@pytest.fixture
def target(scaling: Any) -> dict[str, str]:
    scaling.register_scalable_target(**VARIANT, MinCapacity=0, MaxCapacity=4)
    return VARIANT


def track(scaling: Any, **changes: Any) -> Any:
    return scaling.put_scaling_policy(
        **VARIANT,
        PolicyName="invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={**TRACKING, **changes},
    )
