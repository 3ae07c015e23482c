"""Stages that go back to their last success, by a rule, a failure or a person."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.codepipeline.checks import (
    Alarms,
    condition,
    prod_only,
    rule,
    with_checks,
)
from tests.rehearsal.services.codepipeline.workshop import (
    Workshop,
    ended,
    first_execution,
    pipeline_of,
    stage_state,
    start,
    wait_for,
)


def test_an_alarm_that_comes_while_it_is_watched_rolls_the_stage_back(
    codepipeline: Any, workshop: Workshop, platform: FakePlatform
) -> None:
    watch = rule("CloudWatchAlarm", AlarmName="errors")
    platform.clients["cloudwatch"] = alarms = Alarms("OK")
    codepipeline.create_pipeline(pipeline=with_checks(onSuccess=condition("ROLLBACK", watch)))
    good = first_execution(codepipeline)
    assert ended(codepipeline, good)["status"] == "Succeeded"

    alarms.states = ["ALARM", "OK"]
    bad = start(codepipeline, sourceRevisions=[_commit("bad")])
    assert ended(codepipeline, bad)["status"] == "Failed"
    rollback = wait_for(lambda: _rollback(codepipeline))
    over = ended(codepipeline, rollback)
    assert over["status"] == "Succeeded"
    assert over["executionType"] == "ROLLBACK"
    assert over["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": good}
    assert over["trigger"] == {"triggerType": "AutomatedRollback", "triggerDetail": bad}
    assert [build["ProjectName"] for build in workshop.builds] == [
        "p-c0ffee-staging",
        "p-bad-staging",
        "p-c0ffee-staging",
    ]
    assert stage_state(codepipeline, "Build")["latestExecution"]["type"] == "ROLLBACK"


def test_a_failed_stage_rolls_back_to_its_last_success(
    codepipeline: Any, workshop: Workshop
) -> None:
    codepipeline.create_pipeline(pipeline=with_checks(onFailure={"result": "ROLLBACK"}))
    good = first_execution(codepipeline)
    ended(codepipeline, good)
    workshop.failing = True
    bad = start(codepipeline)
    assert ended(codepipeline, bad)["status"] == "Failed"
    rollback = wait_for(lambda: _rollback(codepipeline))
    # What it goes back to fails, too: that is not rolled back again.
    assert ended(codepipeline, rollback)["status"] == "Failed"
    assert len(codepipeline.list_pipeline_executions(pipelineName="demo")[SUMMARIES]) == 3


def test_without_a_success_there_is_nothing_to_go_back_to(
    codepipeline: Any, workshop: Workshop
) -> None:
    workshop.failing = True
    codepipeline.create_pipeline(pipeline=with_checks(onFailure={"result": "ROLLBACK"}))
    over = ended(codepipeline, first_execution(codepipeline))
    assert over["status"] == "Failed"
    assert "cannot be rolled back" in over["statusSummary"]


def test_a_condition_may_keep_a_failed_stage_from_rolling_back(
    codepipeline: Any, workshop: Workshop
) -> None:
    codepipeline.create_pipeline(
        pipeline=with_checks(onFailure=condition("ROLLBACK", prod_only("EQ", "staging")))
    )
    ended(codepipeline, first_execution(codepipeline))
    workshop.failing = True
    ended(codepipeline, start(codepipeline))
    assert _rollback(codepipeline) is None


def test_a_person_rolls_a_stage_back(codepipeline: Any, workshop: Workshop) -> None:
    codepipeline.create_pipeline(pipeline=pipeline_of())
    good = first_execution(codepipeline)
    ended(codepipeline, good)
    wanted = {"pipelineName": "demo", "targetPipelineExecutionId": good}
    made = codepipeline.rollback_stage(stageName="Build", **wanted)["pipelineExecutionId"]
    over = ended(codepipeline, made)
    assert over["status"] == "Succeeded"
    assert over["trigger"]["triggerType"] == "ManualRollback"
    assert "Source" not in {item["stageName"] for item in _actions(codepipeline, made)}

    with pytest.raises(ClientError, match="has sources"):
        codepipeline.rollback_stage(stageName="Source", **wanted)
    with pytest.raises(ClientError, match="is a rollback itself"):
        codepipeline.rollback_stage(
            stageName="Build", pipelineName="demo", targetPipelineExecutionId=made
        )
    codepipeline.update_pipeline(pipeline=pipeline_of())
    with pytest.raises(ClientError) as error:
        codepipeline.rollback_stage(stageName="Build", **wanted)
    assert error.value.response["Error"]["Code"] == "PipelineExecutionOutdatedException"


SUMMARIES = "pipelineExecutionSummaries"


def _commit(revision: str) -> dict[str, str]:
    return {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": revision}


def _rollback(codepipeline: Any) -> str | None:
    for found in codepipeline.list_pipeline_executions(pipelineName="demo")[SUMMARIES]:
        if found["executionType"] == "ROLLBACK":
            return str(found["pipelineExecutionId"])
    return None


def _actions(codepipeline: Any, execution_id: str) -> Any:
    return codepipeline.list_action_executions(
        pipelineName="demo", filter={"pipelineExecutionId": execution_id}
    )["actionExecutionDetails"]
