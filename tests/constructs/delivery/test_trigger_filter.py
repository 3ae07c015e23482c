"""Filters of pushes and pull requests, and their limits in AWS."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk.assertions import Match, Template

from mlops_constructs.delivery import (
    DeliveryPipeline,
    PipelineStage,
    ProjectResources,
    PullRequestEvent,
    Source,
    TriggerFilter,
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


def test_filters_of_a_connection_are_triggers_and_replace_the_detection_of_changes(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    filters = [
        TriggerFilter.branches("main", excludes=["old/**"], paths=["model/**"]),
        TriggerFilter.tags("v*", excludes=["v0*"]),
        TriggerFilter.pull_requests("main", events=[PullRequestEvent.CLOSED]),
    ]
    source = Source.code_connections(CONNECTION, "team", "churn", filters=filters)

    template_with(stack, project, source).has_resource_properties(
        "AWS::CodePipeline::Pipeline",
        {
            "Triggers": [
                {
                    "ProviderType": "CodeStarSourceConnection",
                    "GitConfiguration": {
                        "SourceActionName": "Source",
                        "Push": [
                            {
                                "Branches": {"Includes": ["main"], "Excludes": ["old/**"]},
                                "FilePaths": {"Includes": ["model/**"]},
                            },
                            {"Tags": {"Includes": ["v*"], "Excludes": ["v0*"]}},
                        ],
                        "PullRequest": [{"Events": ["CLOSED"], "Branches": {"Includes": ["main"]}}],
                    },
                }
            ],
            "Stages": Match.array_with(
                [
                    Match.object_like(
                        {
                            "Actions": [
                                Match.object_like(
                                    {"Configuration": Match.object_like({"DetectChanges": False})}
                                )
                            ]
                        }
                    )
                ]
            ),
        },
    )


def test_filters_of_codecommit_are_rules_that_hand_over_the_pushed_commit(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    repository = codecommit.Repository(stack, "Repository", repository_name="churn")
    filters = [
        TriggerFilter.branches("main", "release/**", excludes=["release/old**"]),
        TriggerFilter.tags("v**"),
    ]

    template = template_with(stack, project, Source.code_commit(repository, filters=filters))

    template.resource_count_is("AWS::Events::Rule", 2)
    transformer = Match.object_like(
        {
            "InputPathsMap": {"detail-commitId": "$.detail.commitId"},
            "InputTemplate": Match.string_like_regexp('.*"revisionType":"COMMIT_ID".*'),
        }
    )
    for detail in (
        {
            "referenceType": ["branch"],
            "referenceName": ["main", {"wildcard": "release/*"}],
            "referenceFullName": [{"anything-but": {"wildcard": ["refs/heads/release/old*"]}}],
        },
        {"referenceType": ["tag"], "referenceName": [{"wildcard": "v*"}]},
    ):
        template.has_resource_properties(
            "AWS::Events::Rule",
            {
                "EventPattern": Match.object_like({"detail": Match.object_like(detail)}),
                "Targets": [Match.object_like({"InputTransformer": transformer})],
            },
        )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TriggerFilter.branches(), "got no pattern of branches"),
        (lambda: TriggerFilter.tags(), "got no pattern of tags"),
        (lambda: TriggerFilter.branches(paths=["a"]), "got no pattern of branches"),
        (lambda: TriggerFilter.branches(*"abcdefghi"), "includes: got 9 patterns"),
        (lambda: TriggerFilter.branches("a", excludes=[*"abcdefghi"]), "excludes: got 9"),
        (lambda: TriggerFilter.branches("a", paths=[*"abcdefghi"]), "paths: got 9"),
        (lambda: TriggerFilter.branches("a" * 256), "256 characters"),
        (lambda: TriggerFilter.branches(""), "0 characters"),
        (lambda: TriggerFilter.pull_requests("main", events=[]), "events: got none"),
    ],
)
def test_a_filter_outside_of_awss_limits_is_rejected(
    make: Callable[[], TriggerFilter], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_a_source_takes_three_filters_of_a_kind() -> None:
    pushes = [TriggerFilter.tags("v*")] * 4
    with pytest.raises(ValueError, match="filters: got 4 of pushes"):
        Source.code_connections(CONNECTION, "team", "churn", filters=pushes)
    Source.code_connections(
        CONNECTION, "team", "churn", filters=[*pushes[:3], *[TriggerFilter.pull_requests("a")] * 3]
    )


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (TriggerFilter.branches("main", paths=["model/**"]), "do not contain the changed files"),
        (TriggerFilter.branches("feature/*"), "EventBridge does not support"),
        (TriggerFilter.branches("main", excludes=["a?"]), "EventBridge does not support"),
        (TriggerFilter.tags("v[0-9]"), "EventBridge does not support"),
        (TriggerFilter.pull_requests("main"), "use PullRequestBuild"),
    ],
)
def test_a_filter_that_codecommit_events_do_not_support_is_rejected(
    stack: cdk.Stack, one: TriggerFilter, words: str
) -> None:
    repository: Any = codecommit.Repository.from_repository_name(stack, "Repository", "churn")
    with pytest.raises(ValueError, match=words):
        Source.code_commit(repository, filters=[one])
