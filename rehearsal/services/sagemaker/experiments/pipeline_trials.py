"""Experiments and trials that executions of pipelines create, and the execution of each job.

Source: "Amazon SageMaker Experiments Integration" in the developer guide, and
PipelineExperimentConfig in SageMaker's SDK.
"""

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.experiments.experiments import Experiments
from rehearsal.services.sagemaker.experiments.membership import COMPONENT, Membership
from rehearsal.services.sagemaker.experiments.trials import Trials

_STEP = "SageMaker Model Building Pipeline Execution Step Status Change"
_EXECUTION = "pipeline-execution"
EXECUTION_TAG = "sagemaker:pipeline-execution-arn"
# The member of a step's metadata, and the resource type of its job.
_JOBS = {
    "processingJob": "processing-job",
    "trainingJob": "training-job",
    "transformJob": "transform-job",
}


class PipelineTrials:
    """Follows the steps of pipelines.

    Args:
        backend: the backend of SageMaker.
        experiments: the experiments.
        trials: the trials.
        membership: the trial components of trials.
    """

    def __init__(
        self, backend: Backend, experiments: Experiments, trials: Trials, membership: Membership
    ) -> None:
        self._backend = backend
        self._experiments = experiments
        self._trials = trials
        self._membership = membership

    def follow(self, scope: Scope, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Adds the job of a step to the trial of its execution."""
        if detail_type != _STEP:
            return
        arn = detail["pipelineExecutionArn"]
        trial = self._trial_of(scope, arn)
        for member, path in _JOBS.items():
            job = (detail.get("metadata") or {}).get(member, {}).get("arn")
            # The job of a cached step belongs to an earlier execution.
            if job and not detail.get("cacheHitResult"):
                self._add(scope, path, job, arn, trial)

    def _trial_of(self, scope: Scope, arn: str) -> dict[str, Any] | None:
        """Returns the trial of an execution, which is created with its experiment if it is new."""
        executions = self._backend.all(scope, _EXECUTION)
        found = (one for one in executions if one["PipelineExecutionArn"] == arn)
        config = next(found, {}).get("PipelineExperimentConfig")
        if not config:
            return None
        experiment, trial = config.get("ExperimentName"), config.get("TrialName")
        if not experiment or not trial:
            return None
        with self._backend.lock:
            self._experiments.create_for(scope, experiment)
            return self._trials.create_for(scope, trial, experiment)

    def _add(
        self, scope: Scope, path: str, job: str, execution: str, trial: dict[str, Any] | None
    ) -> None:
        name = job.rpartition("/")[2]
        self._backend.tags.add(job, [{"Key": EXECUTION_TAG, "Value": execution}])
        with self._backend.lock:
            record = self._backend.records.of(scope, path).get(name)
            component = self._backend.records.of(scope, COMPONENT).get(f"{name}-aws-{path}")
            if trial is None or record is None or component is None:
                return
            if "ExperimentConfig" not in record:
                record["ExperimentConfig"] = {
                    "ExperimentName": trial["ExperimentName"],
                    "TrialName": trial["TrialName"],
                }
                self._membership.associate(trial, component)
