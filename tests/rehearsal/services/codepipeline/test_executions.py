"""Executions move through stages as AWS's do; the actions here are made for the tests."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import CALLER, ROLE, FakePlatform
from tests.rehearsal.services.codepipeline.workshop import (
    APPROVE,
    Workshop,
    ended,
    first_execution,
    pipeline_of,
    stage_state,
    start,
    wait_for,
)


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
