"""Pipelines whose actions are made for the tests, and how to look at them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)
from rehearsal.services.codepipeline.records import Revision
from tests.rehearsal.fakes import ROLE


class Workshop:
    """A source and a build action; `build` fails, or waits, as a test says."""

    def __init__(self) -> None:
        self.builds: list[dict[str, str]] = []
        self.failing = False
        self.open = threading.Event()
        self.open.set()

    def source(self, action: ActionRun) -> ActionResult:
        location = action.store.new_location(action.pipeline, "Code")
        revision = action.requested_revision or "c0ffee"
        return ActionResult(
            outputs={"Code": location},
            variables={"CommitId": revision},
            revision=Revision(identifier=revision, summary="A commit"),
        )

    def build(self, action: ActionRun) -> ActionResult:
        self.builds.append(dict(action.configuration))
        action.report(external_id="build-1")
        while not self.open.is_set():
            action.pause(0.01)
        if self.failing:
            raise ActionFailedError("it does not compile")
        return ActionResult(variables={"Version": "7"}, summary="built")


def action_provider(category: str, provider: str, run: Any, outputs: int) -> ActionProvider:
    return ActionProvider(
        category=category,
        provider=provider,
        run=run,
        required=frozenset(),
        inputs=(0, 1),
        outputs=(outputs, outputs),
    )


def action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, **more}


def pipeline_of(mode: str = "QUEUED", *later: dict[str, Any]) -> dict[str, Any]:
    source = action(
        "Source",
        "Source",
        "CodeCommit",
        configuration={
            "RepositoryName": "demo",
            "BranchName": "main",
            "PollForSourceChanges": "false",
        },
        outputArtifacts=[{"name": "Code"}],
        namespace="Source",
    )
    build = action(
        "Build",
        "Build",
        "CodeBuild",
        configuration={"ProjectName": "p-#{Source.CommitId}-#{variables.Stage}"},
        inputArtifacts=[{"name": "Code"}],
        namespace="Build",
    )
    return {
        "name": "demo",
        "roleArn": ROLE,
        "pipelineType": "V2",
        "executionMode": mode,
        "artifactStore": {"type": "S3", "location": "store"},
        "variables": [{"name": "Stage", "defaultValue": "staging"}],
        "stages": [
            {"name": "Source", "actions": [source]},
            {"name": "Build", "actions": [build]},
            *later,
        ],
    }


APPROVE = {"name": "Approve", "actions": [action("Ask", "Approval", "Manual")]}


def wait_for(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def wait_for_builds(workshop: Workshop, count: int) -> None:
    wait_for(lambda: len(workshop.builds) >= count)


def ended(codepipeline: Any, execution_id: str) -> Any:
    def look() -> Any:
        found = codepipeline.get_pipeline_execution(
            pipelineName="demo", pipelineExecutionId=execution_id
        )["pipelineExecution"]
        return found if found["status"] not in {"InProgress", "Stopping"} else None

    return wait_for(look)


def first_execution(codepipeline: Any) -> str:
    found = codepipeline.list_pipeline_executions(pipelineName="demo")
    return str(found["pipelineExecutionSummaries"][-1]["pipelineExecutionId"])


def start(codepipeline: Any, **request: Any) -> str:
    return str(codepipeline.start_pipeline_execution(name="demo", **request)["pipelineExecutionId"])


def stage_state(codepipeline: Any, name: str) -> Any:
    stages = codepipeline.get_pipeline_state(name="demo")["stageStates"]
    return next(stage for stage in stages if stage["stageName"] == name)
