"""From `git push` to a deployed stack, on the real server with IAM in force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def _executions(delivery: Any) -> list[Any]:
    found = delivery.client("codepipeline").list_pipeline_executions(pipelineName="demo")
    return list(found["pipelineExecutionSummaries"])


def _ended(delivery: Any, execution_id: str) -> Any:
    def look() -> Any:
        shown = delivery.client("codepipeline").get_pipeline_execution(
            pipelineName="demo", pipelineExecutionId=execution_id
        )["pipelineExecution"]
        return shown if shown["status"] not in {"InProgress", "Stopping"} else None

    return delivery.wait("the end of the execution", look)


def _actions(delivery: Any, execution_id: str) -> dict[str, Any]:
    details = delivery.client("codepipeline").list_action_executions(
        pipelineName="demo", filter={"pipelineExecutionId": execution_id}
    )["actionExecutionDetails"]
    return {item["actionName"]: item for item in details}


def _errors(delivery: Any, execution_id: str) -> dict[str, str]:
    return {
        name: item["output"]["executionResult"]["errorDetails"]["message"]
        for name, item in _actions(delivery, execution_id).items()
        if item["status"] == "Failed"
    }


def _approve(delivery: Any, execution_id: str, *, status: str = "Approved") -> None:
    pipeline = delivery.client("codepipeline")

    def waiting() -> Any:
        actions = _actions(delivery, execution_id)
        if any(item["status"] == "Failed" for item in actions.values()):
            pytest.fail(str(actions))
        state = pipeline.get_pipeline_state(name="demo")["stageStates"][-1]
        if state.get("latestExecution", {}).get("pipelineExecutionId") != execution_id:
            return None
        return state["actionStates"][0].get("latestExecution", {}).get("token")

    token = delivery.wait("the approval", waiting)
    pipeline.put_approval_result(
        pipelineName="demo",
        stageName="Deploy",
        actionName="Approve",
        token=token,
        result={"status": status, "summary": "looks right"},
    )


def _push(delivery: Any, checkout: Path, files: dict[str, str], message: str) -> str:
    """Commits and pushes; returns the execution that the push started."""
    before = {item["pipelineExecutionId"] for item in _executions(delivery)}
    for name, text in files.items():
        (checkout / name).write_text(text)
    delivery.git("commit", "-q", "-a", "-m", message, directory=checkout)
    pushed = delivery.git("push", "-q", "origin", "main", directory=checkout)
    assert pushed.returncode == 0, pushed.stderr
    started = delivery.wait(
        "an execution",
        lambda: [e for e in _executions(delivery) if e["pipelineExecutionId"] not in before],
    )
    assert started[0]["trigger"]["triggerType"] == "CloudWatchEvent"
    return str(started[0]["pipelineExecutionId"])


@pytest.fixture(scope="module")
def checkout(delivery: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("checkout")
    cloned = delivery.git("clone", "-q", delivery.clone_url, ".", directory=directory)
    assert cloned.returncode == 0, cloned.stderr
    return directory


def test_a_new_pipeline_runs_once_by_itself_up_to_the_approval(delivery: Any) -> None:
    first = _executions(delivery)[-1]
    assert first["trigger"]["triggerType"] == "CreatePipeline"
    _approve(delivery, first["pipelineExecutionId"])
    ended = _ended(delivery, first["pipelineExecutionId"])
    assert ended["status"] == "Succeeded", _errors(delivery, first["pipelineExecutionId"])


def test_a_push_is_built_approved_and_deployed(delivery: Any, checkout: Path) -> None:
    execution_id = _push(delivery, checkout, {"VERSION": "2\n"}, "Second version")
    _approve(delivery, execution_id)
    ended = _ended(delivery, execution_id)

    assert ended["status"] == "Succeeded", _errors(delivery, execution_id)
    head = delivery.git("rev-parse", "HEAD", directory=checkout).stdout.strip()
    assert ended["artifactRevisions"][0]["revisionId"] == head
    actions = _actions(delivery, execution_id)
    assert actions["Source"]["output"]["outputVariables"]["CommitMessage"] == "Second version\n"
    assert actions["Build"]["output"]["outputVariables"] == {"VERSION": "v-2"}
    assert actions["Deploy"]["output"]["outputVariables"] == {"Value": "v-2"}
    value = delivery.client("ssm").get_parameter(Name="demo-deployed")["Parameter"]["Value"]
    assert value == "v-2"


def test_the_log_of_a_build_is_in_cloudwatch_in_aws_words(delivery: Any, checkout: Path) -> None:
    codebuild = delivery.client("codebuild")
    build_id = codebuild.list_builds_for_project(projectName="demo-build")["ids"][0]
    build = codebuild.batch_get_builds(ids=[build_id])["builds"][0]
    events = delivery.client("logs").get_log_events(
        logGroupName=build["logs"]["groupName"], logStreamName=build["logs"]["streamName"]
    )["events"]
    lines = [event["message"] for event in events]

    head = build["resolvedSourceVersion"]
    assert f"hello world from {head}" in lines
    assert any(
        line.startswith("[Container]") and "Running command sh check.sh" in line for line in lines
    )
    assert build["initiator"] == "codepipeline/demo"
    phases = {phase["phaseType"]: phase.get("phaseStatus") for phase in build["phases"]}
    assert phases.pop("COMPLETED") is None
    assert set(phases.values()) == {"SUCCEEDED"}


def test_a_failing_command_turns_the_pipeline_red_and_says_why(
    delivery: Any, checkout: Path
) -> None:
    broken = {"check.sh": "echo 'error: the check does not hold' >&2\nexit 3\n"}
    execution_id = _push(delivery, checkout, broken, "Break it")
    assert _ended(delivery, execution_id)["status"] == "Failed"

    error = _actions(delivery, execution_id)["Build"]["output"]["executionResult"]["errorDetails"]
    assert error["code"] == "JobFailed"
    for part in ("BUILD", "COMMAND_EXECUTION_ERROR", "sh check.sh", "exit status 3"):
        assert part in error["message"]
    assert "error: the check does not hold" in error["message"]


def test_a_failed_stage_can_be_retried(delivery: Any, checkout: Path) -> None:
    failed = _executions(delivery)[0]["pipelineExecutionId"]
    pipeline = delivery.client("codepipeline")
    pipeline.retry_stage_execution(
        pipelineName="demo",
        stageName="Build",
        pipelineExecutionId=failed,
        retryMode="FAILED_ACTIONS",
    )
    assert _ended(delivery, failed)["status"] == "Failed"
    builds = [
        item
        for item in pipeline.list_action_executions(
            pipelineName="demo", filter={"pipelineExecutionId": failed}
        )["actionExecutionDetails"]
        if item["actionName"] == "Build"
    ]
    assert len(builds) == 2


def test_a_rejected_approval_ends_the_execution_as_failed(delivery: Any, checkout: Path) -> None:
    execution_id = _push(delivery, checkout, {"check.sh": "exit 0\n"}, "Repair it")
    _approve(delivery, execution_id, status="Rejected")
    assert _ended(delivery, execution_id)["status"] == "Failed"
    error = _actions(delivery, execution_id)["Approve"]["output"]["executionResult"]
    assert "looks right" in error["errorDetails"]["message"]
    assert "Deploy" not in _actions(delivery, execution_id)


def test_a_stack_that_cannot_be_deployed_names_the_resource_and_the_reason(
    delivery: Any, checkout: Path
) -> None:
    template = (checkout / "deployed.template.json").read_text()
    forbidden = template.replace("demo-deployed", "elsewhere")
    changed = {"deployed.template.json": forbidden}
    execution_id = _push(delivery, checkout, changed, "Deploy elsewhere")
    _approve(delivery, execution_id)
    assert _ended(delivery, execution_id)["status"] == "Failed"
    result = _actions(delivery, execution_id)["Deploy"]["output"]["executionResult"]
    message = result["errorDetails"]["message"]
    assert "Deployed" in message
    assert "ssm:PutParameter" in message
