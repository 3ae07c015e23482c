"""Hyperparameter tuning jobs and the training jobs that are their trials."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, JobRun, Progress
from rehearsal.services.sagemaker.jobs.jobs import JobKind
from rehearsal.services.sagemaker.jobs.training import training_jobs
from rehearsal.services.sagemaker.jobs.training.training_jobs import (
    TrainingJobs,
    check_training,
    starting_training,
)
from rehearsal.services.sagemaker.listing import Listing, page
from rehearsal.services.sagemaker.records import Record

KIND = JobKind(
    noun="HyperParameterTuningJob",
    path="hyper-parameter-tuning-job",
    prefix="HyperParameterTuning",
    listing=Listing(
        operation="ListHyperParameterTuningJobs",
        member="HyperParameterTuningJobSummaries",
        name="HyperParameterTuningJobName",
        status="HyperParameterTuningJobStatus",
    ),
)
_NO_JOBS = {
    "Completed": 0,
    "InProgress": 0,
    "RetryableError": 0,
    "NonRetryableError": 0,
    "Stopped": 0,
}
_OBJECTIVE = "FinalHyperParameterTuningJobObjectiveMetric"
_TRIALS = "_trials"


class TuningJobs(TrainingJobs):
    """Create-, Describe-, List-, Stop-, DeleteHyperParameterTuningJob, and the trials of one."""

    def create_hyper_parameter_tuning_job(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateHyperParameterTuningJob", request)
        definition = record.get("TrainingJobDefinition") or {}
        check_training(definition)
        config = record["HyperParameterTuningJobConfig"]
        record |= {
            "TrainingJobStatusCounters": _NO_JOBS,
            "ObjectiveStatusCounters": {"Succeeded": 0, "Pending": 0, "Failed": 0},
            "Strategy": config["Strategy"],
            "ResourceLimits": config["ResourceLimits"],
            _TRIALS: [],
        }
        tags = list(record.get("Tags", ()))
        return self._create_job(
            KIND,
            record,
            context,
            role_arn=definition["RoleArn"],
            work=lambda run: self._tune(run, record, context, tags),
        )

    def describe_hyper_parameter_tuning_job(self, request: Request, context: Context) -> Response:
        return self._describe_job(KIND, context.scope, request["HyperParameterTuningJobName"])

    def list_hyper_parameter_tuning_jobs(self, request: Request, context: Context) -> Response:
        return self._list_jobs(KIND, context.scope, request)

    def stop_hyper_parameter_tuning_job(self, request: Request, context: Context) -> Response:
        return self._stop_job(KIND, context.scope, request["HyperParameterTuningJobName"])

    def delete_hyper_parameter_tuning_job(self, request: Request, context: Context) -> Response:
        return self._delete_job(KIND, context.scope, request["HyperParameterTuningJobName"])

    def list_training_jobs_for_hyper_parameter_tuning_job(
        self, request: Request, context: Context
    ) -> Response:
        operation = "ListTrainingJobsForHyperParameterTuningJob"
        name = request["HyperParameterTuningJobName"]
        record = self._find_job(KIND, context.scope, name, operation)
        with self.lock:
            trials = list(record[_TRIALS])
        return page(_ordered(trials, request), request, "TrainingJobSummaries")

    def _tune(
        self, run: JobRun, record: Record, context: Context, tags: list[dict[str, str]]
    ) -> Mapping[str, Any]:
        def train(
            request: Mapping[str, Any], progress: Progress, stop: threading.Event
        ) -> Mapping[str, Any]:
            return self._train(run, record, context, (request, tags), progress, stop)

        def tell(changes: Mapping[str, Any]) -> None:
            run.progress(_with_trials(changes))

        tuned = JobRun(
            name=run.name,
            scope=run.scope,
            request=run.request,
            session=run.session,
            environment=run.environment,
            progress=tell,
            stop=run.stop,
            resources=run.resources,
        )
        try:
            return _with_trials(self.data_plane.tuning_job(tuned, train))
        except ExecutionFailedError as error:
            error.members = _with_trials(error.members)
            raise

    def _train(
        self,
        run: JobRun,
        tuning: Record,
        context: Context,
        tagged_request: tuple[Mapping[str, Any], list[dict[str, str]]],
        progress: Progress,
        stop: threading.Event,
    ) -> Mapping[str, Any]:
        """Runs one trial as a training job; its tags are those of the tuning job.

        The service itself makes the trials, so their tags ask nothing of the job's role.
        """
        request, tags = tagged_request
        trial = dict(request)
        starting_training(trial)
        trial["TuningJobArn"] = tuning[KIND.arn]
        self._record_job(training_jobs.KIND, trial, context, stop)
        self.inherit_tags(trial[training_jobs.KIND.arn], tags)
        self._run_job(
            training_jobs.KIND,
            trial,
            run.scope,
            dict(request),
            trial["RoleArn"],
            self.run_training,
            {},
            watcher=progress,
        )
        with self.lock:
            ended = dict(trial)
        if ended["TrainingJobStatus"] == "Failed":
            raise ExecutionFailedError(ended["FailureReason"], ended)
        return ended


def _with_trials(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Members of the tuning job; the summaries of its trials have an operation of their own."""
    kept = dict(changes)
    if "TrainingJobSummaries" in kept:
        kept[_TRIALS] = kept.pop("TrainingJobSummaries")
    return kept


def _ordered(trials: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """The trials that a request asks for, by name unless it says otherwise."""
    by = request.get("SortBy", "Name")
    wanted = request.get("StatusEquals")
    kept = [trial for trial in trials if wanted in (None, trial["TrainingJobStatus"])]
    if by == "FinalObjectiveMetricValue":
        # "Any training jobs that did not return an objective metric are not listed."
        kept = [trial for trial in kept if trial.get(_OBJECTIVE)]
    keys = {
        "Name": lambda trial: trial["TrainingJobName"],
        "CreationTime": lambda trial: trial["CreationTime"],
        "Status": lambda trial: trial["TrainingJobStatus"],
        "FinalObjectiveMetricValue": lambda trial: trial[_OBJECTIVE]["Value"],
    }
    return sorted(kept, key=keys[by], reverse=request.get("SortOrder") == "Descending")
