"""Start of the pipeline, and wait for its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_jobs.pipelines.execution import (
    MAX_WAIT_SECONDS,
    ExecutionError,
    Follower,
    put_pipeline,
    start,
)

TAGS = [
    {"Key": "sagemaker:project-name", "Value": "churn"},
    {"Key": "sagemaker:project-id", "Value": "p-abc123"},
]


@dataclass(frozen=True)
class Resources:
    """The resources of a project."""

    pipeline_name: str = "churn-train"
    role_arn: str = "arn:aws:iam::111122223333:role/churn-pipeline"
    commit: str = "0a1b2c3d4e"

    @property
    def tags(self) -> list[dict[str, str]]:
        return TAGS


@dataclass(frozen=True)
class Pages:
    """A paginator with one item on each page."""

    member: str
    items: list[dict[str, Any]]

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        return ({self.member: [item]} for item in self.items)


PROJECT = Resources()
EXECUTION = "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn-train/execution/abc123"
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


class ResourceNotFound(Exception):  # noqa: N818  boto3's name
    """The error of boto3's client."""


class SageMaker:
    """Returns one list of steps after the other."""

    class exceptions:  # noqa: N801  boto3's name
        ResourceNotFound = ResourceNotFound

    def __init__(self, *looks: tuple[str, list[dict[str, Any]]], exists: bool = True) -> None:
        self.looks, self.exists = list(looks), exists
        self.requests: list[dict[str, Any]] = []
        self.trials: list[dict[str, Any]] = []
        self.job: dict[str, Any] = {}

    def update_pipeline(self, **request: Any) -> dict[str, str]:
        if not self.exists:
            raise ResourceNotFound
        self.requests.append(request)
        return {"PipelineArn": "arn:updated"}

    def create_pipeline(self, **request: Any) -> dict[str, str]:
        self.requests.append(request)
        return {"PipelineArn": "arn:created"}

    def start_pipeline_execution(self, **request: Any) -> dict[str, str]:
        self.requests.append(request)
        return {"PipelineExecutionArn": EXECUTION}

    def describe_pipeline_execution(self, **request: Any) -> dict[str, str]:
        status, self.steps = self.looks.pop(0)
        return {"PipelineExecutionStatus": status, "FailureReason": "because"}

    def describe_processing_job(self, **request: Any) -> dict[str, Any]:
        assert request == {"ProcessingJobName": "preprocess-1"}
        return self.job

    def get_paginator(self, operation: str) -> Pages:
        if operation == "list_pipeline_execution_steps":
            return Pages("PipelineExecutionSteps", self.steps)
        assert operation == "list_training_jobs_for_hyper_parameter_tuning_job"
        return Pages("TrainingJobSummaries", self.trials)


def step(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"StepName": name, "StepStatus": status} | more


def follow(sagemaker: SageMaker) -> str:
    return Follower(sagemaker, EXECUTION, clock=lambda: 0, sleep=lambda _: None).follow()


def test_an_execution_that_outlives_the_build_is_named_and_goes_on() -> None:
    seconds = iter([0.0, 10.0, MAX_WAIT_SECONDS + 1.0])
    looks = [("Executing", [step("Preprocess", "Succeeded"), step("Tune", "Executing")])] * 2
    follower = Follower(
        SageMaker(*looks), EXECUTION, clock=lambda: next(seconds), sleep=lambda _: None
    )
    with pytest.raises(ExecutionError) as caught:
        follower.follow()
    assert "the build ends after 7.75 hours" in str(caught.value)
    assert "in step Tune" in str(caught.value)
    assert EXECUTION in str(caught.value)


def test_an_existing_pipeline_is_updated() -> None:
    sagemaker = SageMaker()
    assert put_pipeline(sagemaker, PROJECT, "{}") == "arn:updated"
    assert sagemaker.requests == [
        {
            "PipelineName": "churn-train",
            "PipelineDefinition": "{}",
            "RoleArn": PROJECT.role_arn,
        }
    ]


def test_a_new_pipeline_is_created_with_the_tags_of_the_project() -> None:
    sagemaker = SageMaker(exists=False)
    assert put_pipeline(sagemaker, PROJECT, "{}") == "arn:created"
    assert sagemaker.requests[0]["Tags"] == [
        {"Key": "sagemaker:project-name", "Value": "churn"},
        {"Key": "sagemaker:project-id", "Value": "p-abc123"},
    ]


