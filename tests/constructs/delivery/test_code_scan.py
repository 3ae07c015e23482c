"""Scans for known vulnerabilities."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk.assertions import Template

from mlops_constructs.delivery import (
    ModelBuildPipeline,
    PipelineAction,
    ProjectResources,
    ScanThresholds,
    Source,
    image_scan_action,
    source_scan_action,
)


def actions_of(permissions: PipelineAction) -> set[str]:
    return {action for one in permissions.permissions for action in one.actions}


def test_the_build_stage_scans_when_thresholds_are_given(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    repository = codecommit.Repository.from_repository_name(stack, "Repository", "churn")
    ModelBuildPipeline(
        stack,
        "ModelBuild",
        project=project,
        source=Source.code_commit(repository),
        image_repository=ecr.Repository(stack, "Images"),
        scan=ScanThresholds(critical=1, high=5, medium=None),
    )

    pipelines = Template.from_stack(stack).find_resources("AWS::CodePipeline::Pipeline")
    (pipeline,) = pipelines.values()
    build = pipeline["Properties"]["Stages"][1]["Actions"]
    assert [action["Name"] for action in build] == ["Test", "Image", "ScanSource"]
    assert build[2]["ActionTypeId"]["Provider"] == "InspectorScan"
    assert build[2]["Configuration"] == {
        "InspectorRunMode": "SourceCodeScan",
        "CriticalThreshold": 1,
        "HighThreshold": 5,
    }


def test_a_scan_may_write_its_log_and_pull_the_image(stack: cdk.Stack) -> None:
    source = source_scan_action(stack, pipeline_name="churn", source=codepipeline.Artifact("Code"))
    images = ecr.Repository(stack, "Images")
    image = image_scan_action(repository=images, tag="1", pipeline_name="churn")

    log = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
    assert actions_of(source) == {"inspector-scan:ScanSbom", *log}
    assert {"ecr:BatchGetImage", "ecr:GetAuthorizationToken"} <= actions_of(image)


@pytest.mark.parametrize("options", [{"critical": 0}, {"low": -1}])
def test_a_threshold_that_never_passes_is_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="allowed are 1 or more, or None"):
        ScanThresholds(**options)
