"""Executions move through stages as AWS's do; the actions here are made for the tests."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.codepipeline import CodePipeline
from tests.rehearsal.aws.codepipeline.workshop import (
    APPROVE,
    Workshop,
    ended,
    first_execution,
    pipeline_of,
    stage_state,
    start,
    wait_for,
    wait_for_builds,
)
from tests.rehearsal.fakes import CALLER, ROLE, SCOPE, FakePlatform


def test_a_new_pipeline_starts_once_and_its_variables_reach_the_actions(
    codepipeline: Any, workshop: Workshop, platform: FakePlatform
) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    over = ended(codepipeline, first_execution(codepipeline))
    assert over["status"] == "Succeeded"
    assert over["trigger"]["triggerType"] == "CreatePipeline"
    assert workshop.builds == [{"ProjectName": "p-c0ffee-staging"}]
    wait_for(lambda: len(platform.events_of("CodePipeline Pipeline Execution State Change")) == 2)
    states = platform.events_of("CodePipeline Pipeline Execution State Change")
    assert [item["state"] for item in states] == ["STARTED", "SUCCEEDED"]
    actions = platform.events_of("CodePipeline Action Execution State Change")
    assert [(item["action"], item["state"]) for item in actions] == [
        ("Source", "STARTED"),
        ("Source", "SUCCEEDED"),
        ("Build", "STARTED"),
        ("Build", "SUCCEEDED"),
    ]


def test_an_execution_takes_variables_and_revisions(codepipeline: Any, workshop: Workshop) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    execution_id = start(
        codepipeline,
        variables=[{"name": "Stage", "value": "prod"}],
        sourceRevisions=[
            {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "beef"}
        ],
    )
    over = ended(codepipeline, execution_id)
    assert over["variables"] == [{"name": "Stage", "resolvedValue": "prod"}]
    assert over["artifactRevisions"][0]["revisionId"] == "beef"
    assert workshop.builds[-1] == {"ProjectName": "p-beef-prod"}


def test_one_token_starts_one_execution(codepipeline: Any) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    assert start(codepipeline, clientRequestToken="t") == start(
        codepipeline, clientRequestToken="t"
    )


def test_a_failed_action_fails_the_execution_and_can_be_retried(
    codepipeline: Any, workshop: Workshop
) -> None:
    workshop.failing = True
    codepipeline.create_pipeline(pipeline=pipeline_of())
    execution_id = first_execution(codepipeline)
    assert ended(codepipeline, execution_id)["status"] == "Failed"
    state = stage_state(codepipeline, "Build")
    assert state["latestExecution"]["status"] == "Failed"
    error = state["actionStates"][0]["latestExecution"]["errorDetails"]
    assert error == {"code": "JobFailed", "message": "it does not compile"}

    workshop.failing = False
    codepipeline.retry_stage_execution(
        pipelineName="demo",
        stageName="Build",
        pipelineExecutionId=execution_id,
        retryMode="FAILED_ACTIONS",
    )
    wait_for(lambda: stage_state(codepipeline, "Build")["latestExecution"]["status"] == "Succeeded")
    assert ended(codepipeline, execution_id)["status"] == "Succeeded"
    assert len(workshop.builds) == 2
    with pytest.raises(ClientError) as refused:
        codepipeline.retry_stage_execution(
            pipelineName="demo",
            stageName="Build",
            pipelineExecutionId=execution_id,
            retryMode="ALL_ACTIONS",
        )
    assert refused.value.response["Error"]["Code"] == "StageNotRetryableException"


def test_a_stage_may_retry_itself_once(codepipeline: Any, workshop: Workshop) -> None:
    workshop.failing = True
    pipeline = pipeline_of()
    pipeline["stages"][1]["onFailure"] = {"result": "RETRY"}
    codepipeline.create_pipeline(pipeline=pipeline)
    assert ended(codepipeline, first_execution(codepipeline))["status"] == "Failed"
    assert len(workshop.builds) == 2


def test_an_action_whose_role_cannot_be_assumed_says_so(
    codepipeline: Any, platform: FakePlatform
) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    ended(codepipeline, first_execution(codepipeline))
    platform.denied.add(("sts:AssumeRole", ROLE))
    execution_id = start(codepipeline)
    assert ended(codepipeline, execution_id)["status"] == "Failed"
    error = stage_state(codepipeline, "Source")["actionStates"][0]["latestExecution"][
        "errorDetails"
    ]
    assert error["code"] == "PermissionError"
    arn = codepipeline.get_pipeline(name="demo")["metadata"]["pipelineArn"]
    assert set(platform.assumed) == {("codepipeline.amazonaws.com", arn)}


def test_queued_executions_take_turns(codepipeline: Any, workshop: Workshop) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=pipeline_of("QUEUED"))
    first, second = first_execution(codepipeline), start(codepipeline)
    wait_for(lambda: stage_state(codepipeline, "Build").get("inboundExecution"))
    waiting = stage_state(codepipeline, "Build")["inboundExecution"]
    assert waiting["pipelineExecutionId"] == second
    assert len(workshop.builds) == 1
    workshop.open.set()
    assert ended(codepipeline, first)["status"] == "Succeeded"
    assert ended(codepipeline, second)["status"] == "Succeeded"


def test_a_newer_execution_supersedes_the_one_that_waits(
    codepipeline: Any, workshop: Workshop
) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=pipeline_of("SUPERSEDED"))
    first, second = first_execution(codepipeline), start(codepipeline)
    wait_for(lambda: stage_state(codepipeline, "Build").get("inboundExecution"))
    third = start(codepipeline)
    assert ended(codepipeline, second)["status"] == "Superseded"
    workshop.open.set()
    assert ended(codepipeline, first)["status"] == "Succeeded"
    assert ended(codepipeline, third)["status"] == "Succeeded"


def test_parallel_executions_do_not_wait(codepipeline: Any, workshop: Workshop) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=pipeline_of("PARALLEL"))
    start(codepipeline)
    wait_for(lambda: len(workshop.builds) == 2)
    workshop.open.set()


def test_a_disabled_transition_holds_executions_back(codepipeline: Any) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    ended(codepipeline, first_execution(codepipeline))
    codepipeline.disable_stage_transition(
        pipelineName="demo", stageName="Build", transitionType="Inbound", reason="freeze"
    )
    execution_id = start(codepipeline)
    wait_for(lambda: stage_state(codepipeline, "Build").get("inboundExecution"))
    assert (
        stage_state(codepipeline, "Build")["inboundTransitionState"]["disabledReason"] == "freeze"
    )
    codepipeline.enable_stage_transition(
        pipelineName="demo", stageName="Build", transitionType="Inbound"
    )
    assert ended(codepipeline, execution_id)["status"] == "Succeeded"


def test_stopping_waits_for_actions_unless_they_are_abandoned(
    codepipeline: Any, workshop: Workshop
) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    ended(codepipeline, first_execution(codepipeline))
    workshop.open.clear()
    for abandon, status in ((False, "Succeeded"), (True, "Abandoned")):
        workshop.open.clear()
        count = len(workshop.builds)
        execution_id = start(codepipeline)
        wait_for_builds(workshop, count + 1)
        codepipeline.stop_pipeline_execution(
            pipelineName="demo", pipelineExecutionId=execution_id, abandon=abandon, reason="enough"
        )
        if not abandon:
            with pytest.raises(ClientError) as error:
                codepipeline.stop_pipeline_execution(
                    pipelineName="demo", pipelineExecutionId=execution_id
                )
            assert error.value.response["Error"]["Code"] == "DuplicatedStopRequestException"
            workshop.open.set()
        assert ended(codepipeline, execution_id)["status"] == "Stopped"
        action = stage_state(codepipeline, "Build")["actionStates"][0]["latestExecution"]
        assert action["status"] == status


@pytest.mark.parametrize(
    ("decision", "status"), [("Approved", "Succeeded"), ("Rejected", "Failed")]
)
def test_a_person_decides(codepipeline: Any, decision: str, status: str) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of("QUEUED", APPROVE))
    execution_id = first_execution(codepipeline)

    def asked() -> Any:
        action = stage_state(codepipeline, "Approve")["actionStates"][0]
        return action.get("latestExecution", {}).get("token")

    answer = {
        "pipelineName": "demo",
        "stageName": "Approve",
        "actionName": "Ask",
        "token": wait_for(asked),
        "result": {"status": decision, "summary": "because"},
    }
    with pytest.raises(ClientError) as error:
        codepipeline.put_approval_result(**answer | {"token": "wrong"})
    assert error.value.response["Error"]["Code"] == "InvalidApprovalTokenException"
    codepipeline.put_approval_result(**answer)
    assert ended(codepipeline, execution_id)["status"] == status
    action = stage_state(codepipeline, "Approve")["actionStates"][0]["latestExecution"]
    assert action["summary"] == "because"
    assert action["lastUpdatedBy"] == CALLER.caller_arn
    assert "token" not in action


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


def test_a_deleted_pipeline_stops_silently(codepipeline: Any, workshop: Workshop) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=pipeline_of())
    wait_for(lambda: workshop.builds)
    codepipeline.delete_pipeline(name="demo")
    codepipeline.delete_pipeline(name="demo")
    assert codepipeline.list_pipelines()["pipelines"] == []


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
