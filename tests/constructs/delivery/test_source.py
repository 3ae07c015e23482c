from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from mlops_constructs.delivery import (
    DeliveryPipeline,
    PipelineStage,
    ProjectResources,
    Source,
    approval_action,
)

CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/0c8f"


def template_with(stack: cdk.Stack, project: ProjectResources, source: Source) -> Template:
    DeliveryPipeline(
        stack,
        "Pipeline",
        pipeline_name="pipeline",
        artifacts=project.artifacts,
        source=source,
        source_output=codepipeline.Artifact("SourceOutput"),
        stages=[PipelineStage(name="Ask", actions=[approval_action(question="Go on?")])],
        execution_mode=codepipeline.ExecutionMode.QUEUED,
    )
    return Template.from_stack(stack)


def has_source(template: Template, provider: str, configuration: Mapping[str, Any]) -> None:
    template.has_resource_properties(
        "AWS::CodePipeline::Pipeline",
        {
            "Stages": Match.array_with(
                [
                    {
                        "Name": "Source",
                        "Actions": [
                            Match.object_like(
                                {
                                    "ActionTypeId": Match.object_like({"Provider": provider}),
                                    "Configuration": Match.object_like(configuration),
                                    "Namespace": "Source",
                                }
                            )
                        ],
                    }
                ]
            )
        },
    )


def role_may(template: Template, *actions: str) -> None:
    statement = Match.object_like({"Action": list(actions)})
    template.has_resource_properties(
        "AWS::IAM::ManagedPolicy",
        {"PolicyDocument": {"Statement": Match.array_with([statement])}},
    )


def test_a_code_commit_source_starts_by_event_and_does_not_poll(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    repository = codecommit.Repository(stack, "Repository", repository_name="code")

    template = template_with(stack, project, Source.code_commit(repository, "develop"))

    has_source(template, "CodeCommit", {"BranchName": "develop", "PollForSourceChanges": False})
    template.has_resource_properties(
        "AWS::Events::Rule", {"EventPattern": {"detail": {"referenceName": ["develop"]}}}
    )


def test_an_imported_repository_serves_as_well(stack: cdk.Stack, project: ProjectResources) -> None:
    repository = codecommit.Repository.from_repository_name(stack, "Repository", "theirs")

    template = template_with(stack, project, Source.code_commit(repository))

    has_source(template, "CodeCommit", {"BranchName": "main", "RepositoryName": "theirs"})


def test_a_connection_may_be_used_and_nothing_else_of_it(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    source = Source.code_connections(CONNECTION, "acme", "churn", "main")

    template = template_with(stack, project, source)

    has_source(
        template,
        "CodeStarSourceConnection",
        {"ConnectionArn": CONNECTION, "FullRepositoryId": "acme/churn", "BranchName": "main"},
    )
    role_may(template, "codeconnections:UseConnection", "codestar-connections:UseConnection")


def test_a_zip_file_in_s3_starts_the_pipeline_when_it_changes(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    bucket = s3.Bucket(stack, "Code", versioned=True, event_bridge_enabled=False)

    template = template_with(stack, project, Source.s3(bucket, "code.zip"))

    has_source(template, "S3", {"S3ObjectKey": "code.zip", "PollForSourceChanges": False})
    template.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"object": {"key": ["code.zip"]}},
            }
        },
    )
    role_may(template, "s3:GetObject", "s3:GetObjectVersion")


def test_the_revision_of_a_source_is_fit_for_an_image_tag(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    bucket = s3.Bucket(stack, "Code", versioned=True)

    assert Source.code_connections(CONNECTION, "acme", "churn").revision == "#{Source.CommitId}"
    assert Source.s3(bucket, "code.zip").revision == "v#{Source.VersionId}"


def test_the_arn_of_something_else_is_rejected() -> None:
    with pytest.raises(ValueError, match="connection_arn: got 'arn:aws:s3:::bucket'; allowed is"):
        Source.code_connections("arn:aws:s3:::bucket", "acme", "churn")


def test_an_arn_that_only_cloudformation_knows_is_not_validated() -> None:
    Source.code_connections(cdk.Fn.import_value("Connection"), "acme", "churn")


def test_all_empty_names_are_reported_together() -> None:
    with pytest.raises(
        ValueError, match=r"owner: got an empty text(.|\n)*repository: got an empty text"
    ):
        Source.code_connections(CONNECTION, "", "")


def test_an_empty_key_or_branch_is_rejected(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="key: got an empty text"):
        Source.s3(s3.Bucket(stack, "Code"), "")
    repository = codecommit.Repository(stack, "Repository", repository_name="code")
    with pytest.raises(ValueError, match="branch: got an empty text"):
        Source.code_commit(repository, "")
