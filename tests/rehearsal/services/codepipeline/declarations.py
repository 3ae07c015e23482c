"""A sound declaration of a pipeline, and how a test sees that a change makes it unsound."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from rehearsal.framework.platform import AwsError
from rehearsal.framework.rules.rule import Call
from rehearsal.services.codepipeline.declaration_rules import check_declaration
from rehearsal.services.codepipeline.request_rules import CODEPIPELINE

REGION = "us-east-1"
STRUCTURE, STAGE, ACTION = (
    "InvalidStructureException",
    "InvalidStageDeclarationException",
    "InvalidActionDeclarationException",
)

Change = Callable[[dict[str, Any]], Any]


def action(
    name: str, category: str, provider: str, configuration: dict[str, str], **more: Any
) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, "configuration": configuration, **more}


PIPELINE: dict[str, Any] = {
    "name": "demo",
    "roleArn": "arn:aws:iam::111111111111:role/pipeline",
    "pipelineType": "V2",
    "artifactStore": {"type": "S3", "location": "store"},
    "variables": [{"name": "Stage", "defaultValue": "staging"}],
    "stages": [
        {
            "name": "Source",
            "actions": [
                action(
                    "Source",
                    "Source",
                    "CodeCommit",
                    {
                        "RepositoryName": "demo",
                        "BranchName": "main",
                        "PollForSourceChanges": "false",
                    },
                    outputArtifacts=[{"name": "Code"}],
                    namespace="Source",
                )
            ],
        },
        {
            "name": "Build",
            "actions": [
                action(
                    "Build",
                    "Build",
                    "CodeBuild",
                    {"ProjectName": "demo-#{variables.Stage}"},
                    inputArtifacts=[{"name": "Code"}],
                    outputArtifacts=[{"name": "Out"}],
                    namespace="Build",
                ),
                action(
                    "Image",
                    "Build",
                    "ECRBuildAndPublish",
                    {"ECRRepositoryName": "demo", "ImageTags": "#{Source.CommitId}"},
                    inputArtifacts=[{"name": "Code"}],
                ),
            ],
        },
    ],
}


def source_of(pipeline: dict[str, Any]) -> Any:
    return pipeline["stages"][0]["actions"][0]


def build_of(pipeline: dict[str, Any]) -> Any:
    return pipeline["stages"][1]["actions"][0]


def check(pipeline: dict[str, Any]) -> None:
    """Validates a pipeline as CreatePipeline does."""
    CODEPIPELINE.enforce(Call("CreatePipeline", {"pipeline": pipeline}))
    check_declaration(pipeline, REGION)


def is_rejected(change: Change, code: str, words: str) -> None:
    """Asserts that the sound pipeline, changed, is rejected with this exception and these words."""
    pipeline = deepcopy(PIPELINE)
    change(pipeline)
    with pytest.raises(AwsError) as error:
        check(pipeline)
    assert error.value.code == code
    assert words in error.value.message
