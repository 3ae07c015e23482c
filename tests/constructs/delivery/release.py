"""A pipeline that releases into other accounts and regions, and how tests read its template."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk.assertions import Template

from mlops_constructs.delivery import (
    ArtifactStore,
    DeliveryPipeline,
    PipelineStage,
    Source,
    TargetAccount,
    deploy_to_account_action,
)

TOOLING, PRODUCTION = "111111111111", "222222222222"


ROLE = f"arn:${{AWS::Partition}}:iam::{PRODUCTION}:role/ml-platform/release-deploy"


def deliver(
    stack: cdk.Stack,
    artifacts: ArtifactStore,
    *,
    account: str = PRODUCTION,
    region: str | None = None,
) -> Mapping[str, Any]:
    """The template of a pipeline that deploys to production."""
    code = codepipeline.Artifact("SourceOutput")
    target = TargetAccount(account=account, pipeline_name="release", region=region)
    deploy = deploy_to_account_action(
        stack, stack_name="prod", template=code.at_path("prod.template.json"), target=target
    )
    repository = codecommit.Repository.from_repository_name(stack, "Repository", "churn")
    DeliveryPipeline(
        stack,
        "Pipeline",
        pipeline_name="release",
        artifacts=artifacts,
        source=Source.code_commit(repository),
        source_output=code,
        stages=[PipelineStage(name="Production", actions=[deploy])],
        execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
    )
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


def only(template: Mapping[str, Any], kind: str) -> Any:
    found = [one for one in template["Resources"].values() if one["Type"] == kind]
    assert len(found) == 1
    return found[0]["Properties"]
