"""A training whose package is deployed while its last step still runs."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from rich.console import Console

from rehearsal.client import pipeline_watcher
from rehearsal.client.errors import RehearsalError
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board, Status
from rehearsal.client.project import Project
from rehearsal.story import summary, training
from rehearsal.story.steps import Steps
from tests.rehearsal import loop_responses as given
from tests.rehearsal.stubbed_aws import StubbedAws

CHAPTER = ("model-build",)
TRACK = (*CHAPTER, "Train", "Train", "Track")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    monkeypatch.setattr(pipeline_watcher, "POLL_SECONDS", 0)
    monkeypatch.setattr(training, "LOOK_SECONDS", 0)
    board = Board(Console(file=io.StringIO()))
    return Steps(board, Commands(), summary.begin("demo"))


@pytest.fixture
def project() -> Project:
    return Project("demo", "p-1", {"ModelBuildPipelineName": "demo-model-build"})


def state(status: str, track: str) -> dict[str, Any]:
    """The responses about an execution of the build pipeline after Register.

    Args:
        status: status of the execution and of its train build.
        track: status of the step Track.
    """
    ended = status != "InProgress"
    train = given.action("Train", "Train", status, 0, 30, external_id=given.BUILD)
    found = given.execution(status, train)
    inner = given.training(status if ended else "Executing")
    step = {"StepName": "Track", "StepStatus": track, "StartTime": given.at(21)}
    inner["ListPipelineExecutionSteps"] = {"PipelineExecutionSteps": [*given.steps(), step]}

    def list_executions(request: Mapping[str, Any]) -> Mapping[str, Any]:
        asked: Mapping[str, Any] = (inner if "PipelineName" in request else found)[
            "ListPipelineExecutions"
        ]
        return asked

    return {**found, **inner, "ListPipelineExecutions": list_executions}


def begin(steps: Steps, aws: StubbedAws, project: Project) -> training.Training:
    with steps.board.begun(*CHAPTER):
        return steps.train(aws, project, "e-1", CHAPTER, recorded=False)


def test_a_package_can_be_approved_while_the_training_still_tracks_it(
    steps: Steps, project: Project
) -> None:
    aws = StubbedAws(**state("InProgress", "Executing"))
    found = begin(steps, aws, project)
    assert found.package == given.PACKAGE_ARN
    assert steps.board.rows[CHAPTER].status is Status.RUNNING
    assert steps.board.rows[TRACK].status is Status.RUNNING


def test_a_package_is_not_there_before_its_step_has_succeeded(
    steps: Steps, project: Project
) -> None:
    early = state("InProgress", "Executing")
    registering = [
        {**step, "StepStatus": "Executing"} if step["StepName"] == "Register" else step
        for step in given.steps()
    ]
    aws = StubbedAws(
        **early
        | {
            "ListPipelineExecutionSteps": [
                {"PipelineExecutionSteps": registering},
                early["ListPipelineExecutionSteps"],
            ]
        }
    )
    begin(steps, aws, project)
    assert len(aws.asked("ListPipelineExecutionSteps")) == 2


@pytest.mark.parametrize(
    "follow",
    [lambda found: found.look(), lambda found: found.finish()],
    ids=["beside the deployment", "at the end"],
)
def test_its_chapter_ends_when_its_execution_has_ended(
    steps: Steps, project: Project, follow: Callable[[training.Training], object]
) -> None:
    aws = StubbedAws(**state("InProgress", "Executing"))
    found = begin(steps, aws, project)
    aws.given.update(state("Succeeded", "Succeeded"))
    follow(found)
    row = steps.board.rows[CHAPTER]
    assert (row.status, row.ended) == (Status.SUCCEEDED, given.at(30).timestamp())
    assert steps.board.rows[TRACK].status is Status.SUCCEEDED
    steps.finish(aws, found)
    # The build ended with the training, so it is measured only now.
    assert "Train / Train" in {interval.name for interval in steps.intervals}
    assert row.ended == given.at(30).timestamp()


def test_a_step_that_fails_after_the_registration_fails_the_run(
    steps: Steps, project: Project
) -> None:
    aws = StubbedAws(
        **state("InProgress", "Executing"),
        DescribeLogStreams={"logStreams": []},
        GetLogEvents={"events": []},
        FilterLogEvents={"events": []},
    )
    found = begin(steps, aws, project)
    aws.given.update(state("Failed", "Failed"))
    with pytest.raises(RehearsalError, match="demo-model-build failed"):
        steps.finish(aws, found)
    assert steps.board.rows[CHAPTER].status is Status.FAILED
    assert steps.board.rows[TRACK].status is Status.FAILED


def test_a_chapter_with_further_steps_goes_on(steps: Steps, project: Project) -> None:
    aws = StubbedAws(**state("Succeeded", "Succeeded"))
    with steps.board.step(*CHAPTER):
        found = steps.train(aws, project, "e-1", CHAPTER, recorded=False, ends_chapter=False)
        steps.finish(aws, found)
        assert steps.board.rows[CHAPTER].status is Status.RUNNING
    assert steps.board.rows[CHAPTER].status is Status.SUCCEEDED


def test_a_deployment_shows_the_training_that_still_runs(steps: Steps, project: Project) -> None:
    aws = StubbedAws(**state("InProgress", "Executing"))
    found = begin(steps, aws, project)
    aws.given.update(state("Succeeded", "Succeeded"))
    watcher = pipeline_watcher.PipelineWatcher(aws, steps.board)
    running, ended = state("InProgress", "Executing"), state("Succeeded", "Succeeded")
    calls = ("GetPipelineExecution", "ListActionExecutions")
    # The deployment is looked at first and last, the training in between.
    aws.given.update({name: [running[name], ended[name]] for name in calls})
    watcher.follow("demo-model-deploy", "e-2", ("model-deploy",), beside=found.look)
    assert steps.board.rows[TRACK].status is Status.SUCCEEDED
    assert steps.board.rows[CHAPTER].status is Status.SUCCEEDED
