"""A variant that scales out under load and in when the load ends; minutes are moved forward."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

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
from tests.rehearsal.services.sagemaker.hosting.hosted_stacks import (
    archive,
    ask,
    container,
    deploy,
    resources,
)

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.hosting.runtime:SageMakerRuntime",
    "rehearsal.services.application_autoscaling:ApplicationAutoScaling",
    "rehearsal.services.cloudwatch:CloudWatch",
)
TARGET = 10  # invocations per instance and minute
SECONDS = 90.0


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A server with the example image and a model."""
    with running_server(tmp_path_factory.mktemp("scaled"), SERVICES) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        aws.client("s3").put_object(
            Bucket=BUCKET, Key="models/small.tar.gz", Body=archive(intercept=0.5)
        )
        aws.client("ecr").create_repository(repositoryName="churn")
        image = ImageStore(aws.state / "images").build(PROJECT / "docs/examples/image")
        publish(session_of(aws), REPOSITORY, ["1"], image)
        yield aws


def scaled(role: str) -> dict[str, Any]:
    """Returns an endpoint with the scaling that `kind: real-time` of a stage has."""
    made = resources(role, container())
    target = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/AllTraffic"},
    }
    made["Target"] = {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {**target, "MinCapacity": 1, "MaxCapacity": 2},
    }
    made["Invocations"] = {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "DependsOn": ["Target"],
        "Properties": {
            **target,
            "PolicyName": "invocations",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": TARGET,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
                },
                "ScaleInCooldown": 0,
                "ScaleOutCooldown": 0,
            },
        },
    }
    return made


def test_a_variant_scales_out_under_load_and_in_after_it(cloud: Aws) -> None:
    endpoint = deploy(cloud, "scaled", scaled(cloud.role("hosting", TRUST, *STATEMENTS)))
    sagemaker, clock = cloud.client("sagemaker"), ClockFile(cloud.state)

    def instances() -> int:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
        if found["EndpointStatus"] != "InService":
            return 0
        return int(found["ProductionVariants"][0]["CurrentInstanceCount"])

    def minutes(number: int, requests: int) -> None:
        """Sends requests in each of some minutes; all of them are served."""
        for _ in range(number):
            for _ in range(requests):
                assert ask(cloud, endpoint) == "3.5"
            clock.advance(clock() + datetime.timedelta(minutes=1))

    assert instances() == 1
    minutes(5, 2 * TARGET)
    wait(lambda: instances() == 2, SECONDS)

    minutes(18, 1)
    wait(lambda: instances() == 1, SECONDS)
    assert ask(cloud, endpoint) == "3.5"
    activities = cloud.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="sagemaker"
    )["ScalingActivities"]
    changes = [one["Description"] for one in reversed(activities)]
    assert changes == [
        "Setting desired instance count to 2.",
        "Setting desired instance count to 1.",
    ]
