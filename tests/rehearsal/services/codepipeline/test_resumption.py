"""Executions after the end of the server: what waited goes on, what worked has failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.framework.persistence import KeptState
from rehearsal.framework.service import INTERRUPTED
from rehearsal.services.codepipeline import CodePipeline
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient
from tests.rehearsal.services.codepipeline.workshop import (
    Workshop,
    action,
    ended,
    first_execution,
    pipeline_of,
    stage_state,
    start,
    wait_for,
    wait_for_builds,
)

Restart = Callable[[], tuple[Any, list[str]]]


@pytest.fixture
def restart(service: CodePipeline, tmp_path: Path) -> Iterator[Restart]:
    """Starts a service with the state of the one so far; returns its client and its report."""
    made: list[CodePipeline] = []

    def begin() -> tuple[Any, list[str]]:
        KeptState({"codepipeline": service}, service.platform).save(tmp_path / "state")
        service.close()
        platform = FakePlatform(tmp_path)
        made.append(CodePipeline(platform))
        KeptState({"codepipeline": made[0]}, platform).load(tmp_path / "state")
        return ServiceClient(made[0], CALLER), list(made[0].resume())

    yield begin
    for one in made:
        one.close()


def with_approval(mode: str) -> dict[str, Any]:
    pipeline = pipeline_of(mode)
    approval = action("Approve", "Approval", "Manual")
    pipeline["stages"].insert(1, {"name": "Staging", "actions": [approval]})
    return pipeline


def token(codepipeline: Any) -> str | None:
    for one in stage_state(codepipeline, "Staging").get("actionStates", []):
        if found := one.get("latestExecution", {}).get("token"):
            return str(found)
    return None


def approve(codepipeline: Any) -> None:
    wait_for(lambda: token(codepipeline))
    codepipeline.put_approval_result(
        pipelineName=pipeline_of("QUEUED")["name"],
        stageName="Staging",
        actionName="Approve",
        token=token(codepipeline),
        result={"status": "Approved", "summary": "good"},
    )


def test_a_build_that_ran_has_failed_and_its_stage_can_be_retried(
    codepipeline: Any, workshop: Workshop, restart: Restart
) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=pipeline_of("QUEUED"))
    first = first_execution(codepipeline)
    wait_for_builds(workshop, 1)
    found, report = restart()
    workshop.open.set()

    execution = ended(found, first)
    assert execution["status"] == "Failed"
    assert execution["statusSummary"] == INTERRUPTED
    assert any(first in line for line in report)
    actions = found.list_action_executions(
        pipelineName=execution["pipelineName"], filter={"pipelineExecutionId": first}
    )["actionExecutionDetails"]
    details = {one["actionName"]: one for one in actions}
    result = details["Build"]["output"]["executionResult"]
    assert result["errorDetails"]["message"] == INTERRUPTED
    found.retry_stage_execution(
        pipelineName=execution["pipelineName"],
        stageName="Build",
        pipelineExecutionId=first,
        retryMode="FAILED_ACTIONS",
    )
    assert ended(found, first)["status"] == "Succeeded"


def test_an_approval_waits_again_with_another_token(
    codepipeline: Any, workshop: Workshop, restart: Restart
) -> None:
    codepipeline.create_pipeline(pipeline=with_approval("QUEUED"))
    first = first_execution(codepipeline)
    wait_for(lambda: token(codepipeline))
    before = token(codepipeline)
    found, report = restart()

    assert report == []
    wait_for(lambda: token(found))
    assert token(found) != before
    approve(found)
    assert ended(found, first)["status"] == "Succeeded"
    assert len(workshop.builds) == 1


@pytest.mark.parametrize("mode", ["QUEUED", "SUPERSEDED"])
def test_what_waited_behind_an_approval_enters_after_it(
    codepipeline: Any, restart: Restart, mode: str
) -> None:
    codepipeline.create_pipeline(pipeline=with_approval(mode))
    first = first_execution(codepipeline)
    wait_for(lambda: token(codepipeline))
    second = start(codepipeline)
    wait_for(lambda: stage_state(codepipeline, "Staging").get("inboundExecution"))
    found, report = restart()

    assert report == []
    wait_for(lambda: stage_state(found, "Staging").get("inboundExecution"))
    assert stage_state(found, "Staging")["inboundExecution"]["pipelineExecutionId"] == second
    approve(found)
    assert ended(found, first)["status"] == "Succeeded"
    approve(found)
    assert ended(found, second)["status"] == "Succeeded"


def test_an_execution_that_was_being_stopped_is_stopped(
    codepipeline: Any, workshop: Workshop, restart: Restart
) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=pipeline_of("QUEUED"))
    first = first_execution(codepipeline)
    wait_for_builds(workshop, 1)
    codepipeline.stop_pipeline_execution(
        pipelineName=pipeline_of("QUEUED")["name"], pipelineExecutionId=first, reason="enough"
    )
    found, _ = restart()
    workshop.open.set()
    assert ended(found, first)["status"] == "Stopped"
