"""Pipelines are created, updated and asked for; errors have AWS's codes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.codepipeline import CodePipeline
from tests.rehearsal.fakes import ROLE, SCOPE, FakePlatform
from tests.rehearsal.services.codepipeline.workshop import (
    APPROVE,
    ended,
    first_execution,
    pipeline_of,
    start,
)


def test_an_update_is_a_new_version_for_new_executions(codepipeline: Any) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    first = first_execution(codepipeline)
    ended(codepipeline, first)
    assert (
        codepipeline.update_pipeline(pipeline=pipeline_of("QUEUED", APPROVE))["pipeline"]["version"]
        == 2
    )
    assert codepipeline.get_pipeline(name="demo", version=1)["pipeline"]["version"] == 1
    execution_id = start(codepipeline)
    found = codepipeline.get_pipeline_execution(
        pipelineName="demo", pipelineExecutionId=execution_id
    )
    assert found["pipelineExecution"]["pipelineVersion"] == 2


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("get_pipeline", {"name": "no"}, "PipelineNotFoundException"),
        ("get_pipeline", {"name": "demo", "version": 9}, "PipelineVersionNotFoundException"),
        ("create_pipeline", {"pipeline": pipeline_of()}, "PipelineNameInUseException"),
        (
            "get_pipeline_execution",
            {"pipelineName": "demo", "pipelineExecutionId": "x"},
            "PipelineExecutionNotFoundException",
        ),
        (
            "disable_stage_transition",
            {"pipelineName": "demo", "stageName": "no", "transitionType": "Inbound", "reason": "x"},
            "StageNotFoundException",
        ),
        (
            "start_pipeline_execution",
            {"name": "demo", "variables": [{"name": "Other", "value": "x"}]},
            "ValidationException",
        ),
        (
            "start_pipeline_execution",
            {
                "name": "demo",
                "sourceRevisions": [
                    {"actionName": "X", "revisionType": "COMMIT_ID", "revisionValue": "y"}
                ],
            },
            "ValidationException",
        ),
        ("list_pipelines", {"nextToken": "x"}, "InvalidNextTokenException"),
        ("tag_resource", {"resourceArn": "arn:x", "tags": []}, "ResourceNotFoundException"),
    ],
)
def test_errors_have_awss_codes(
    codepipeline: Any, operation: str, request_: dict[str, Any], code: str
) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    with pytest.raises(ClientError) as error:
        getattr(codepipeline, operation)(**deepcopy(request_))
    assert error.value.response["Error"]["Code"] == code


def test_a_pipeline_needs_permission_to_pass_its_role(
    codepipeline: Any, platform: FakePlatform
) -> None:
    platform.denied.add(("iam:PassRole", ROLE))
    with pytest.raises(ClientError, match="iam:PassRole"):
        codepipeline.create_pipeline(pipeline=pipeline_of())


def test_iam_is_asked_about_pipelines_stages_and_actions(service: CodePipeline) -> None:
    def arn(name: str) -> list[str]:
        return [SCOPE.arn("codepipeline", name)]

    stage = {"pipelineName": "demo", "stageName": "Build"}
    approval = stage | {"actionName": "Ask"}
    ask = service.resource_arns
    assert ask("CreatePipeline", {"pipeline": {"name": "demo"}}, SCOPE) == arn("demo")
    assert ask("StartPipelineExecution", {"name": "demo"}, SCOPE) == arn("demo")
    assert ask("RetryStageExecution", stage, SCOPE) == arn("demo/Build")
    assert ask("PutApprovalResult", approval, SCOPE) == arn("demo/Build/Ask")
    assert ask("ListPipelines", {}, SCOPE) == ["*"]
