"""The job that logs a pipeline execution, with a tracking store of MLflow in a file."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from mlops_jobs import aws
from mlops_jobs.tracking import job
from mlops_jobs.tracking.run import Execution, TrackingRun, measures_of
from mlops_jobs.tracking.trials import Trial, trials_of

EXECUTION = "arn:aws:sagemaker:eu-west-1:111111111111:pipeline/churn-train/execution/abc123"
PACKAGE = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
APP = "arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-A"
REPORT = {
    "version": 0.0,
    "dataset": {"item_count": 3},
    "binary_classification_metrics": {"auc": {"value": 0.75, "standard_deviation": "NaN"}},
    "champion": {"auc": {"value": 0.7}, "broken": {"value": "NaN"}},
}


class FakeSageMaker:
    """A tuning job with two trials."""

    def get_paginator(self, name: str) -> "FakeSageMaker":
        assert name == "list_training_jobs_for_hyper_parameter_tuning_job"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        assert request["HyperParameterTuningJobName"] == "tune"
        yield {"TrainingJobSummaries": [{"TrainingJobName": "tune-001"}]}
        yield {"TrainingJobSummaries": [{"TrainingJobName": "tune-002"}]}

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        time = datetime(2026, 11, 30, 12, tzinfo=UTC)
        if TrainingJobName == "tune-002":
            return {"TrainingJobStatus": "Failed", "HyperParameters": {"max_depth": "3"}}
        return {
            "TrainingJobStatus": "Completed",
            "HyperParameters": {"max_depth": "7", "_tuning_objective_metric": "validation:auc"},
            "FinalMetricDataList": [{"MetricName": "validation:auc", "Value": 0.75}],
            "TrainingStartTime": time,
            "TrainingEndTime": time,
        }


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store without a server has its artifacts in the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def client(tmp_path: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    folder = tmp_path / "evaluation"
    folder.mkdir()
    (folder / "evaluation.json").write_text(json.dumps(REPORT))
    (folder / "evaluation.html").write_text("<p>page</p>")
    return folder


def arguments(evaluation: Path, **changes: str) -> list[str]:
    given = {
        "app": APP,
        "execution": EXECUTION,
        "experiment": "churn",
        "commit": "c0ffee",
        "data": "s3://bucket/data/flights.csv",
        "tuning-job": "tune",
        "package": PACKAGE,
        "parameter": "target=late",
        "evaluation": str(evaluation),
        "output": str(evaluation.parent / "output"),
        **changes,
    }
    return [f"--{name}={value}" for name, value in given.items()]


def run_job(monkeypatch: pytest.MonkeyPatch, client: Any, evaluation: Path, **changes: str) -> None:
    monkeypatch.setattr(job, "_client", lambda app: client)
    monkeypatch.setattr(aws, "client", lambda name: FakeSageMaker())
    job.main(arguments(evaluation, **changes))


def runs(client: MlflowClient, condition: str = "") -> list[Any]:
    experiment = client.get_experiment_by_name("churn")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], condition))


def test_an_execution_is_one_run_with_its_trials_below(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    client: MlflowClient,
    evaluation: Path,
) -> None:
    run_job(monkeypatch, client, evaluation)

    (parent,) = runs(client, f"tags.`sagemaker.pipeline_execution_arn` = '{EXECUTION}'")
    assert (parent.info.run_name, parent.info.status) == ("abc123", "FINISHED")
    assert parent.data.tags["sagemaker.model_package_arn"] == PACKAGE
    assert parent.data.tags["mlflow.source.git.commit"] == "c0ffee"
    assert parent.data.tags["data_uri"] == "s3://bucket/data/flights.csv"
    assert parent.data.params == {"target": "late"}
    assert parent.data.metrics == {"binary_classification_metrics.auc": 0.75, "champion.auc": 0.7}
    (data,) = parent.inputs.dataset_inputs
    assert json.loads(data.dataset.source) == {"uri": "s3://bucket/data/flights.csv"}
    files = {one.path for one in client.list_artifacts(parent.info.run_id, "evaluation")}
    assert files == {"evaluation/evaluation.html", "evaluation/evaluation.json"}
    trials = runs(client, f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    found = {trial.info.run_name: trial for trial in trials}
    assert found["tune-001"].data.params == {"max_depth": "7"}
    assert found["tune-001"].data.metrics == {"validation:auc": 0.75}
    assert found["tune-002"].info.status == "FAILED"
    assert f"logged run {parent.info.run_id} of churn" in capsys.readouterr().out


def test_an_execution_that_is_logged_again_keeps_its_runs(
    monkeypatch: pytest.MonkeyPatch, client: MlflowClient, evaluation: Path
) -> None:
    run_job(monkeypatch, client, evaluation)
    run_job(monkeypatch, client, evaluation)

    assert len(runs(client)) == 3


def test_an_execution_without_a_package_has_failed(
    monkeypatch: pytest.MonkeyPatch, client: MlflowClient, evaluation: Path
) -> None:
    run_job(monkeypatch, client, evaluation, package="")

    (parent,) = runs(client, f"tags.`sagemaker.pipeline_execution_arn` = '{EXECUTION}'")
    assert parent.info.status == "FAILED"
    assert "sagemaker.model_package_arn" not in parent.data.tags


class Away(MlflowClient):
    """A client that MLflow denies some requests."""

    denied: tuple[str, ...] = ()

    def __getattribute__(self, name: str) -> Any:
        if name in type(self).denied:
            raise ConnectionError(f"403: not authorized to perform\n{name}")
        return super().__getattribute__(name)


@pytest.mark.parametrize(
    ("denied", "logged"),
    [
        ("get_experiment_by_name", "logged 0 of 9 parts"),
        ("create_run", "logged 0 of 9 parts"),
        ("log_artifacts", "logged 5 of 9 parts"),
    ],
)
def test_mlflow_that_is_away_or_denied_does_not_end_the_pipeline(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    evaluation: Path,
    denied: str,
    logged: str,
) -> None:
    monkeypatch.setattr(Away, "denied", (denied,))

    run_job(monkeypatch, Away(f"sqlite:///{tmp_path}/mlflow.db"), evaluation)

    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("tracking:")]
    assert logged in line
    assert line.endswith(f"not authorized to perform {denied}; the pipeline goes on")
    counted = json.loads((evaluation.parent / "output/tracking.json").read_text())
    assert f"logged {counted['logged']} of {counted['parts']} parts" == logged


def test_a_malformed_report_does_not_end_the_pipeline(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    client: MlflowClient,
    evaluation: Path,
) -> None:
    (evaluation / "evaluation.json").write_text("{")

    run_job(monkeypatch, client, evaluation)

    assert "logged 0 of 1 parts; InputError: evaluation.json" in capsys.readouterr().out


def test_a_malformed_arn_does_not_end_the_pipeline(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], evaluation: Path
) -> None:
    monkeypatch.setattr(aws, "client", lambda name: FakeSageMaker())

    job.main(arguments(evaluation, app="arn:aws:sagemaker"))

    assert "the pipeline goes on" in capsys.readouterr().out


def test_large_runs_are_logged_in_pieces(client: MlflowClient) -> None:
    many = {f"p{number}": str(number) for number in range(250)}
    trial = Trial(
        name="t",
        status="Completed",
        parameters={**many, "long": "x" * 7000, "empty": ""},
        metrics={**{f"m{number}": float(number) for number in range(1100)}, "nan": float("nan")},
    )
    execution = Execution(experiment="churn", arn=EXECUTION, data_uri="s3://b/d", trials=[trial])

    outcome = TrackingRun(client, execution).log()

    assert outcome.reason == ""
    (found,) = [run for run in runs(client) if run.info.run_name == "t"]
    assert len(found.data.params) == 251
    assert len(found.data.params["long"]) == 6000
    assert len(found.data.metrics) == 1100


def test_measures_are_numbers_with_a_value() -> None:
    assert measures_of(REPORT) == {"binary_classification_metrics.auc": 0.75, "champion.auc": 0.7}
    assert measures_of([1]) == {}
    assert measures_of({"a": {"value": True}}) == {}


def test_trials_have_parameters_and_metrics() -> None:
    first, second = trials_of(FakeSageMaker(), "tune")

    assert (first.name, first.parameters) == ("tune-001", {"max_depth": "7"})
    assert (second.status, second.start) == ("Failed", None)
