"""Waits for a pipeline, an approval or an endpoint, each of which ends."""

from typing import Any

import pytest

from rehearsal.client import waiting
from rehearsal.client.errors import RehearsalError
from rehearsal.client.project import Project
from rehearsal.client.waiting import Goal, Wait
from tests.rehearsal.loop_responses import START, action, execution
from tests.rehearsal.stubbed_aws import StubbedAws, aws_error

DEMO = Project(
    "demo",
    "p-1",
    {"ModelBuildPipelineName": "demo-model-build", "ModelDeployPipelineName": "demo-model-deploy"},
)
APPROVAL = action("Staging", "Approve", "InProgress", 0, 1, category="Approval")
WORKS = action("Staging", "Deploy", "InProgress", 0, 1)
FAILED = action("Staging", "Deploy", "Failed", 0, 1, error="no permission")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)


def endpoint(status: str, **more: Any) -> dict[str, Any]:
    return {
        "EndpointName": "demo-prod",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111111111111:endpoint/demo-prod",
        "EndpointStatus": status,
        "CreationTime": START,
        "LastModifiedTime": START,
        **more,
    }


def wait(goal: Goal, stage: str = "", seconds: float = 60, **given: Any) -> dict[str, Any]:
    return Wait(StubbedAws(**given), DEMO, goal, stage, seconds).run()


def sequence(*states: dict[str, Any]) -> dict[str, Any]:
    """The responses to several polls."""
    return {name: [state[name] for state in states] for name in states[0]}


def test_it_waits_until_a_stage_waits_for_approval() -> None:
    given = sequence(execution("InProgress", WORKS), execution("InProgress", APPROVAL))
    found = wait(Goal.APPROVAL, "staging", **given)
    assert (found["stage"], found["execution"]) == ("Staging", "e-1")


def test_a_failed_pipeline_ends_each_wait_with_the_reason() -> None:
    given = execution("Failed", FAILED) | {"DescribeEndpoint": aws_error("ValidationException")}
    for goal in Goal:
        with pytest.raises(RehearsalError, match="failed") as caught:
            wait(goal, **given)
        assert "Staging / Deploy: no permission" in caught.value.why
        assert "e-1" in caught.value.why


@pytest.mark.parametrize("status", ["Stopped", "Superseded", "Cancelled"])
def test_an_execution_that_was_ended_ends_the_wait(status: str) -> None:
    with pytest.raises(RehearsalError, match="stopped"):
        wait(Goal.DEPLOY, **execution(status))


def test_another_approval_ends_the_wait_and_is_named() -> None:
    given = execution("InProgress", APPROVAL) | {"DescribeEndpoint": endpoint("InService")}
    for goal, stage in ((Goal.DEPLOY, ""), (Goal.ENDPOINT, "prod"), (Goal.APPROVAL, "Prod")):
        with pytest.raises(RehearsalError, match="waits for an approval in stage Staging") as c:
            wait(goal, stage, **given)
        assert c.value.remedy == "Run `rehearse approve demo --stage Staging`."


def test_an_approval_that_nothing_waits_for_is_an_error() -> None:
    with pytest.raises(RehearsalError, match="waits for no approval"):
        wait(Goal.APPROVAL, **execution("Succeeded"))


def test_it_waits_until_the_endpoint_of_the_newest_execution_serves() -> None:
    given = sequence(
        execution("InProgress", WORKS), execution("InProgress", WORKS), execution("Succeeded")
    )
    # The endpoint of an earlier execution serves from the beginning.
    states = [endpoint("InService"), endpoint("Updating"), endpoint("InService")]
    assert wait(Goal.ENDPOINT, **given, DescribeEndpoint=states)["endpoint"] == "demo-prod"


def test_the_endpoint_of_a_stage_serves_before_its_approval() -> None:
    given = execution("InProgress", APPROVAL)
    found = wait(Goal.ENDPOINT, "Staging", **given, DescribeEndpoint=endpoint("InService"))
    assert found["endpoint"] == "demo-staging"


def test_a_failed_endpoint_ends_the_wait_with_its_reason() -> None:
    failed = endpoint("Failed", FailureReason="no module xgboost")
    with pytest.raises(RehearsalError, match="demo-prod failed") as caught:
        wait(Goal.ENDPOINT, **execution("InProgress", WORKS), DescribeEndpoint=failed)
    assert caught.value.why == "no module xgboost"


def test_an_endpoint_that_a_pipeline_did_not_create_is_an_error() -> None:
    missing = aws_error("ValidationException")
    with pytest.raises(RehearsalError, match="no endpoint demo-canary"):
        wait(Goal.ENDPOINT, "canary", **execution("Succeeded"), DescribeEndpoint=missing)


@pytest.mark.parametrize("goal", list(Goal))
def test_the_time_limit_ends_each_wait_and_says_where_it_is(goal: Goal) -> None:
    given = execution("InProgress", WORKS) | {"DescribeEndpoint": endpoint("Creating")}
    with pytest.raises(RehearsalError, match="was not reached within 0 s") as caught:
        wait(goal, seconds=0, **given)
    assert "Staging / Deploy" in caught.value.why


def test_a_pipeline_without_an_execution_is_an_error() -> None:
    nothing: dict[str, Any] = {"pipelineExecutionSummaries": []}
    with pytest.raises(RehearsalError, match="has no execution"):
        wait(Goal.BUILD, ListPipelineExecutions=nothing)
