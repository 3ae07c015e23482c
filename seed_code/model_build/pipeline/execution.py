"""Starts the SageMaker Pipeline and follows it to its end."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.project import Project

ENDED = ("Succeeded", "Failed", "Stopped")
TRIAL_ENDED = ("Completed", "Failed", "Stopped")
# The project's stack ends the train build after eight hours, without a word.
LONGEST_SECONDS = 8 * 3600 - 900


class ExecutionError(Exception):
    """The execution did not succeed; the message names the step and its reason."""


def put_pipeline(sagemaker: Any, project: Project, definition: str) -> str:
    """Updates the pipeline, or creates it.

    Plain boto3: `Pipeline.upsert` of the SDK would build the definition a second time, and read
    and write the tags at each run.

    Args:
        sagemaker: a boto3 client.
        project: the resources of the project.
        definition: the JSON text.

    Returns:
        The ARN of the pipeline.
    """
    request = {
        "PipelineName": project.pipeline_name,
        "PipelineDefinition": definition,
        "RoleArn": project.role_arn,
    }
    try:
        answer = sagemaker.update_pipeline(**request)
    except sagemaker.exceptions.ResourceNotFound:
        answer = sagemaker.create_pipeline(**request, Tags=project.tags)
    return str(answer["PipelineArn"])


def start(sagemaker: Any, project: Project, parameters: Mapping[str, str]) -> str:
    """Starts the pipeline.

    Args:
        parameters: values that replace the defaults of the pipeline's parameters.

    Returns:
        The ARN of the execution.
    """
    answer = sagemaker.start_pipeline_execution(
        PipelineName=project.pipeline_name,
        PipelineExecutionDisplayName=f"commit-{project.commit[:8]}",
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )
    return str(answer["PipelineExecutionArn"])


@dataclass
class Follower:
    """Prints what an execution does until it ends.

    Args:
        sagemaker: a boto3 client.
        execution_arn: the execution.
        clock, sleep: of the machine.
    """

    sagemaker: Any
    execution_arn: str
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _seen: dict[str, str] = field(default_factory=dict)
    _trials: set[str] = field(default_factory=set)

    def follow(self) -> str:
        """Waits for the end.

        Returns:
            The ARN of the model package that was registered.

        Raises:
            ExecutionError: if the execution failed, was stopped, or outlives the build.
        """
        begun = self.clock()
        while True:
            # Asked before the steps, so that at the end no step is missed.
            execution = self.sagemaker.describe_pipeline_execution(
                PipelineExecutionArn=self.execution_arn
            )
            steps = list(self._steps())
            elapsed = self.clock() - begun
            for step in steps:
                self._show(step, elapsed)
            status = execution["PipelineExecutionStatus"]
            if status in ENDED:
                return self._result(status, execution.get("FailureReason", ""), steps)
            if elapsed > LONGEST_SECONDS:
                raise ExecutionError(self._still_executing(steps))
            # Short runs are shown promptly, long ones ask rarely.
            self.sleep(min(10, 1 + elapsed / 60))

    def _still_executing(self, steps: list[dict[str, Any]]) -> str:
        under_way = [step["StepName"] for step in steps if step["StepStatus"] == "Executing"]
        return (
            f"after {LONGEST_SECONDS / 3600:g} hours the build has to end, though the execution "
            f"goes on (in step {', '.join(under_way) or 'none'}) and registers its model when it "
            f"succeeds: follow {self.execution_arn} in SageMaker Studio, and do not push again "
            "before its end. Fewer tuning.jobs, or more of them in parallel, end in time"
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
            ended = trial["TrainingJobStatus"] in TRIAL_ENDED
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
                why = self._detail(step) or step.get("FailureReason") or reason
                raise ExecutionError(f"step {step['StepName']} failed: {why}")
        if status != "Succeeded":
            raise ExecutionError(f"the execution is {status}: {reason or 'no reason was given'}")
        for step in steps:
            package = step.get("Metadata", {}).get("RegisterModel")
            if package:
                return str(package["Arn"])
        raise ExecutionError("the execution registered no model package")

    def _detail(self, step: dict[str, Any]) -> str:
        """What the job says itself: the reason of the step only points to its log."""
        metadata = step.get("Metadata", {})
        if "ProcessingJob" in metadata:
            job = self.sagemaker.describe_processing_job(
                ProcessingJobName=metadata["ProcessingJob"]["Arn"].rpartition("/")[2]
            )
            said = [job.get("ExitMessage"), job.get("FailureReason")]
            return " ".join(text for text in said if text)
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
