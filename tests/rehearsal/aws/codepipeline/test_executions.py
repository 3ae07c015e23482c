"""Executions move through stages as AWS's do; the actions here are made for the tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.codepipeline import CodePipeline
from rehearsal.execution import codepipeline_stage
from rehearsal.execution.action_manual_approval import MANUAL_APPROVAL
from rehearsal.execution.codepipeline_action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)
from rehearsal.execution.codepipeline_records import Revision
from tests.rehearsal.fakes import CALLER, ROLE, SCOPE, FakePlatform, ServiceClient


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


def _provider(category: str, provider: str, run: Any, outputs: int) -> ActionProvider:
    return ActionProvider(
        category=category,
        provider=provider,
        run=run,
        required=frozenset(),
        inputs=(0, 1),
        outputs=(outputs, outputs),
    )


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop()
    providers = (
        _provider("Source", "CodeCommit", made.source, 1),
        _provider("Build", "CodeBuild", made.build, 0),
        MANUAL_APPROVAL,
    )
    monkeypatch.setattr(
        codepipeline_stage, "PROVIDERS", {item.identifier: item for item in providers}
    )
    return made


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path)


@pytest.fixture
def service(platform: FakePlatform, workshop: Workshop) -> Iterator[CodePipeline]:
    service = CodePipeline(platform)
    yield service
    service.close()


@pytest.fixture
def codepipeline(service: CodePipeline) -> Any:
    return ServiceClient(service, CALLER)


def _action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, **more}


def _pipeline(mode: str = "QUEUED", *later: dict[str, Any]) -> dict[str, Any]:
    source = _action(
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
    build = _action(
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


APPROVE = {"name": "Approve", "actions": [_action("Ask", "Approval", "Manual")]}


def _wait(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def _wait_for_builds(workshop: Workshop, count: int) -> None:
    _wait(lambda: len(workshop.builds) >= count)


def _ended(codepipeline: Any, execution_id: str) -> Any:
    def look() -> Any:
        found = codepipeline.get_pipeline_execution(
            pipelineName="demo", pipelineExecutionId=execution_id
        )["pipelineExecution"]
        return found if found["status"] not in {"InProgress", "Stopping"} else None

    return _wait(look)


def _first(codepipeline: Any) -> str:
    found = codepipeline.list_pipeline_executions(pipelineName="demo")
    return str(found["pipelineExecutionSummaries"][-1]["pipelineExecutionId"])


def _start(codepipeline: Any, **request: Any) -> str:
    return str(codepipeline.start_pipeline_execution(name="demo", **request)["pipelineExecutionId"])


def _stage(codepipeline: Any, name: str) -> Any:
    stages = codepipeline.get_pipeline_state(name="demo")["stageStates"]
    return next(stage for stage in stages if stage["stageName"] == name)


def test_a_new_pipeline_starts_once_and_its_variables_reach_the_actions(
    codepipeline: Any, workshop: Workshop, platform: FakePlatform
) -> None:
    codepipeline.create_pipeline(pipeline=_pipeline())
    ended = _ended(codepipeline, _first(codepipeline))
    assert ended["status"] == "Succeeded"
    assert ended["trigger"]["triggerType"] == "CreatePipeline"
    assert workshop.builds == [{"ProjectName": "p-c0ffee-staging"}]
    _wait(lambda: len(platform.events_of("CodePipeline Pipeline Execution State Change")) == 2)
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
    codepipeline.create_pipeline(pipeline=_pipeline())
    execution_id = _start(
        codepipeline,
        variables=[{"name": "Stage", "value": "prod"}],
        sourceRevisions=[
            {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "beef"}
        ],
    )
    ended = _ended(codepipeline, execution_id)
    assert ended["variables"] == [{"name": "Stage", "resolvedValue": "prod"}]
    assert ended["artifactRevisions"][0]["revisionId"] == "beef"
    assert workshop.builds[-1] == {"ProjectName": "p-beef-prod"}


def test_one_token_starts_one_execution(codepipeline: Any) -> None:
    codepipeline.create_pipeline(pipeline=_pipeline())
    assert _start(codepipeline, clientRequestToken="t") == _start(
        codepipeline, clientRequestToken="t"
    )


def test_a_failed_action_fails_the_execution_and_can_be_retried(
    codepipeline: Any, workshop: Workshop
) -> None:
    workshop.failing = True
    codepipeline.create_pipeline(pipeline=_pipeline())
    execution_id = _first(codepipeline)
    assert _ended(codepipeline, execution_id)["status"] == "Failed"
    state = _stage(codepipeline, "Build")
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
    _wait(lambda: _stage(codepipeline, "Build")["latestExecution"]["status"] == "Succeeded")
    assert _ended(codepipeline, execution_id)["status"] == "Succeeded"
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
    pipeline = _pipeline()
    pipeline["stages"][1]["onFailure"] = {"result": "RETRY"}
    codepipeline.create_pipeline(pipeline=pipeline)
    assert _ended(codepipeline, _first(codepipeline))["status"] == "Failed"
    assert len(workshop.builds) == 2


def test_an_action_whose_role_cannot_be_assumed_says_so(
    codepipeline: Any, platform: FakePlatform
) -> None:
    codepipeline.create_pipeline(pipeline=_pipeline())
    _ended(codepipeline, _first(codepipeline))
    platform.denied.add(("sts:AssumeRole", ROLE))
    execution_id = _start(codepipeline)
    assert _ended(codepipeline, execution_id)["status"] == "Failed"
    error = _stage(codepipeline, "Source")["actionStates"][0]["latestExecution"]["errorDetails"]
    assert error["code"] == "PermissionError"
    arn = codepipeline.get_pipeline(name="demo")["metadata"]["pipelineArn"]
    assert set(platform.assumed) == {("codepipeline.amazonaws.com", arn)}


def test_queued_executions_take_turns(codepipeline: Any, workshop: Workshop) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=_pipeline("QUEUED"))
    first, second = _first(codepipeline), _start(codepipeline)
    _wait(lambda: _stage(codepipeline, "Build").get("inboundExecution"))
    waiting = _stage(codepipeline, "Build")["inboundExecution"]
    assert waiting["pipelineExecutionId"] == second
    assert len(workshop.builds) == 1
    workshop.open.set()
    assert _ended(codepipeline, first)["status"] == "Succeeded"
    assert _ended(codepipeline, second)["status"] == "Succeeded"


def test_a_newer_execution_supersedes_the_one_that_waits(
    codepipeline: Any, workshop: Workshop
) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=_pipeline("SUPERSEDED"))
    first, second = _first(codepipeline), _start(codepipeline)
    _wait(lambda: _stage(codepipeline, "Build").get("inboundExecution"))
    third = _start(codepipeline)
    assert _ended(codepipeline, second)["status"] == "Superseded"
    workshop.open.set()
    assert _ended(codepipeline, first)["status"] == "Succeeded"
    assert _ended(codepipeline, third)["status"] == "Succeeded"


def test_parallel_executions_do_not_wait(codepipeline: Any, workshop: Workshop) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=_pipeline("PARALLEL"))
    _start(codepipeline)
    _wait(lambda: len(workshop.builds) == 2)
    workshop.open.set()


def test_a_disabled_transition_holds_executions_back(codepipeline: Any) -> None:
    codepipeline.create_pipeline(pipeline=_pipeline())
    _ended(codepipeline, _first(codepipeline))
    codepipeline.disable_stage_transition(
        pipelineName="demo", stageName="Build", transitionType="Inbound", reason="freeze"
    )
    execution_id = _start(codepipeline)
    _wait(lambda: _stage(codepipeline, "Build").get("inboundExecution"))
    assert _stage(codepipeline, "Build")["inboundTransitionState"]["disabledReason"] == "freeze"
    codepipeline.enable_stage_transition(
        pipelineName="demo", stageName="Build", transitionType="Inbound"
    )
    assert _ended(codepipeline, execution_id)["status"] == "Succeeded"


def test_stopping_waits_for_actions_unless_they_are_abandoned(
    codepipeline: Any, workshop: Workshop
) -> None:
    codepipeline.create_pipeline(pipeline=_pipeline())
    _ended(codepipeline, _first(codepipeline))
    workshop.open.clear()
    for abandon, status in ((False, "Succeeded"), (True, "Abandoned")):
        workshop.open.clear()
        count = len(workshop.builds)
        execution_id = _start(codepipeline)
        _wait_for_builds(workshop, count + 1)
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
        assert _ended(codepipeline, execution_id)["status"] == "Stopped"
        action = _stage(codepipeline, "Build")["actionStates"][0]["latestExecution"]
        assert action["status"] == status


@pytest.mark.parametrize(
    ("decision", "status"), [("Approved", "Succeeded"), ("Rejected", "Failed")]
)
def test_a_person_decides(codepipeline: Any, decision: str, status: str) -> None:
    codepipeline.create_pipeline(pipeline=_pipeline("QUEUED", APPROVE))
    execution_id = _first(codepipeline)

    def asked() -> Any:
        action = _stage(codepipeline, "Approve")["actionStates"][0]
        return action.get("latestExecution", {}).get("token")

    answer = {
        "pipelineName": "demo",
        "stageName": "Approve",
        "actionName": "Ask",
        "token": _wait(asked),
        "result": {"status": decision, "summary": "because"},
    }
    with pytest.raises(ClientError) as error:
        codepipeline.put_approval_result(**answer | {"token": "wrong"})
    assert error.value.response["Error"]["Code"] == "InvalidApprovalTokenException"
    codepipeline.put_approval_result(**answer)
    assert _ended(codepipeline, execution_id)["status"] == status
    action = _stage(codepipeline, "Approve")["actionStates"][0]["latestExecution"]
    assert action["summary"] == "because"
    assert action["lastUpdatedBy"] == CALLER.caller_arn
    assert "token" not in action


def test_an_update_is_a_new_version_for_new_executions(codepipeline: Any) -> None:
    codepipeline.create_pipeline(pipeline=_pipeline())
    first = _first(codepipeline)
    _ended(codepipeline, first)
    assert (
        codepipeline.update_pipeline(pipeline=_pipeline("QUEUED", APPROVE))["pipeline"]["version"]
        == 2
    )
    assert codepipeline.get_pipeline(name="demo", version=1)["pipeline"]["version"] == 1
    execution_id = _start(codepipeline)
    found = codepipeline.get_pipeline_execution(
        pipelineName="demo", pipelineExecutionId=execution_id
    )
    assert found["pipelineExecution"]["pipelineVersion"] == 2


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("get_pipeline", {"name": "no"}, "PipelineNotFoundException"),
        ("get_pipeline", {"name": "demo", "version": 9}, "PipelineVersionNotFoundException"),
        ("create_pipeline", {"pipeline": _pipeline()}, "PipelineNameInUseException"),
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
    codepipeline.create_pipeline(pipeline=_pipeline())
    with pytest.raises(ClientError) as error:
        getattr(codepipeline, operation)(**deepcopy(request_))
    assert error.value.response["Error"]["Code"] == code


def test_a_pipeline_needs_permission_to_pass_its_role(
    codepipeline: Any, platform: FakePlatform
) -> None:
    platform.denied.add(("iam:PassRole", ROLE))
    with pytest.raises(ClientError, match="iam:PassRole"):
        codepipeline.create_pipeline(pipeline=_pipeline())


def test_a_deleted_pipeline_stops_silently(codepipeline: Any, workshop: Workshop) -> None:
    workshop.open.clear()
    codepipeline.create_pipeline(pipeline=_pipeline())
    _wait(lambda: workshop.builds)
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
