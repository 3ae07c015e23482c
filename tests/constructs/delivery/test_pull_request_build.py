"""Builds of pull requests, which run code that anyone may have written."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from mlops_constructs.delivery import ProjectResources, PullRequestBuild, Source

CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/0c8f"


def build_of(
    stack: cdk.Stack, project: ProjectResources, source: Source, **options: Any
) -> PullRequestBuild:
    return PullRequestBuild(
        stack, "PullRequests", name="pull-requests", project=project, source=source, **options
    )


def test_a_connection_starts_a_dedicated_pipeline(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    build = build_of(
        stack, project, Source.code_connections(CONNECTION, "team", "churn"), target_branch="dev"
    )

    assert build.pipeline is not None
    git = {
        "SourceActionName": "Source",
        "PullRequest": [{"Branches": {"Includes": ["dev"]}, "Events": ["OPEN", "UPDATED"]}],
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::CodePipeline::Pipeline",
        {
            "Name": "pull-requests",
            "ExecutionMode": "PARALLEL",
            "Triggers": [{"ProviderType": "CodeStarSourceConnection", "GitConfiguration": git}],
        },
    )


def test_codecommit_starts_the_build_by_an_event(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    repository = codecommit.Repository(stack, "Repository", repository_name="churn")
    build = build_of(stack, project, Source.code_commit(repository))

    assert build.pipeline is None
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::CodePipeline::Pipeline", 0)
    template.has_resource_properties(
        "AWS::CodeBuild::Project",
        {
            "Source": Match.object_like({"Type": "CODECOMMIT"}),
            "Artifacts": {"Type": "NO_ARTIFACTS"},
        },
    )
    template.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": Match.object_like(
                {
                    "detail-type": ["CodeCommit Pull Request State Change"],
                    "detail": {
                        "event": ["pullRequestCreated", "pullRequestSourceBranchUpdated"],
                        "destinationReference": ["refs/heads/main"],
                    },
                }
            ),
            "Targets": [
                Match.object_like(
                    {
                        "InputTransformer": Match.object_like(
                            {"InputTemplate": Match.string_like_regexp('.*"sourceVersion":.*')}
                        )
                    }
                )
            ],
        },
    )


@pytest.mark.parametrize("kind", ["connection", "code_commit"])
def test_the_build_can_read_code_and_write_its_log_only(
    stack: cdk.Stack, project: ProjectResources, kind: str
) -> None:
    if kind == "connection":
        source = Source.code_connections(CONNECTION, "team", "churn")
    else:
        repository = codecommit.Repository.from_repository_name(stack, "Repository", "churn")
        source = Source.code_commit(repository)
    build_of(stack, project, source)

    roles = Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")
    of_build = [one for name, one in roles.items() if "BuildRole" in name]
    assert of_build
    allowed = {
        action
        for policy in of_build
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert allowed <= {
        "codecommit:GitPull",
        "kms:Decrypt",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:GetObjectVersion",
    }, json.dumps(sorted(allowed))


def test_a_source_without_pull_requests_is_rejected(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Zip", "zip")
    with pytest.raises(ValueError, match="source: got one without pull requests"):
        build_of(stack, project, Source.s3(bucket, "code.zip"))
    connection = Source.code_connections(CONNECTION, "team", "churn")
    with pytest.raises(ValueError, match="target_branch: got an empty name"):
        PullRequestBuild(
            stack, "Other", name="x", project=project, source=connection, target_branch=""
        )
