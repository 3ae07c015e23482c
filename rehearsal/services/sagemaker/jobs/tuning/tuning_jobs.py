"""Hyperparameter tuning jobs and the training jobs that are their trials."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.framework.store import Store
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import (
    DataPlane,
    ExecutionFailedError,
    JobRun,
    Members,
    ParentTrial,
    Progress,
)
from rehearsal.services.sagemaker.jobs.jobs import JobKind, JobOperations, Jobs
from rehearsal.services.sagemaker.jobs.training import training_jobs
from rehearsal.services.sagemaker.jobs.training.training_jobs import (
    TrainingJobs,
    complete_metrics,
    complete_training,
)
from rehearsal.services.sagemaker.jobs.tuning import warm_start
from rehearsal.services.sagemaker.jobs.tuning.resources import resources_of
from rehearsal.services.sagemaker.listing import Listing, page
from rehearsal.services.sagemaker.records import Record

KIND = JobKind(
    noun="HyperParameterTuningJob",
    path="hyper-parameter-tuning-job",
    prefix="HyperParameterTuning",
    event="HyperParameter Tuning Job",
    listing=Listing(
        operation="ListHyperParameterTuningJobs",
        member="HyperParameterTuningJobSummaries",
        name="HyperParameterTuningJobName",
        status="HyperParameterTuningJobStatus",
        newest_first=False,
        sort_by="Name",
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


Summaries = Sequence[dict[str, Any]]
"""TrainingJobSummaries of a tuning job."""


class TuningJobs(JobOperations):
    """Create-, Describe-, List-, Stop- and DeleteHyperParameterTuningJob, and its trials.

    Args:
        backend: the backend of SageMaker.
        jobs: the jobs of SageMaker.
        training_jobs: runs the trials.
        data_plane: runs the jobs.
    """

    def __init__(
        self, backend: Backend, jobs: Jobs, training_jobs: TrainingJobs, data_plane: DataPlane
    ) -> None:
        super().__init__(backend, jobs, KIND)
        self._training_jobs = training_jobs
        self._data_plane = data_plane
        self._trials: Store[Summaries] = Store()

    def create_hyper_parameter_tuning_job(self, request: Request, context: Context) -> Response:
        record = self.backend.accept("CreateHyperParameterTuningJob", request)
        definition = record.get("TrainingJobDefinition") or {}
        resources_of(definition)  # raises what is wrong with them
        complete_metrics(definition.get("AlgorithmSpecification", {}))
        parents = self._parents(record, context)
        config = record["HyperParameterTuningJobConfig"]
        record |= {
            "TrainingJobStatusCounters": _NO_JOBS,
            "ObjectiveStatusCounters": {"Succeeded": 0, "Pending": 0, "Failed": 0},
            "Strategy": config["Strategy"],
            "ResourceLimits": config["ResourceLimits"],
        }
        tags = list(record.get("Tags", ()))
        return self.jobs.create(
            KIND,
            record,
            context,
            role_arn=definition["RoleArn"],
            work=lambda run: self._tune(replace(run, parents=parents), record, context, tags),
        )

    def _parents(self, record: Record, context: Context) -> list[ParentTrial]:
        """Returns the trials of the parents of a job with warm start.

        Raises:
            AwsError: the job cannot start from its parents.
        """
        names = warm_start.parents_of(record)
        with self.backend.lock:
            parents = [self._parent(name, context) for name in names]
            known = self._trials.of(context.scope)
            launched = sum(len(known.get(name, ())) for name in names)
            warm_start.check(record, parents, launched)
            return [
                trial
                for parent, name in zip(parents, names, strict=True)
                for trial in warm_start.trials_of(parent, known.get(name, ()))
            ]

    def _parent(self, name: str, context: Context) -> Record:
        try:
            return self.jobs.find(KIND, context.scope, name, "CreateHyperParameterTuningJob")
        except AwsError as error:
            message = f"WarmStartConfig: parent {name}: {error.message}"
            raise AwsError("ValidationException", message) from None

    def list_training_jobs_for_hyper_parameter_tuning_job(
        self, request: Request, context: Context
    ) -> Response:
        operation = "ListTrainingJobsForHyperParameterTuningJob"
        name = request["HyperParameterTuningJobName"]
        self.jobs.find(KIND, context.scope, name, operation)
        with self.backend.lock:
            trials = list(self._trials.of(context.scope).get(name, ()))
        return page(_ordered(trials, request), request, "TrainingJobSummaries")

    def _tune(
        self, run: JobRun, record: Record, context: Context, tags: list[dict[str, str]]
    ) -> Members:
        def train(request: Members, progress: Progress, stop: threading.Event) -> Members:
            trial = dict(request)
            complete_training(trial)
            trial["TuningJobArn"] = record[KIND.arn_member]
            return self._train(trial, request, context, tags, progress, stop)

        def without_trials(changes: Members) -> dict[str, Any]:
            """Moves the summaries of trials to the response of their List operation."""
            kept = dict(changes)
            if "TrainingJobSummaries" in kept:
                with self.backend.lock:
                    self._trials.of(run.scope)[run.name] = kept.pop("TrainingJobSummaries")
            return kept

        with self.backend.lock:
            self._trials.of(run.scope)[run.name] = []
        reported = replace(run, progress=lambda changes: run.progress(without_trials(changes)))
        try:
            return without_trials(self._data_plane.tuning_job(reported, train))
        except ExecutionFailedError as error:
            error.members = without_trials(error.members)
            raise

    def _train(
        self,
        trial: Record,
        request: Members,
        context: Context,
        tags: list[dict[str, str]],
        progress: Progress,
        stop: threading.Event,
    ) -> Members:
        """Runs one trial as a training job with the tags of the tuning job.

        SageMaker itself creates the trials, so that their tags require no permission.
        """
        kind = training_jobs.KIND
        self.jobs.add(kind, trial, context, stop)
        self.backend.tags.put(trial[kind.arn_member], tags)
        self.jobs.run(
            kind,
            trial,
            context.scope,
            dict(request),
            trial["RoleArn"],
            self._training_jobs.run,
            watcher=progress,
        )
        with self.backend.lock:
            ended = dict(trial)
        if ended["TrainingJobStatus"] == "Failed":
            raise ExecutionFailedError(ended["FailureReason"], ended)
        return ended


def _ordered(trials: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Returns the trials that match a request, by name by default."""
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
