"""An inference component that scales to zero without load, and out with the first request."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from rehearsal.framework.clock import ClockFile
from tests.rehearsal.conftest import PROJECT, Aws, running_server
from tests.rehearsal.services.sagemaker.gateway import (
    BUCKET,
    REPOSITORY,
    STATEMENTS,
    TRUST,
    session_of,
    wait,
)
from tests.rehearsal.services.sagemaker.hosting.hosted_stacks import archive, ask, deploy, fleet

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.hosting.runtime:SageMakerRuntime",
    "rehearsal.services.application_autoscaling:ApplicationAutoScaling",
    "rehearsal.services.cloudwatch:CloudWatch",
)
NAMED: dict[str, Any] = {"InferenceComponentName": "churn-sums"}
SECONDS = 90.0


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A server with the example image and a model."""
    with running_server(tmp_path_factory.mktemp("zero"), SERVICES) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        aws.client("s3").put_object(
            Bucket=BUCKET, Key="models/small.tar.gz", Body=archive(intercept=0.5)
        )
        aws.client("ecr").create_repository(repositoryName="churn")
        image = ImageStore(aws.state / "images").build(PROJECT / "docs/examples/image")
        publish(session_of(aws), REPOSITORY, ["1"], image)
        yield aws


def scaled(role: str) -> dict[str, Any]:
    """Returns a component with the scaling that `kind: component` of a stage has."""
    made = fleet(role, {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}})
    target = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "ResourceId": "inference-component/churn-sums",
    }
    made["Target"] = {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "DependsOn": ["Component"],
        "Properties": {**target, "MinCapacity": 0, "MaxCapacity": 1},
    }
    metric = "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"
    made["Concurrency"] = {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "DependsOn": ["Target"],
        "Properties": {
            **target,
            "PolicyName": "concurrency",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 5,
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
                "ScaleInCooldown": 0,
                "ScaleOutCooldown": 0,
            },
        },
    }
    made["WakeUp"] = {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "DependsOn": ["Target"],
        "Properties": {
            **target,
            "PolicyName": "wake-up",
            "PolicyType": "StepScaling",
            "StepScalingPolicyConfiguration": {
                "AdjustmentType": "ExactCapacity",
                "Cooldown": 0,
                "MetricAggregationType": "Maximum",
                "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
            },
        },
    }
    made["NoCapacity"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": "no-capacity",
            "Namespace": "AWS/SageMaker",
            "MetricName": "NoCapacityInvocationFailures",
            "Dimensions": [{"Name": "InferenceComponentName", "Value": "churn-sums"}],
            "Statistic": "Sum",
            "Period": 30,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "missing",
            "AlarmActions": [{"Ref": "WakeUp"}],
        },
    }
    return made


def test_a_component_scales_to_zero_without_load_and_out_with_the_first_request(
    cloud: Aws,
) -> None:
    role = cloud.role("hosting", TRUST, *STATEMENTS)
    endpoint, sagemaker = deploy(cloud, "zero", scaled(role)), cloud.client("sagemaker")
    clock = ClockFile(cloud.state)

    def copies() -> int:
        found = sagemaker.describe_inference_component(**NAMED)["RuntimeConfig"]
        return int(found["CurrentCopyCount"])

    def instances() -> int:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"][0]
        return int(found["CurrentInstanceCount"])

    assert ask(cloud, endpoint, **NAMED) == "3.5"
    assert copies() == 1

    def idle() -> bool:
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="ConcurrentRequestsPerCopy",
            Dimensions=[{"Name": "InferenceComponentName", "Value": "churn-sums"}],
            StartTime=clock() - datetime.timedelta(minutes=10),
            EndTime=clock() + datetime.timedelta(minutes=1),
            Period=10,
            Statistics=["Minimum"],
        )["Datapoints"]
        return any(one["Minimum"] == 0 for one in points)

    # Time is idle from the first measurement on. The alarm compares 15 minutes.
    wait(idle, SECONDS)
    clock.advance(clock() + datetime.timedelta(minutes=20))
    wait(lambda: copies() == 0 and instances() == 0, SECONDS)
    with pytest.raises(ClientError, match="no capacity to process this request"):
        ask(cloud, endpoint, **NAMED)

    def served() -> str:
        try:
            return ask(cloud, endpoint, **NAMED)
        except ClientError:
            return ""

    # The request that failed starts the scale-out.
    wait(lambda: copies() == 1, SECONDS)
    assert wait(served, SECONDS) == "3.5"
    activities = cloud.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="sagemaker"
    )["ScalingActivities"]
    changes = [one["Description"] for one in reversed(activities)]
    assert changes[:2] == ["Setting desired copy count to 0.", "Setting desired copy count to 1."]
