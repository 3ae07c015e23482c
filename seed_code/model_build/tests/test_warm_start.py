"""Look-up of the tuning jobs from which a search starts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from mlops_jobs.failure import InputError

from pipeline import program
from pipeline.configuration import Configuration, read_configuration
from pipeline.warm_start import warm_start_parents
from tests.fakes import PROJECT, Pages, client_error

CONFIG = Path(__file__).parents[1] / "config.yaml"


@dataclass(frozen=True)
class Objective:
    """The metric, as the pipeline knows it."""

    name: str = "score"


METRIC: Any = Objective()


@dataclass
class Executions:
    """SageMaker with one execution for each tuning job, the newest first."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: str = ""
    listing_error: str = ""

    def list_pipeline_executions(self, **request: Any) -> dict[str, Any]:
        if self.listing_error:
            raise client_error(self.listing_error)
        assert request["PipelineName"] == "churn-train"
        assert request["SortOrder"] == "Descending"
        found = [{"PipelineExecutionArn": name} for name in self.jobs]
        return {"PipelineExecutionSummaries": found}

    def get_paginator(self, operation: str) -> "Executions":
        assert operation == "list_pipeline_execution_steps"
        return self

    def paginate(self, *, PipelineExecutionArn: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        name = PipelineExecutionArn
        arn = f"arn:aws:sagemaker:eu-west-1:111122223333:hyper-parameter-tuning-job/{name}"
        steps = [
            {"StepName": "Preprocess", "StepStatus": "Succeeded", "Metadata": {}},
            {
                "StepName": "Tune",
                "StepStatus": self.jobs[name]["status"],
                "Metadata": {"TuningJob": {"Arn": arn}},
            },
        ]
        return Pages("PipelineExecutionSteps", steps).paginate()

    def describe_hyper_parameter_tuning_job(self, **request: str) -> dict[str, Any]:
        if self.error:
            raise client_error(self.error)
        return self.jobs[request["HyperParameterTuningJobName"]]


def configuration(warm_start: object = True) -> Configuration:
    read = read_configuration(CONFIG)
    changes = {"warm_start": warm_start, "ranges": {"eta": (0.05, 0.3)}}
    tuning = read.tuning.model_copy(update=changes)
    return read.model_copy(update={"tuning": tuning, "training": {"num_round": 50.0}})


def job(
    *,
    objective: str = "validation:score",
    status: str = "Succeeded",
    ranges: tuple[str, ...] = ("eta",),
    **static: str,
) -> dict[str, Any]:
    """A tuning job of the configuration, with changes."""
    settings = {name: str(value) for name, value in program.job_settings(configuration()).items()}
    values = {"metric": "score", "num_round": "50", **settings, **static}
    return {
        "HyperParameterTuningJobConfig": {
            "HyperParameterTuningJobObjective": {"MetricName": objective, "Type": "Maximize"},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": name} for name in ranges]},
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": {
                name: value for name, value in values.items() if name not in ranges
            }
        },
        "status": status,
    }


def parents(sagemaker: Executions, warm_start: object = True) -> tuple[str, ...]:
    return warm_start_parents(sagemaker, PROJECT, configuration(warm_start), METRIC)


def test_a_search_starts_from_the_newest_comparable_job(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sagemaker = Executions(
        {
            "failed": job(status="Failed"),
            "other-metric": job(objective="validation:other"),
            "newest": job(num_round="60"),
            "older": job(),
        }
    )
    assert parents(sagemaker) == ("newest",)
    printed = capsys.readouterr().out
    assert "not other-metric, because its objective is validation:other" in printed
    assert printed.endswith("warm start: newest\n")


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (lambda: job(gamma="1"), "its hyperparameters differ: gamma"),
        (lambda: job(ranges=("eta", "max_depth")), "its hyperparameters differ: max_depth"),
    ],
)
def test_a_job_that_aws_would_not_start_from_is_no_parent(
    capsys: pytest.CaptureFixture[str], before: Any, reason: str
) -> None:
    assert parents(Executions({"before": before()})) == ()
    printed = capsys.readouterr().out
    assert f"not before, because {reason}" in printed
    assert "so the search starts anew" in printed


def test_a_hyperparameter_may_have_been_tunable() -> None:
    assert parents(Executions({"before": job(ranges=("eta", "num_round"))})) == ("before",)


def test_jobs_are_named_or_not_used() -> None:
    sagemaker = Executions({"before": job()})
    assert parents(sagemaker, ("one", "two")) == ("one", "two")
    assert parents(sagemaker, warm_start=False) == ()


def test_the_first_run_of_a_project_starts_anew() -> None:
    assert parents(Executions()) == ()
    assert parents(Executions(listing_error="ResourceNotFound")) == ()


def test_a_role_of_an_earlier_release_is_reported() -> None:
    with pytest.raises(InputError, match="grants sagemaker:DescribeHyperParameterTuningJob"):
        parents(Executions({"before": job()}, error="AccessDeniedException"))


def test_other_errors_of_aws_are_not_hidden() -> None:
    with pytest.raises(ClientError):
        parents(Executions({"before": job()}, error="ThrottlingException"))
    with pytest.raises(ClientError):
        parents(Executions({"before": job()}, listing_error="ThrottlingException"))
