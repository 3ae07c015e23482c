"""The stack of a stage."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from model_deploy.project import Project, ProjectNetwork
from model_deploy.settings import (
    Capture,
    RealTime,
    Rollback,
    Rollout,
    Scaling,
    Serverless,
    StageSettings,
)

TemplateOf = Callable[..., dict[str, Any]]
TemplateIn = Callable[[Project, StageSettings], dict[str, Any]]
REAL_TIME = RealTime(
    kind="real-time",
    instance_type="ml.m7i.large",
    scaling=Scaling(minimum=2, maximum=4, invocations_per_instance=600),
    capture=Capture(sampling_percentage=20),
    rollout=Rollout(strategy="canary", instances=1),
    tags={"team": "retention"},
)


def properties_of(template: dict[str, Any], resource_type: str) -> dict[str, Any]:
    found = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == resource_type
    ]
    assert len(found) == 1, resource_type
    properties: dict[str, Any] = found[0]
    return properties


def test_the_endpoint_is_named_for_project_and_stage(template_of: TemplateOf) -> None:
    template = template_of(REAL_TIME, name="staging")

    endpoint = properties_of(template, "AWS::SageMaker::Endpoint")
    assert endpoint["EndpointName"] == "churn-staging"
    assert set(template["Outputs"]) == {"EndpointName", "ModelPackageArn"}


def test_every_name_begins_with_the_project_and_the_stage(template_of: TemplateOf) -> None:
    template = template_of(REAL_TIME)

    model = properties_of(template, "AWS::SageMaker::Model")
    config = properties_of(template, "AWS::SageMaker::EndpointConfig")
    assert model["ModelName"].startswith("churn-prod-")
    assert config["EndpointConfigName"].startswith("churn-prod-")


def test_the_model_is_the_approved_package_with_the_role_of_the_project(
    template_of: TemplateOf,
) -> None:
    model = properties_of(template_of(REAL_TIME), "AWS::SageMaker::Model")

    assert model["PrimaryContainer"]["ModelPackageName"].endswith("model-package/churn/7")
    assert model["ExecutionRoleArn"].endswith("role/sagemaker-projects/model")
    assert model["EnableNetworkIsolation"] is True


def test_the_model_is_in_the_network_of_the_project(
    project: Project, template_in: TemplateIn
) -> None:
    network = ProjectNetwork(
        vpc_id="vpc-0a1b2c3d",
        subnet_ids=("subnet-0a1b2c3d", "subnet-0a1b2c3e"),
        security_group_ids=("sg-0a1b2c3d",),
    )

    template = template_in(replace(project, network=network), REAL_TIME)

    assert properties_of(template, "AWS::SageMaker::Model")["VpcConfig"] == {
        "Subnets": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
        "SecurityGroupIds": ["sg-0a1b2c3d"],
    }
    assert "AWS::EC2::SecurityGroup" not in str(template), "nothing of the network is made here"
    with pytest.raises(ValueError, match="got 'serverless' in a project with a network"):
        template_in(replace(project, network=network), Serverless(kind="serverless"))


def test_a_project_without_a_network_leaves_its_models_to_sagemaker(
    template_of: TemplateOf,
) -> None:
    assert "VpcConfig" not in properties_of(template_of(REAL_TIME), "AWS::SageMaker::Model")


def test_the_stack_needs_no_bootstrap_and_no_rights_on_iam(template_of: TemplateOf) -> None:
    template = template_of(REAL_TIME)

    assert not {"Parameters", "Rules", "Conditions"} & set(template)
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert types == {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::CloudWatch::Alarm",
        "AWS::SageMaker::Endpoint",
        "AWS::SageMaker::EndpointConfig",
        "AWS::SageMaker::Model",
    }


def test_traffic_is_captured_in_the_bucket_of_the_project(template_of: TemplateOf) -> None:
    config = properties_of(template_of(REAL_TIME), "AWS::SageMaker::EndpointConfig")

    capture = config["DataCaptureConfig"]
    assert capture["DestinationS3Uri"] == "s3://churn-artifacts/capture"
    assert capture["InitialSamplingPercentage"] == 20
    assert capture["KmsKeyId"] == config["KmsKeyId"]


def test_another_model_keeps_the_endpoint_and_replaces_what_is_immutable(
    template_of: TemplateOf,
) -> None:
    before, after = (template_of(REAL_TIME, newest=newest) for newest in (7, 8))

    def name(template: dict[str, Any], kind: str) -> str:
        return str(properties_of(template, f"AWS::SageMaker::{kind}")[f"{kind}Name"])

    assert name(before, "Endpoint") == name(after, "Endpoint")
    assert name(before, "Model") != name(after, "Model")
    assert name(before, "EndpointConfig") != name(after, "EndpointConfig")
    assert set(before["Resources"]) == set(after["Resources"])


def test_resources_carry_the_tags_of_the_project_and_of_the_settings(
    template_of: TemplateOf,
) -> None:
    tags = properties_of(template_of(REAL_TIME), "AWS::SageMaker::Endpoint")["Tags"]

    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "sagemaker:project-id": "p-0123456789ab",
        "sagemaker:project-name": "churn",
        "team": "retention",
    }


@pytest.mark.parametrize(("encrypt_volumes", "has_key"), [(True, True), (False, False)])
def test_types_with_local_disks_may_have_the_key_of_the_project(
    template_of: TemplateOf, encrypt_volumes: bool, has_key: bool
) -> None:
    on_gpu = RealTime(
        kind="real-time", instance_type="ml.g5.xlarge", encrypt_volumes=encrypt_volumes
    )

    config = properties_of(template_of(on_gpu), "AWS::SageMaker::EndpointConfig")
    assert ("KmsKeyId" in config) is has_key


@pytest.mark.parametrize(
    ("rollout", "policy"),
    [
        (Rollout(strategy="all-at-once", termination_wait_minutes=2), "ALL_AT_ONCE"),
        (Rollout(strategy="linear", percent=25, maximum_minutes=60), "LINEAR"),
        (Rollout(strategy="canary", percent=10), "CANARY"),
    ],
)
def test_a_rollout_moves_traffic_as_the_settings_say(
    template_of: TemplateOf, rollout: Rollout, policy: str
) -> None:
    stage = REAL_TIME.model_copy(update={"rollout": rollout})

    endpoint = properties_of(template_of(stage), "AWS::SageMaker::Endpoint")
    routing = endpoint["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing["Type"] == policy
    assert endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]


def test_a_rollout_that_has_to_pass_is_watched_by_no_alarm(template_of: TemplateOf) -> None:
    rollout = Rollout(strategy="all-at-once", rollback=Rollback(enabled=False))
    template = template_of(REAL_TIME.model_copy(update={"rollout": rollout}))

    deployment = properties_of(template, "AWS::SageMaker::Endpoint")["DeploymentConfig"]
    assert "AutoRollbackConfiguration" not in deployment
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert "AWS::CloudWatch::Alarm" not in kinds


def test_a_rolling_update_replaces_batches(template_of: TemplateOf) -> None:
    stage = REAL_TIME.model_copy(update={"rollout": Rollout(strategy="rolling", percent=50)})

    endpoint = properties_of(template_of(stage), "AWS::SageMaker::Endpoint")
    batch = endpoint["DeploymentConfig"]["RollingUpdatePolicy"]["MaximumBatchSize"]
    assert batch == {"Type": "CAPACITY_PERCENT", "Value": 50}


def test_a_serverless_stage_has_no_instances(template_of: TemplateOf) -> None:
    template = template_of(Serverless(kind="serverless", memory_mb=3072, provisioned_concurrency=2))

    variant = properties_of(template, "AWS::SageMaker::EndpointConfig")["ProductionVariants"][0]
    assert variant["ServerlessConfig"] == {
        "MemorySizeInMB": 3072,
        "MaxConcurrency": 5,
        "ProvisionedConcurrency": 2,
    }
    assert properties_of(template, "AWS::SageMaker::Model")["EnableNetworkIsolation"] is False


def test_a_stage_may_give_its_containers_access_to_the_network_of_the_project(
    project: Project, template_in: TemplateIn
) -> None:
    stage = REAL_TIME.model_copy(update={"network_isolation": False})
    network = ProjectNetwork(
        vpc_id="vpc-0a1b2c3d", subnet_ids=("subnet-0a1b2c3d",), security_group_ids=("sg-0a1b2c3d",)
    )

    template = template_in(replace(project, network=network), stage)

    model = properties_of(template, "AWS::SageMaker::Model")
    assert model["EnableNetworkIsolation"] is False
    assert model["VpcConfig"]["Subnets"] == ["subnet-0a1b2c3d"]
    with pytest.raises(
        ValueError, match=r"^config/prod\.yaml: network_isolation: got false in a project without"
    ):
        template_in(project, stage)


def test_settings_that_contradict_aws_are_rejected_together(template_of: TemplateOf) -> None:
    stage = RealTime(
        kind="real-time",
        instance_type="ml.t2.medium",
        scaling=Scaling(minimum=2, maximum=4, invocations_per_instance=600),
        rollout=Rollout(strategy="canary", instances=5),
    )

    with pytest.raises(ValueError, match=r"^config/prod\.yaml: ") as error:
        template_of(stage)

    assert "canary size: got 5 of 2 instances" in str(error.value)
    assert "scaling: got instance type ml.t2.medium" in str(error.value)


def test_a_kind_that_the_project_does_not_allow_is_rejected(
    project: Project, template_in: TemplateIn
) -> None:
    with pytest.raises(
        ValueError, match=r"^config/prod\.yaml: kind: got 'real-time'; the project "
    ):
        template_in(replace(project, kinds=("serverless", "batch")), REAL_TIME)


def test_a_version_that_the_settings_name_is_deployed(template_of: TemplateOf) -> None:
    template = template_of(REAL_TIME.model_copy(update={"version": 6}), newest=8)

    container = properties_of(template, "AWS::SageMaker::Model")["PrimaryContainer"]
    assert container["ModelPackageName"].endswith("model-package/churn/6")
    assert template["Outputs"]["ModelPackageArn"]["Value"].endswith("model-package/churn/6")
