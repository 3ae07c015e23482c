"""The run of a pipeline execution in MLflow, with its trials as nested runs."""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_jobs.tracking.trials import Trial

EXECUTION_TAG = "sagemaker.pipeline_execution_arn"
PACKAGE_TAG = "sagemaker.model_package_arn"
TRAINING_JOB_TAG = "sagemaker.training_job"
PARENT_TAG = "mlflow.parentRunId"
MAX_PARAMETERS = 100
MAX_METRICS = 1000
MAX_PARAMETER_LENGTH = 6000
"""Limits of one LogBatch request, and of a parameter. Source: MLflow's REST API."""
_STATUSES = {"Completed": "FINISHED", "Failed": "FAILED", "Stopped": "KILLED"}


@dataclass(frozen=True, kw_only=True)
class Execution:
    """The settings, results and trials of a pipeline execution.

    Args:
        experiment: name of the experiment, that of the project.
        arn: ARN of the pipeline execution.
        data_uri: S3 URI of the training data.
        parameters: settings of the run, such as the target.
        tags: further tags of the run, such as the commit.
        metrics: measures on the held-out rows.
        folders: folders whose files become artifacts, by their path among the artifacts.
        trials: training jobs.
        successful: True if the model was registered.
    """

    experiment: str
    arn: str
    data_uri: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    trials: Sequence[Trial] = ()
    successful: bool = True

    @property
    def name(self) -> str:
        """Name of the run: the id of the execution."""
        return self.arn.rpartition("/")[2]


@dataclass
class Outcome:
    """The parts of a run that were logged.

    Args:
        parts: number of parts.
        logged: number of those that were logged. Defaults to 0.
        reason: why the others were not. Defaults to "": all were.
        run_id: id of the run. Defaults to "": no run.
    """

    parts: int
    logged: int = 0
    reason: str = ""
    run_id: str = ""


class TrackingRun:
    """Logs an execution.

    Args:
        client: an `mlflow.MlflowClient`.
        execution: the execution.
    """

    def __init__(self, client: Any, execution: Execution) -> None:
        self._client = client
        self._execution = execution

    def log(self) -> Outcome:
        """Logs all parts; stops at the first one that fails, because the next ones would, too.

        An execution that was logged before keeps its run.
        """
        execution = self._execution
        parts: list[Callable[[str, str], None]] = [
            self._log_tags,
            self._log_parameters,
            self._log_metrics,
            self._log_data,
            self._log_artifacts,
            *(self._trial(trial) for trial in execution.trials),
            self._end,
        ]
        outcome = Outcome(parts=len(parts) + 1)
        try:
            experiment_id = self._experiment_id()
            outcome.run_id = self._run_id(experiment_id)
            outcome.logged += 1
            for part in parts:
                part(experiment_id, outcome.run_id)
                outcome.logged += 1
        # MLflow's client raises errors of requests, botocore and its own.
        except Exception as error:
            outcome.reason = in_one_line(error)
        return outcome

    def _experiment_id(self) -> str:
        name = self._execution.experiment
        found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self._client.create_experiment(name))

    def _run_id(self, experiment_id: str) -> str:
        tag = {EXECUTION_TAG: self._execution.arn}
        return self._find(experiment_id, tag) or self._create(
            experiment_id, tag, self._execution.name
        )

    def _find(self, experiment_id: str, tags: Mapping[str, str]) -> str | None:
        conditions = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        found = self._client.search_runs([experiment_id], conditions, max_results=1)
        return str(found[0].info.run_id) if found else None

    def _create(
        self, experiment_id: str, tags: Mapping[str, str], name: str, start: datetime | None = None
    ) -> str:
        run = self._client.create_run(
            experiment_id, start_time=_milliseconds(start), tags=dict(tags), run_name=name
        )
        return str(run.info.run_id)

    def _log_tags(self, _: str, run_id: str) -> None:
        for name, value in self._execution.tags.items():
            self._client.set_tag(run_id, name, value)

    def _log_parameters(self, _: str, run_id: str) -> None:
        self._batch(run_id, self._execution.parameters, {})

    def _log_metrics(self, _: str, run_id: str) -> None:
        self._batch(run_id, {}, self._execution.metrics)

    def _log_data(self, _: str, run_id: str) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        uri = self._execution.data_uri
        dataset = Dataset(
            name=uri.rstrip("/").rpartition("/")[2][:500] or uri,
            digest=self._execution.parameters.get("data_version", "")[:36] or "unknown",
            source_type="s3",
            source=json.dumps({"uri": uri}),
        )
        training = DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
        self._client.log_inputs(run_id, datasets=[training])

    def _log_artifacts(self, _: str, run_id: str) -> None:
        for path, folder in self._execution.folders.items():
            if folder.is_dir():
                self._client.log_artifacts(run_id, str(folder), path)

    def _trial(self, trial: Trial) -> Callable[[str, str], None]:
        def log(experiment_id: str, run_id: str) -> None:
            tags = {PARENT_TAG: run_id, TRAINING_JOB_TAG: trial.name}
            child = self._find(experiment_id, tags) or self._create(
                experiment_id, tags, trial.name, trial.start
            )
            self._batch(child, trial.parameters, trial.metrics)
            self._client.set_terminated(
                child, _STATUSES.get(trial.status, "RUNNING"), _milliseconds(trial.end)
            )

        return log

    def _end(self, _: str, run_id: str) -> None:
        self._client.set_terminated(run_id, "FINISHED" if self._execution.successful else "FAILED")

    def _batch(
        self, run_id: str, parameters: Mapping[str, str], metrics: Mapping[str, float]
    ) -> None:
        from mlflow.entities import Metric, Param

        params = [
            Param(name, value[:MAX_PARAMETER_LENGTH]) for name, value in parameters.items() if value
        ]
        now = int(time.time() * 1000)
        values = [
            Metric(name, value, now, 0) for name, value in metrics.items() if math.isfinite(value)
        ]
        for some in _pieces(params, MAX_PARAMETERS):
            self._client.log_batch(run_id, params=some)
        for some in _pieces(values, MAX_METRICS):
            self._client.log_batch(run_id, metrics=some)


def measures_of(report: object, path: tuple[str, ...] = ()) -> dict[str, float]:
    """Returns the measures of an `evaluation.json` by their path, such as `champion.auc`.

    Args:
        report: content of the file, or a part of it.
        path: path of the part. Defaults to (): the whole file.
    """
    if not isinstance(report, Mapping):
        return {}
    value = report.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {".".join(path): float(value)}
    found: dict[str, float] = {}
    for name, part in report.items():
        found |= measures_of(part, (*path, str(name)))
    return found


def _pieces(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def in_one_line(error: Exception) -> str:
    """Returns the kind and the text of an error without line breaks, at most 500 characters."""
    lines = str(error).split("\n")
    return f"{type(error).__name__}: {' '.join(line.strip() for line in lines)[:500]}"
