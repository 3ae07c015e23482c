"""Executions of one pipeline wait for, supersede or overtake each other, and stop."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.services.codepipeline.workshop import (
    Workshop,
    ended,
    first_execution,
    pipeline_of,
    stage_state,
    start,
    wait_for,
    wait_for_builds,
)


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


def test_a_deleted_pipeline_stops_silently(codepipeline: Any, workshop: Workshop) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=pipeline_of())
    wait_for(lambda: workshop.builds)
    codepipeline.delete_pipeline(name="demo")
    codepipeline.delete_pipeline(name="demo")
    assert codepipeline.list_pipelines()["pipelines"] == []
