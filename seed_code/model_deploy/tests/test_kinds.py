"""Resources of the stages beside one real-time or serverless variant."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from model_deploy.project import Project, ProjectNetwork
from model_deploy.settings import (
    Asynchronous,
    BacklogScaling,
    Batch,
    Capture,
    Component,
    Compute,
    CopyScaling,
    Instances,
    RealTime,
    Rollout,
    Scaling,
    SecondVariant,
    Shadow,
    StageSettings,
)

TemplateOf = Callable[..., dict[str, Any]]
TemplateIn = Callable[[Project, StageSettings], dict[str, Any]]
INSTANCE = "ml.m7i.large"
ASYNCHRONOUS = Asynchronous(
    kind="asynchronous",
    instance_type=INSTANCE,
    scaling=BacklogScaling(maximum=3, backlog_per_instance=2),
    max_concurrent_invocations=4,
)
COMPONENT = Component(
    kind="component",
    instance_type="ml.m7i.xlarge",
    instances=Instances(maximum=2),
    compute=Compute(memory_mb=1024),
    scaling=CopyScaling(maximum=4),
    rollout=Rollout(strategy="rolling", percent=50),
)
BATCH = Batch(kind="batch", instance_type="ml.m5.large", schedule="cron(0 3 * * ? *)")


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == f"AWS::{kind}"
    ]


def config_of(template: dict[str, Any]) -> dict[str, Any]:
    (config,) = of_type(template, "SageMaker::EndpointConfig")
    return config


def version_of(template: dict[str, Any], variant: dict[str, Any]) -> str:
    model = template["Resources"][variant["ModelName"]["Fn::GetAtt"][0]]["Properties"]
    return str(model["PrimaryContainer"]["ModelPackageName"]).rpartition("/")[2]


def real_time(**keys: Any) -> RealTime:
    return RealTime(kind="real-time", instance_type=INSTANCE, instance_count=2, **keys)


def test_a_second_variant_serves_another_version_by_its_percentage(
    template_of: TemplateOf,
) -> None:
    template = template_of(real_time(second_variant=SecondVariant(version=6, percentage=10)))

    first, second = config_of(template)["ProductionVariants"]
    assert (version_of(template, first), version_of(template, second)) == ("7", "6")
    assert (first["InitialVariantWeight"], second["InitialVariantWeight"]) == (90, 10)
    assert (second["InstanceType"], second["InitialInstanceCount"]) == (INSTANCE, 2)


def test_a_second_variant_beside_one_that_scales_keeps_its_number_of_instances(
    template_of: TemplateOf,
) -> None:
    stage = RealTime(
        kind="real-time",
        instance_type=INSTANCE,
        scaling=Scaling(minimum=2, maximum=4, invocations_per_instance=600),
        second_variant=SecondVariant(version=6, percentage=10, instance_count=3),
    )

    targets = of_type(template_of(stage), "ApplicationAutoScaling::ScalableTarget")

    assert sorted((one["MinCapacity"], one["MaxCapacity"]) for one in targets) == [(2, 4), (3, 3)]


def test_a_shadow_variant_gets_a_part_of_the_requests(template_of: TemplateOf) -> None:
    shadow = Shadow(version=8, percentage=50, instance_count=1)
    template = template_of(real_time(capture=Capture(), shadow=shadow))

    config = config_of(template)
    (variant,) = config["ShadowProductionVariants"]
    (first,) = config["ProductionVariants"]
    assert (version_of(template, first), version_of(template, variant)) == ("7", "8")
    assert variant["InitialVariantWeight"] == first["InitialVariantWeight"] / 2
    assert (variant["VariantName"], variant["InitialInstanceCount"]) == ("Shadow", 1)


def test_a_shadow_of_the_newest_version_beside_a_pinned_one(template_of: TemplateOf) -> None:
    template = template_of(real_time(version=6, shadow=Shadow()), newest=8)

    config = config_of(template)
    assert version_of(template, config["ProductionVariants"][0]) == "6"
    assert version_of(template, config["ShadowProductionVariants"][0]) == "8"


def test_an_asynchronous_endpoint_has_folders_of_its_stage_and_scales_to_zero(
    template_of: TemplateOf,
) -> None:
    template = template_of(ASYNCHRONOUS)

    config = config_of(template)
    output = config["AsyncInferenceConfig"]["OutputConfig"]
    assert output["S3OutputPath"] == "s3://churn-artifacts/async/responses/prod"
    assert output["S3FailurePath"] == "s3://churn-artifacts/async/failures/prod"
    assert output["KmsKeyId"] == config["KmsKeyId"]
    (target,) = of_type(template, "ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 3)
    policies = of_type(template, "ApplicationAutoScaling::ScalingPolicy")
    assert {one["PolicyType"] for one in policies} == {"StepScaling", "TargetTrackingScaling"}


def test_a_component_has_the_name_of_its_endpoint_and_scales_to_zero(
    template_of: TemplateOf,
) -> None:
    template = template_of(COMPONENT)

    (component,) = of_type(template, "SageMaker::InferenceComponent")
    (endpoint,) = of_type(template, "SageMaker::Endpoint")
    assert component["InferenceComponentName"] == endpoint["EndpointName"] == "churn-prod"
    assert set(component["Specification"]) == {"ComputeResourceRequirements", "ModelName"}
    assert component["RuntimeConfig"] == {"CopyCount": 1}
    (variant,) = config_of(template)["ProductionVariants"]
    assert "ModelName" not in variant
    assert variant["ManagedInstanceScaling"]["MinInstanceCount"] == 0
    (target,) = of_type(template, "ApplicationAutoScaling::ScalableTarget")
    assert target["MinCapacity"] == 0


def test_components_run_in_the_network_of_the_project(
    project: Project, template_in: TemplateIn
) -> None:
    network = ProjectNetwork(
        vpc_id="vpc-0a1b2c3d", subnet_ids=("subnet-0a1b2c3d",), security_group_ids=("sg-0a1b2c3d",)
    )

    template = template_in(replace(project, network=network), COMPONENT)

    placed = {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
    assert config_of(template)["VpcConfig"] == placed
    assert of_type(template, "SageMaker::Model")[0]["VpcConfig"] == placed


def test_a_batch_stage_has_a_schedule_and_no_endpoint(template_of: TemplateOf) -> None:
    template = template_of(BATCH)

    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert kinds == {"AWS::SageMaker::Model", "AWS::Scheduler::Schedule"}
    (schedule,) = of_type(template, "Scheduler::Schedule")
    assert schedule["Name"] == "churn-prod-batch"
    assert schedule["Target"]["RoleArn"].endswith("role/sagemaker-projects/batch")
    job = json.loads("".join(_text(part) for part in schedule["Target"]["Input"]["Fn::Join"][1]))
    source = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    assert source == "s3://churn-artifacts/batch/input/prod/"
    output = job["TransformOutput"]
    assert output["S3OutputPath"] == "s3://churn-artifacts/batch/predictions/prod"
    assert output["KmsKeyId"] == job["TransformResources"]["VolumeKmsKeyId"]
    assert set(template["Outputs"]) == {"ScheduleName", "ModelPackageArn"}


def _text(part: Any) -> str:
    return part if isinstance(part, str) else "model"


def test_a_batch_stage_without_a_role_of_the_project_is_rejected(
    project: Project, template_in: TemplateIn
) -> None:
    with pytest.raises(ValueError, match="kind: got 'batch', but the project has no role"):
        template_in(replace(project, monitoring=None), BATCH)


@pytest.mark.parametrize("stage", [ASYNCHRONOUS, COMPONENT, BATCH], ids=lambda one: str(one.kind))
def test_no_kind_creates_a_role_or_a_queue(template_of: TemplateOf, stage: StageSettings) -> None:
    template = template_of(stage)

    kinds = {resource["Type"].split("::")[1] for resource in template["Resources"].values()}
    assert kinds <= {"ApplicationAutoScaling", "CloudWatch", "SageMaker", "Scheduler"}
