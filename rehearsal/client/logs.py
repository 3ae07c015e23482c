"""Logs of the build, job or stack behind the failed action of a pipeline."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client import pipeline_execution, training_pipeline
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.pipeline_execution import ActionExecution
from rehearsal.client.progress import Status
from rehearsal.client.training_pipeline import Step

# Log groups by the kind of the job behind a step (SageMaker developer guide, "Amazon SageMaker AI
# logs").
JOB_GROUPS = {
    "ProcessingJob": "/aws/sagemaker/ProcessingJobs",
    "TrainingJob": "/aws/sagemaker/TrainingJobs",
    "TransformJob": "/aws/sagemaker/TransformJobs",
    "QualityCheck": "/aws/sagemaker/ProcessingJobs",
    "ClarifyCheck": "/aws/sagemaker/ProcessingJobs",
}

_MAX_LINES_AFTER_FAILURE = 20  # CodeBuild writes fewer after a failed command


@dataclass(frozen=True)
class LogTail:
    """The end of a log, its source and the reason of the failure."""

    source: str
    reason: str
    lines: list[str]


def of_pipeline(
    aws: LocalAws, pipeline: str, execution_id: str | None = None, lines: int = 40
) -> list[LogTail]:
    """Returns the ends of the logs behind an execution: of its failed action, else of its last one.

    Args:
        aws: the local AWS.
        pipeline: name of the pipeline.
        execution_id: id of the execution. Defaults to None: the newest.
        lines: maximum number of lines of each log. Defaults to 40.
    """
    codepipeline = aws.client("codepipeline")
    chosen = execution_id or pipeline_execution.latest(codepipeline, pipeline)
    execution = pipeline_execution.read(codepipeline, pipeline, chosen)
    action = execution.failed_action or (execution.actions[-1] if execution.actions else None)
    if action is None:
        return [LogTail(pipeline, execution.reason or f"The execution is {execution.status}.", [])]
    tails = list(_of_training(aws, action, lines))
    return [*_of_action(aws, pipeline, action, lines), *tails]


def _of_action(
    aws: LocalAws, pipeline: str, action: ActionExecution, lines: int
) -> Iterator[LogTail]:
    source = f"{pipeline} / {action.stage} / {action.name}"
    reason = action.error or action.summary
    if action.log_stream:
        group, _, stream = action.log_stream.partition(":log-group:")[2].partition(":log-stream:")
        yield LogTail(source, reason, _tail(aws, group, stream, lines))
        return
    builds = _builds(aws, action)
    if builds and builds[0].get("logs", {}).get("groupName"):
        logs = builds[0]["logs"]
        found = _tail(aws, logs["groupName"], logs["streamName"], lines + _MAX_LINES_AFTER_FAILURE)
        yield LogTail(source, reason, _until_failure(found)[-lines:])
        return
    yield LogTail(source, reason, [])
    if action.stack:
        yield from _of_stack(aws, action.stack, lines)


def _until_failure(lines: list[str]) -> list[str]:
    """Returns a build's log up to the command that failed."""
    for index, line in enumerate(lines):
        if line.startswith("[Container]") and "did not exit successfully" in line:
            return lines[: index + 1]
    return lines


def _builds(aws: LocalAws, action: ActionExecution) -> list[dict[str, Any]]:
    if action.category not in ("Build", "Test") or ":" not in action.external_id:
        return []
    builds: list[dict[str, Any]] = aws.client("codebuild").batch_get_builds(
        ids=[action.external_id]
    )["builds"]
    return builds


def _of_training(aws: LocalAws, action: ActionExecution, lines: int) -> Iterator[LogTail]:
    """Yields the logs of the failed jobs of the SageMaker pipeline that a build ran."""
    if not _builds(aws, action):
        return
    sagemaker = aws.client("sagemaker")
    arn = training_pipeline.find(sagemaker, aws.client("codebuild"), action.external_id)
    if arn is None:
        return
    for step in training_pipeline.read(sagemaker, arn).steps:
        if step.status is Status.FAILED:
            yield from _of_step(aws, step, lines)


def _of_step(aws: LocalAws, step: Step, lines: int) -> Iterator[LogTail]:
    if step.kind == "TuningJob":
        for trial in step.trials:
            if trial.status is Status.FAILED:
                found = _tail(aws, JOB_GROUPS["TrainingJob"], trial.name, lines)
                yield LogTail(f"step {step.name}, {trial.name}", step.detail, found)
                return  # all trials run the same program, so one log is enough
    group = JOB_GROUPS.get(step.kind)
    found = _tail(aws, group, step.job.rpartition("/")[2], lines) if group and step.job else []
    yield LogTail(f"step {step.name}", step.detail, found)


def _of_stack(aws: LocalAws, stack: str, lines: int) -> Iterator[LogTail]:
    """Yields the failed resources of a stack and the logs of its endpoints."""
    client = aws.client("cloudformation")
    try:
        events = client.describe_stack_events(StackName=stack)["StackEvents"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return  # the stack was never created, or was deleted
    failed = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    yield LogTail(f"stack {stack}", "", failed[-lines:])
    resources = client.describe_stack_resources(StackName=stack)["StackResources"]
    for resource in resources:
        if resource["ResourceType"] == "AWS::SageMaker::Endpoint":
            name = resource.get("PhysicalResourceId", "").rpartition("/")[2]
            group = f"/aws/sagemaker/Endpoints/{name}"
            yield LogTail(f"endpoint {name}", "", _tail(aws, group, "", lines))


def last_output(aws: LocalAws, kind: str, job: str) -> datetime | None:
    """Returns the time of the last line that a job has written, or None.

    Args:
        aws: the local AWS.
        kind: one of `JOB_GROUPS`.
        job: the name of the job.
    """
    streams = _streams(aws, JOB_GROUPS[kind], job)
    times = [one["lastEventTimestamp"] for one in streams if "lastEventTimestamp" in one]
    return datetime.fromtimestamp(max(times) / 1000, UTC) if times else None


def _tail(aws: LocalAws, group: str, stream: str, lines: int) -> list[str]:
    """Returns the last lines of the newest stream of a group whose name starts with `stream`."""
    streams = _streams(aws, group, stream)
    if not streams:
        return []
    newest = max(streams, key=lambda item: item.get("lastEventTimestamp", 0))
    events = aws.client("logs").get_log_events(
        logGroupName=group, logStreamName=newest["logStreamName"], limit=lines, startFromHead=False
    )["events"]
    return [event["message"].rstrip("\n") for event in events]


def _streams(aws: LocalAws, group: str, stream: str) -> list[dict[str, Any]]:
    """Returns the streams of a group whose name starts with `stream`."""
    prefix = {"logStreamNamePrefix": stream} if stream else {}
    try:
        found: list[dict[str, Any]] = aws.client("logs").describe_log_streams(
            logGroupName=group, **prefix
        )["logStreams"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return []  # no line was written yet
    return found
