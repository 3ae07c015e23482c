"""Progress of a pipeline and its training, and compute time."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rehearsal.client import pipeline_execution, pipeline_watcher, training_pipeline
from rehearsal.client.errors import RehearsalError
from rehearsal.client.pipeline_execution import Obstacle
from rehearsal.client.pipeline_watcher import PipelineWatcher, WatchedExecution
from rehearsal.client.progress import Board, Status
from rehearsal.story import compute_time
from rehearsal.story.compute_time import Interval, covered
from tests.rehearsal.loop_responses import (
    BUILD,
    EXECUTION_ARN,
    PACKAGE_ARN,
    START,
    action,
    execution,
    training,
    trial,
)
from tests.rehearsal.stubbed_aws import StubbedAws, aws_error

ROW = ("model-build",)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    monkeypatch.setattr(pipeline_watcher, "POLL_SECONDS", 0)
    monkeypatch.setattr(pipeline_watcher, "TRIGGER_SECONDS", 0)
    return Board(Console(file=Path(os.devnull).open("w")))


def responses(status: str, *actions: dict[str, Any], train: str = "Succeeded") -> dict[str, Any]:
    """The responses about an execution and its training; both have ListPipelineExecutions."""
    found, inner = execution(status, *actions), training(train)

    def list_executions(request: Any) -> dict[str, Any]:
        asked = inner if "PipelineName" in request else found
        return dict(asked["ListPipelineExecutions"])

    return {**found, **inner, "ListPipelineExecutions": list_executions}


def whole(status: str = "Succeeded") -> dict[str, Any]:
    return responses(
        status,
        action("Train", "Train", "Succeeded", 0, 30, external_id=BUILD),
        action("Source", "Source", "Succeeded", -3, -2, category="Source"),
        action("Build", "Image", "Succeeded", -2, 2, external_id="image"),
    )


def test_an_execution_is_followed_to_its_end_with_its_training_inside(board: Board) -> None:
    watched = PipelineWatcher(StubbedAws(**whole()), board).follow("demo-model-build", "e-1", ROW)
    assert watched.execution.status is Status.SUCCEEDED
    watched.require_success()
    assert [row.path[1:] for row in board.ordered()] == [
        ("Source",),
        ("Source", "Source"),
        ("Build",),
        ("Build", "Image"),
        ("Train",),
        ("Train", "Train"),
        ("Train", "Train", "Preprocess"),
        ("Train", "Train", "Tune"),
        ("Train", "Train", "Tune", "trial 1"),
        ("Train", "Train", "Tune", "trial 2"),
        ("Train", "Train", "Tune", "trial 3"),
        ("Train", "Train", "CheckQuality"),
        ("Train", "Train", "Register"),
    ]
    tune = board.rows[*ROW, "Train", "Train", "Tune"]
    assert (tune.status, tune.detail) == (Status.SUCCEEDED, "best auc 0.99")
    assert tune.seconds(0) == pytest.approx(11)
    trials = [board.rows[*ROW, "Train", "Train", "Tune", f"trial {n}"] for n in (1, 3)]
    assert trials[0].detail == "auc 0.97  eta 0.1235, max_depth 4"
    assert trials[1].status is Status.FAILED


def test_a_stage_that_is_not_reached_is_waiting(board: Board) -> None:
    running = responses("InProgress", action("Source", "Source", "InProgress", 0, 1))
    failed = execution("Failed", action("Source", "Source", "Failed", 0, 1, error="no such branch"))
    given = {**running, "GetPipelineExecution": [running["GetPipelineExecution"]]}
    given["GetPipelineExecution"].append(failed["GetPipelineExecution"])
    given["ListActionExecutions"] = [running["ListActionExecutions"]]
    given["ListActionExecutions"].append(failed["ListActionExecutions"])
    watched = PipelineWatcher(StubbedAws(**given), board).follow("demo-model-build", "e-1", ROW)
    assert board.rows[*ROW, "Train"].status is Status.WAITING
    assert board.rows[*ROW, "Source"].status is Status.FAILED
    with pytest.raises(RehearsalError, match="demo-model-build failed") as caught:
        watched.require_success()
    assert caught.value.why == "Source / Source: no such branch"


def test_following_ends_at_a_manual_approval(board: Board) -> None:
    waiting = action("Build", "Approval", "InProgress", 0, 1, category="Approval")
    watched = PipelineWatcher(StubbedAws(**responses("InProgress", waiting)), board).follow(
        "p", "e-1", ROW
    )
    assert watched.execution.approval
    assert watched.execution.approval.stage == "Build"
    assert board.rows[*ROW, "Build", "Approval"].status is Status.APPROVAL
    watched.require_success()


def test_an_approval_that_was_given_is_not_asked_for_again(board: Board) -> None:
    waiting = action("Build", "Approval", "InProgress", 0, 1, category="Approval")
    done = action("Build", "Approval", "Succeeded", 0, 2, category="Approval")
    given = responses("InProgress", waiting)
    watch = PipelineWatcher(StubbedAws(**given), board)
    seen = watch.follow("p", "e-1", ROW)
    later = responses("Succeeded", done)
    # The approval is not visible at once.
    for operation in ("ListActionExecutions", "GetPipelineExecution"):
        given[operation] = [given[operation], given[operation], later[operation]]
    watched = PipelineWatcher(StubbedAws(**given), board).follow("p", "e-1", ROW, seen=seen)
    assert watched.execution.status is Status.SUCCEEDED
    assert board.rows[*ROW, "Build", "Approval"].status is Status.SUCCEEDED


def test_the_execution_of_a_commit_is_found(board: Board) -> None:
    watch = PipelineWatcher(StubbedAws(**whole()), board)
    assert watch.wait_for_commit("demo-model-build", "c0ffee") == "e-1"
    assert watch.wait_for_new("demo-model-build", {"e-0"}) == "e-1"
    assert watch.known("demo-model-build") == {"e-1"}


def test_a_commit_or_an_approval_that_starts_nothing_is_reported(board: Board) -> None:
    watch = PipelineWatcher(StubbedAws(**whole()), board)
    with pytest.raises(RehearsalError, match="did not start"):
        watch.wait_for_commit("demo-model-build", "other")
    with pytest.raises(RehearsalError, match="was not started"):
        watch.wait_for_new("demo-model-build", {"e-1"})


def test_a_commit_that_could_not_be_fetched_is_reported_with_the_reason(board: Board) -> None:
    denied = action("Source", "Git", "Failed", 0, 1, category="Source", error="no GetBranch")
    given = responses("Failed", denied)
    with pytest.raises(RehearsalError, match="could not fetch commit 0ddba11") as caught:
        PipelineWatcher(StubbedAws(**given), board).wait_for_commit("demo-model-build", "0ddba11")
    assert caught.value.why == "Its newest execution, e-1, failed: Source / Git: no GetBranch"
    later = action("Build", "Test", "Failed", 0, 1, error="a test failed")
    with pytest.raises(RehearsalError, match="did not start"):
        PipelineWatcher(StubbedAws(**responses("Failed", later)), board).wait_for_commit(
            "p", "0ddba11"
        )


def test_a_commit_of_a_pipeline_without_executions_is_reported(board: Board) -> None:
    aws = StubbedAws(ListPipelineExecutions={"pipelineExecutionSummaries": []})
    with pytest.raises(RehearsalError, match="did not start"):
        PipelineWatcher(aws, board).wait_for_commit("demo-model-build", "0ddba11")


def test_a_pipeline_without_executions_has_no_latest_one() -> None:
    aws = StubbedAws(ListPipelineExecutions={"pipelineExecutionSummaries": []})
    with pytest.raises(RehearsalError, match="has no execution"):
        pipeline_execution.latest(aws.client("codepipeline"), "demo-model-build")


def test_only_running_executions_are_stopped() -> None:
    def summary(number: int, status: str) -> dict[str, Any]:
        return {"pipelineExecutionId": f"e-{number}", "status": status, "startTime": START}

    running = execution(
        "InProgress",
        action("Source", "Source", "Succeeded", 0, 1, category="Source", external_id="c0ffee"),
        action("Synth", "Synth", "InProgress", 1, 1, external_id=BUILD),
        action("Synth", "Image", "InProgress", 1, 1, external_id="image"),
        action("Synth", "Test", "Succeeded", 1, 1, external_id="test:1"),
    )
    aws = StubbedAws(
        **running
        | {
            "ListPipelineExecutions": {
                "pipelineExecutionSummaries": [summary(1, "Failed"), summary(2, "InProgress")]
            }
        },
        StopPipelineExecution={"pipelineExecutionId": "e-2"},
        StopBuild={"build": {"id": BUILD}},
    )
    clients = aws.client("codepipeline"), aws.client("codebuild")
    assert pipeline_execution.stop_running(*clients, "p", "why") == ["e-2"]
    assert aws.asked("StopPipelineExecution")[0]["abandon"] is True
    # An abandoned build goes on, and would take the time of the next one.
    assert [request["id"] for request in aws.asked("StopBuild")] == [BUILD]


def test_a_build_that_trains_nothing_has_no_training() -> None:
    aws = StubbedAws(BatchGetBuilds={"builds": []})
    clients = aws.client("sagemaker"), aws.client("codebuild")
    assert training_pipeline.find(*clients, BUILD) is None
    given = training()
    given["ListPipelineExecutions"] = aws_error("ResourceNotFound")
    aws = StubbedAws(**given)
    assert training_pipeline.find(aws.client("sagemaker"), aws.client("codebuild"), BUILD) is None


def test_a_training_has_its_package_and_trials() -> None:
    run = training_pipeline.read(StubbedAws(**training()).client("sagemaker"), EXECUTION_ARN)
    assert run.model_package == PACKAGE_ARN
    assert [trial.value for trial in run.trials] == [0.97, 0.99, None]
    best = training_pipeline.best_trial(run.trials)
    assert best
    assert best.name == "tune-1-2"
    assert training_pipeline.best_trial([]) is None
    assert [step.detail for step in run.steps][2:] == ["outcome True", "model-package/demo/1"]


def test_a_trial_that_failed_shows_its_reason() -> None:
    given = training()
    lost = {**trial(2, None), "FailureReason": "AlgorithmError: , exit code: 137 (SIGKILL)"}
    given["ListTrainingJobsForHyperParameterTuningJob"] = {
        "TrainingJobSummaries": [trial(1, 0.97), lost]
    }

    run = training_pipeline.read(StubbedAws(**given).client("sagemaker"), EXECUTION_ARN)

    good, bad = run.trials
    assert pipeline_watcher.trial_text(good) == "auc 0.97  eta 0.1235, max_depth 4"
    assert pipeline_watcher.trial_text(bad) == "AlgorithmError: , exit code: 137 (SIGKILL)"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(None, "no output for 9 min"), (3, "no output for 3 min"), (0, None)],
    ids=["never", "hangs", "works"],
)
def test_a_running_job_shows_how_long_it_has_written_nothing(
    board: Board, minutes: int | None, text: str | None
) -> None:
    job = "arn:aws:sagemaker:us-east-1:111111111111:training-job/train-1"
    now = datetime.now(UTC)
    given = responses(
        "InProgress", action("Train", "Train", "InProgress", 0, 30, external_id=BUILD)
    )
    given["ListPipelineExecutionSteps"] = {
        "PipelineExecutionSteps": [
            {
                "StepName": "Train",
                "StepStatus": "Executing",
                "StartTime": now - timedelta(minutes=9),
                "Metadata": {"TrainingJob": {"Arn": job}},
            }
        ]
    }
    stream: dict[str, Any] = {"logStreamName": "train-1/algo-1-1"}
    if minutes is not None:
        last = now - timedelta(minutes=minutes)
        stream["lastEventTimestamp"] = int(last.timestamp() * 1000)
    aws = StubbedAws(**given, DescribeLogStreams={"logStreams": [stream]})
    watcher = PipelineWatcher(aws, board)
    execution = pipeline_execution.read(aws.client("codepipeline"), "demo-model-build", "e-1")
    watched = WatchedExecution(execution)

    watcher.show(watched, ROW)
    watcher.show(watched, ROW)

    row = board.rows[(*ROW, "Train", "Train", "Train")]
    assert row.detail == (text or "")
    asked = [request for name, request in aws.calls if name == "DescribeLogStreams"]
    assert len(asked) == 1


def test_a_callback_step_that_waits_shows_its_token() -> None:
    given = training("Executing")
    given["ListPipelineExecutionSteps"] = {
        "PipelineExecutionSteps": [
            {
                "StepName": "Review",
                "StepStatus": "Executing",
                "Metadata": {"Callback": {"CallbackToken": "abcdefghij", "SqsQueueUrl": "q"}},
            }
        ]
    }

    run = training_pipeline.read(StubbedAws(**given).client("sagemaker"), EXECUTION_ARN)

    assert run.steps[0].detail == "waits for a call with the token abcdefghij"


def test_a_fail_step_has_its_message() -> None:
    given = training("Failed")
    given["ListPipelineExecutionSteps"] = {
        "PipelineExecutionSteps": [
            {
                "StepName": "QualityBelowThreshold",
                "StepStatus": "Failed",
                "Metadata": {"Fail": {"ErrorMessage": "auc 0.5 is below 0.9"}},
            }
        ]
    }
    run = training_pipeline.read(StubbedAws(**given).client("sagemaker"), EXECUTION_ARN)
    assert run.status is Status.FAILED
    assert run.steps[0].detail == "auc 0.5 is below 0.9"
    assert run.model_package is None


def test_overlapping_intervals_count_once() -> None:
    intervals = [
        Interval("job", "a", 10, 20),
        Interval("job", "b", 15, 25),
        Interval("build", "c", 30, 40),
        Interval("build", "d", 0, 5),
    ]
    assert covered(intervals, (12, 35)) == 18
    assert covered([], (0, 10)) == 0


def test_jobs_and_builds_are_measured_as_aws_recorded_them() -> None:
    aws = StubbedAws(**whole())
    run = pipeline_execution.read(aws.client("codepipeline"), "demo-model-build", "e-1")
    found = training_pipeline.read(aws.client("sagemaker"), EXECUTION_ARN)
    measured = compute_time.measure(aws, WatchedExecution(run, {BUILD: found}))
    spans = {
        interval.name: (interval.started - START.timestamp(), interval.ended - START.timestamp())
        for interval in measured
    }
    assert spans["Preprocess"] == (5, 8)
    assert spans["tune-1-2"] == (12, 14)
    assert spans["Build / Image"] == (-2, 2)  # no CodeBuild build: the action's own times
    assert spans["Train / Train"] == (1, 4)  # until the first step of the training starts


def inbound(*, enabled: bool = True, waits: bool = True) -> dict[str, Any]:
    """The state of a pipeline in which execution e-1 waits to enter stage Build."""
    action_state = {"status": "InProgress", **({"token": "t"} if waits else {})}
    return {
        "stageStates": [
            {
                "stageName": "Build",
                "inboundExecutions": [{"pipelineExecutionId": "e-1", "status": "InProgress"}],
                "inboundTransitionState": {"enabled": enabled, "disabledReason": "release freeze"},
                "latestExecution": {"pipelineExecutionId": "e-0", "status": "InProgress"},
                "actionStates": [{"actionName": "Approve", "latestExecution": action_state}],
            }
        ]
    }


def blocked(state: dict[str, Any]) -> StubbedAws:
    done = action("Source", "Source", "Succeeded", 0, 1, category="Source")
    return StubbedAws(**responses("InProgress", done), GetPipelineState=state)


def test_following_ends_behind_an_execution_that_waits_for_approval(board: Board) -> None:
    watched = PipelineWatcher(blocked(inbound()), board).follow("demo-model-build", "e-1", ROW)
    assert watched.obstacle == Obstacle("Build", execution_id="e-0")


def test_following_ends_before_a_stage_whose_transition_is_disabled(board: Board) -> None:
    aws = blocked(inbound(enabled=False))
    watched = PipelineWatcher(aws, board).follow("demo-model-build", "e-1", ROW)
    assert watched.obstacle == Obstacle("Build", reason="release freeze")


def test_an_execution_that_works_in_the_stage_is_waited_for() -> None:
    codepipeline = blocked(inbound(waits=False)).client("codepipeline")
    assert pipeline_execution.obstacle(codepipeline, "demo-model-build", "e-1") is None
    other = blocked(inbound()).client("codepipeline")
    assert pipeline_execution.obstacle(other, "demo-model-build", "e-2") is None
