"""Starts the SageMaker Pipeline and waits for its execution to end."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

END_STATUSES = ("Succeeded", "Failed", "Stopped")
TRIAL_END_STATUSES = ("Completed", "Failed", "Stopped")
# CodeBuild ends the train build after eight hours, without a message of this program.
MAX_WAIT_SECONDS = 8 * 3600 - 900


class Project(Protocol):
    """The resources of a project whose pipeline is started."""

    @property
    def pipeline_name(self) -> str:
        """Name of the pipeline."""

    @property
    def role_arn(self) -> str:
        """ARN of the role of the pipeline."""

    @property
    def commit(self) -> str:
        """Hash of the commit."""

    @property
    def tags(self) -> list[dict[str, str]]:
        """Tags of the pipeline, as SageMaker has them."""


class ExecutionError(Exception):
    """A failed execution; the message names the step and the reason."""


def put_pipeline(sagemaker: Any, project: Project, definition: str) -> str:
    """Updates the pipeline, or creates it if it does not exist.

    `Pipeline.upsert` of the SDK would build the definition a second time, and read and write the
    tags at each run.

    Args:
        sagemaker: boto3 client of SageMaker.
        project: resources of the project.
        definition: JSON text of the definition.

    Returns:
        The ARN of the pipeline.
    """
    request = {
        "PipelineName": project.pipeline_name,
        "PipelineDefinition": definition,
        "RoleArn": project.role_arn,
    }
    try:
        response = sagemaker.update_pipeline(**request)
    except sagemaker.exceptions.ResourceNotFound:
        response = sagemaker.create_pipeline(**request, Tags=project.tags)
    return str(response["PipelineArn"])


def start(sagemaker: Any, project: Project, parameters: Mapping[str, str]) -> str:
    """Starts the pipeline.

    Args:
        sagemaker: boto3 client of SageMaker.
        project: resources of the project.
        parameters: values that replace the defaults of pipeline parameters, by parameter name.

    Returns:
        The ARN of the execution.
    """
    response = sagemaker.start_pipeline_execution(
        PipelineName=project.pipeline_name,
        PipelineExecutionDisplayName=f"commit-{project.commit[:8]}",
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )
    return str(response["PipelineExecutionArn"])


@dataclass
class Follower:
    """Prints the progress of an execution until it ends.

    Args:
        sagemaker: boto3 client of SageMaker.
        execution_arn: ARN of the execution.
        clock: returns a time in seconds. Defaults to the monotonic clock of the machine.
        sleep: waits for a number of seconds. Defaults to `time.sleep`.
    """

    sagemaker: Any
    execution_arn: str
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _seen: dict[str, str] = field(default_factory=dict)
    _trials: set[str] = field(default_factory=set)

    def follow(self) -> str:
        """Waits for the end of the execution.

        Returns:
            The ARN of the model package that was registered.

        Raises:
            ExecutionError: the execution failed, was stopped, or outlasts the build.
        """
        started = self.clock()
        while True:
            # Described before the steps are listed, so that no step is missed at the end.
            execution = self.sagemaker.describe_pipeline_execution(
                PipelineExecutionArn=self.execution_arn
            )
            steps = list(self._steps())
            elapsed = self.clock() - started
            for step in steps:
                self._show(step, elapsed)
            status = execution["PipelineExecutionStatus"]
            if status in END_STATUSES:
                return self._result(status, execution.get("FailureReason", ""), steps)
            if elapsed > MAX_WAIT_SECONDS:
                raise ExecutionError(self._still_executing(steps))
            # Short runs are polled often, long ones rarely.
            self.sleep(min(10, 1 + elapsed / 60))

    def _still_executing(self, steps: list[dict[str, Any]]) -> str:
        running = [step["StepName"] for step in steps if step["StepStatus"] == "Executing"]
        return (
            f"the build ends after {MAX_WAIT_SECONDS / 3600:g} hours, but the execution continues "
            f"(in step {', '.join(running) or 'none'}) and registers its model if it succeeds: "
            f"follow {self.execution_arn} in SageMaker Studio, and do not push again before it "
            "ends. Reduce tuning.jobs or increase tuning.parallel to stay within the limit"
        )

    def _steps(self) -> Iterator[dict[str, Any]]:
        pages = self.sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=self.execution_arn, SortOrder="Ascending"
        )
        for page in pages:
            yield from page["PipelineExecutionSteps"]

    def _show(self, step: dict[str, Any], elapsed: float) -> None:
        tuning = step.get("Metadata", {}).get("TuningJob")
        if tuning:
            for trial in self._ended_trials(tuning["Arn"]):
                print(f"[{elapsed:6.1f} s]   {_trial_line(trial)}", flush=True)
        name, status = step["StepName"], step["StepStatus"]
        if self._seen.get(name) != status:
            self._seen[name] = status
            cached = " (cached)" if step.get("CacheHitResult") else ""
            print(f"[{elapsed:6.1f} s] {name}: {status}{cached}{_seconds(step)}", flush=True)

    def _ended_trials(self, tuning_job_arn: str) -> Iterator[dict[str, Any]]:
        for trial in self._all_trials(tuning_job_arn):
            ended = trial["TrainingJobStatus"] in TRIAL_END_STATUSES
            if ended and trial["TrainingJobName"] not in self._trials:
                self._trials.add(trial["TrainingJobName"])
                yield trial

    def _all_trials(self, tuning_job_arn: str) -> Iterator[dict[str, Any]]:
        pages = self.sagemaker.get_paginator(
            "list_training_jobs_for_hyper_parameter_tuning_job"
        ).paginate(
            HyperParameterTuningJobName=tuning_job_arn.rpartition("/")[2],
            SortBy="CreationTime",
            SortOrder="Ascending",
        )
        for page in pages:
            yield from page["TrainingJobSummaries"]

    def _result(self, status: str, reason: str, steps: list[dict[str, Any]]) -> str:
        for step in steps:
            if step["StepStatus"] == "Failed":
                cause = self._detail(step) or step.get("FailureReason") or reason
                raise ExecutionError(f"step {step['StepName']} failed: {cause}")
        if status != "Succeeded":
            raise ExecutionError(
                f"the execution is {status}: {reason or 'SageMaker gave no reason'}"
            )
        for step in steps:
            package = step.get("Metadata", {}).get("RegisterModel")
            if package:
                return str(package["Arn"])
        raise ExecutionError("the execution registered no model package")

    def _detail(self, step: dict[str, Any]) -> str:
        """Returns the failure reason of the job itself.

        The reason of the step only refers to the log of the job.
        """
        metadata = step.get("Metadata", {})
        if "ProcessingJob" in metadata:
            job = self.sagemaker.describe_processing_job(
                ProcessingJobName=metadata["ProcessingJob"]["Arn"].rpartition("/")[2]
            )
            messages = [job.get("ExitMessage"), job.get("FailureReason")]
            return " ".join(text for text in messages if text)
        if "TuningJob" in metadata:
            for trial in self._all_trials(metadata["TuningJob"]["Arn"]):
                if trial.get("FailureReason"):
                    return f"{trial['TrainingJobName']}: {trial['FailureReason']}"
        return ""


def _seconds(step: dict[str, Any]) -> str:
    if "StartTime" not in step or "EndTime" not in step:
        return ""
    return f" in {(step['EndTime'] - step['StartTime']).total_seconds():.1f} s"


def _trial_line(trial: dict[str, Any]) -> str:
    tuned = ", ".join(
        f"{name} {_rounded(value)}"
        for name, value in sorted(trial.get("TunedHyperParameters", {}).items())
    )
    metric = trial.get("FinalHyperParameterTuningJobObjectiveMetric")
    if metric:
        return f"trial {metric['MetricName']} {metric['Value']:.5f} ({tuned})"
    reason = trial.get("FailureReason", "no metric")
    return f"trial {trial['TrainingJobStatus']}: {reason} ({tuned})"


def _rounded(value: str) -> str:
    return f"{float(value):.4g}"
