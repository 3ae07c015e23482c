from collections.abc import Sequence

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known
from mlops_constructs.delivery import (
    Connection,
    PipelineAction,
    PipelineStage,
    Source,
)
from mlops_constructs.delivery.pipeline_action import stage_problems
from tests.constructs.delivery.conftest import pipelines_of


def reported_by_cdk(action: PipelineAction) -> tuple[list[str], set[str]]:
    """Returns the names of outputs and the namespaces that the CDK reports for an action."""
    properties = action.action.action_properties
    namespace = properties.variables_namespace
    known = {namespace} if namespace and is_known(namespace) else set()
    return [str(one.artifact_name) for one in properties.outputs or ()], known


def test_actions_of_both_pipelines_state_the_outputs_and_namespaces_that_the_cdk_reports(
    stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[PipelineAction] = []

    def record(stages: Sequence[PipelineStage], mode: codepipeline.ExecutionMode) -> list[str]:
        found.extend(action for stage in stages for action in stage.actions)
        return stage_problems(stages, mode)

    monkeypatch.setattr("mlops_constructs.delivery.delivery_pipeline.stage_problems", record)
    pipelines_of(stack)
    stated = [one for one in found if one.outputs is not None and one.namespaces is not None]
    assert len(stated) == len(found) > 10
    for one in stated:
        assert (one.output_names(), one.variable_namespaces()) == reported_by_cdk(one)


def test_every_source_states_the_output_and_namespace_that_the_cdk_reports(
    stack: cdk.Stack,
) -> None:
    output = codepipeline.Artifact("Code")
    arn = "arn:aws:codeconnections:us-east-1:111111111111:connection/0c8f"
    connection = Connection.from_connection_arn(stack, "Connection", arn)
    repository = codecommit.Repository.from_repository_name(stack, "Repository", "churn")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "sources")
    for source in (
        Source.code_commit(repository),
        Source.connection(connection, owner="acme", repository="churn"),
        Source.s3(bucket, key="source.zip"),
    ):
        one = source.bind(output=output)
        assert one.outputs is not None
        assert (one.output_names(), one.variable_namespaces()) == reported_by_cdk(one)
        assert one.output_names() == ["Code"]


def test_an_action_that_states_nothing_is_asked(stack: cdk.Stack) -> None:
    action = actions.S3SourceAction(
        action_name="Source",
        bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "sources"),
        bucket_key="source.zip",
        output=codepipeline.Artifact("Code"),
        variables_namespace="Sources",
    )
    one = PipelineAction(action=action)
    assert (one.output_names(), one.variable_namespaces()) == (["Code"], {"Sources"})