def test_it_starts_with_parameters_and_the_commit_as_its_name() -> None:
    sagemaker = SageMaker()
    assert start(sagemaker, PROJECT, {"QualityThreshold": "0.5"}) == EXECUTION
    assert sagemaker.requests == [
        {
            "PipelineName": "churn-train",
            "PipelineExecutionDisplayName": "commit-0a1b2c3d",
            "PipelineParameters": [{"Name": "QualityThreshold", "Value": "0.5"}],
        }
    ]


def test_it_follows_to_the_registered_package(capsys: pytest.CaptureFixture[str]) -> None:
    times = {"StartTime": BEGIN, "EndTime": BEGIN + timedelta(seconds=3)}
    cached = step("Preprocess", "Succeeded", CacheHitResult={"Source": "arn"}, **times)
    tuning = {"Metadata": {"TuningJob": {"Arn": "arn:x/tune-1"}}}
    package = {"Metadata": {"RegisterModel": {"Arn": "arn:package/1"}}}
    sagemaker = SageMaker(
        ("Executing", [step("Preprocess", "Executing")]),
        ("Executing", [cached, step("Tune", "Executing", **tuning)]),
        (
            "Succeeded",
            [cached, step("Tune", "Succeeded", **tuning), step("Register", "Succeeded", **package)],
        ),
    )
    sagemaker.trials = [
        {
            "TrainingJobName": "trial-1",
            "TrainingJobStatus": "Completed",
            "TunedHyperParameters": {"max_depth": "3", "eta": "0.123456789"},
            "FinalHyperParameterTuningJobObjectiveMetric": {
                "MetricName": "validation:auc",
                "Value": 0.987,
            },
        },
        {"TrainingJobName": "trial-2", "TrainingJobStatus": "InProgress"},
    ]
    assert follow(sagemaker) == "arn:package/1"
    assert [line[11:] for line in capsys.readouterr().out.splitlines()] == [
        "Preprocess: Executing",
        "Preprocess: Succeeded (cached) in 3.0 s",
        "  trial validation:auc 0.98700 (eta 0.1235, max_depth 3)",
        "Tune: Executing",
        "Tune: Succeeded",
        "Register: Succeeded",
    ]


def test_a_failed_processing_step_is_reported_with_the_message_of_its_job() -> None:
    metadata = {"Metadata": {"ProcessingJob": {"Arn": "arn:x/preprocess-1"}}}
    sagemaker = SageMaker(
        ("Failed", [step("Preprocess", "Failed", FailureReason="see logs", **metadata)])
    )
    sagemaker.job = {"ExitMessage": "the target has one label", "FailureReason": "exit code: 1"}
    with pytest.raises(ExecutionError) as failure:
        follow(sagemaker)
    assert str(failure.value) == ("step Preprocess failed: the target has one label exit code: 1")


def test_a_failed_tuning_step_is_reported_with_a_failed_trial() -> None:
    metadata = {"Metadata": {"TuningJob": {"Arn": "arn:x/tune-1"}}}
    sagemaker = SageMaker(
        ("Failed", [step("Tune", "Failed", FailureReason="no training job succeeded", **metadata)])
    )
    sagemaker.trials = [
        {
            "TrainingJobName": "trial-1",
            "TrainingJobStatus": "Failed",
            "FailureReason": "KeyError: 'a bug in train.py'",
        }
    ]
    with pytest.raises(ExecutionError, match=r"Tune failed: trial-1: KeyError: 'a bug in train"):
        follow(sagemaker)


@pytest.mark.parametrize(
    ("status", "steps", "message"),
    [
        (
            "Failed",
            [step("QualityBelowThreshold", "Failed", FailureReason="below the threshold 0.9")],
            "step QualityBelowThreshold failed: below the threshold 0.9",
        ),
        ("Failed", [step("Register", "Failed")], "step Register failed: because"),
        ("Stopped", [], "the execution is Stopped: because"),
        ("Succeeded", [], "the execution registered no model package"),
    ],
)
def test_an_end_without_a_model_is_a_failure(
    status: str, steps: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(ExecutionError) as failure:
        follow(SageMaker((status, steps)))
    assert str(failure.value) == message
