"""Batch transform jobs on a schedule, without an endpoint."""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs._dead_letter_queue import DeadLetterQueue
from mlops_constructs._job_events import TRANSFORM_JOB, job_rule
from mlops_constructs._job_permissions import use_of_volumes
from mlops_constructs._job_schedule import MAX_ID_LENGTH, TRANSFORM, ScheduledJobs
from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission
from mlops_constructs.hosting._names import name_problems
from mlops_constructs.hosting._permissions import grant, writing_logs
from mlops_constructs.hosting.model.model import ModelBase

from .batch_data_capture import BatchDataCapture
from .transform_data import SplitType, TransformInput, TransformInstances, TransformOutput


class BatchTransform(cdk.Resource):
    """Defines transform jobs that a schedule starts.

    EventBridge Scheduler calls CreateTransformJob, and the id of its execution makes the name of
    each job unique.

    Args:
        model: model of the jobs: not a multi-model one, nor one with uncompressed data.
        source: input files.
        destination: output files.
        instances: instances that a job runs on.
        schedule: schedule of the jobs, in the time zone of the expression.
        job_name_prefix: prefix of the jobs' names, up to 26 letters, digits and hyphens.
        capture: manifests of the files of the jobs, for a monitor of batch transform. Defaults to
            None: no manifests are written.
        dead_letter_queue: queue of invocations that fail after 3 retries. Defaults to None: a new
            queue.
        scheduler_role: existing role of EventBridge Scheduler, which can create the jobs, use the
            key of their volumes and send messages to the queue; for stacks that cannot create
            roles. Defaults to None: a new role with exactly these permissions.
        schedule_name: name of the schedule. Defaults to None: CloudFormation generates it.

    Raises:
        ValueError: every problem of the input, in one message.

    Source: CreateTransformJob of SageMaker's API reference; "Using universal targets in EventBridge
    Scheduler".

    Example:
        ```python
        from aws_cdk import aws_scheduler as scheduler

        BatchTransform(
            stack,
            "Nightly",
            model=model,
            source=TransformInput(bucket=bucket, prefix="batch/customers"),
            destination=TransformOutput(bucket=bucket, prefix="batch/predictions"),
            instances=TransformInstances(instance_type="ml.m7i.large", encryption_key=key),
            schedule=scheduler.ScheduleExpression.cron(hour="3", minute="0"),
            job_name_prefix="churn-nightly",
        )
        ```
    """

    dead_letter_queue: sqs.IQueue

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model: ModelBase,
        source: TransformInput,
        destination: TransformOutput,
        instances: TransformInstances,
        schedule: scheduler.ScheduleExpression,
        job_name_prefix: str,
        capture: BatchDataCapture | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        scheduler_role: iam.IRole | None = None,
        schedule_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("BatchTransform", self)
        problems.extend(region_problems(self, "AWS::Scheduler::Schedule"))
        problems.extend(name_problems("job_name_prefix", job_name_prefix, reserve=MAX_ID_LENGTH))
        problems.extend(name_problems("schedule_name", schedule_name))
        for part in (source, destination, instances, capture):
            problems.extend(part.problems() if part else [])
        problems.extend(_model_problems(model))
        problems.raise_if_any()

        instances = instances.with_key_of(destination)
        self.job_name_prefix = job_name_prefix
        self.dead_letter_queue = dead_letter_queue or DeadLetterQueue(self, "DeadLetters")
        _let_model_work(model, source, destination, capture)
        zone = schedule.time_zone
        ScheduledJobs(
            kind=TRANSFORM,
            name_prefix=job_name_prefix,
            request=_transform_job(model, source, destination, instances, capture),
            expression=schedule.expression_string,
            time_zone=zone.timezone_name if zone else None,
            description=f"Starts transform jobs {job_name_prefix}",
            role_description="EventBridge Scheduler: starts transform jobs",
            dead_letter_queue=self.dead_letter_queue,
            # SageMaker encrypts volumes through a grant of the principal that starts the job.
            permissions=use_of_volumes(key) if (key := instances.encryption_key) else [],
            role=scheduler_role,
            schedule_name=schedule_name,
        ).schedule(self, role_id="Role")

    def on_state_change(
        self,
        construct_id: str,
        *,
        statuses: Sequence[str] = (),
        target: events.IRuleTarget | None = None,
        description: str | None = None,
    ) -> events.Rule:
        """Creates an EventBridge rule for state changes of the jobs.

        SageMaker may deliver an event twice; the target must be idempotent.

        Args:
            construct_id: construct id of the rule.
            statuses: statuses such as `Completed`, `Failed` or `Stopped`. Defaults to all statuses.
            target: target of the rule. Defaults to None: add targets to the returned rule.
            description: description of the rule. Defaults to None: a description that names the
                jobs.

        Source: "SageMaker transform job state change" in SageMaker's events for EventBridge.
        """
        status = {"TransformJobStatus": list(statuses)} if statuses else {}
        return job_rule(
            self,
            construct_id,
            job=TRANSFORM_JOB,
            detail={
                "TransformJobName": events.Match.prefix(f"{self.job_name_prefix}-"),
                **status,
            },
            description=description or f"A transform job {self.job_name_prefix} changed its state",
            target=target,
        )


def _transform_job(
    model: ModelBase,
    source: TransformInput,
    destination: TransformOutput,
    instances: TransformInstances,
    capture: BatchDataCapture | None = None,
) -> dict[str, Any]:
    """Returns the request of CreateTransformJob, except the name."""
    splits = source.split is not SplitType.NONE
    processing = {
        "InputFilter": source.input_filter,
        "OutputFilter": destination.output_filter,
        "JoinSource": "Input" if destination.join_input else "None",
    }
    job: dict[str, Any] = {
        "ModelName": model.model_name,
        "TransformInput": source.render(),
        "TransformOutput": destination.render(assemble=splits),
        "TransformResources": instances.render(),
        "DataProcessing": {name: value for name, value in processing.items() if value is not None},
        "DataCaptureConfig": capture.render() if capture else None,
        "MaxConcurrentTransforms": instances.concurrency,
        "MaxPayloadInMB": instances.payload_mb,
        # A batch strategy requires records, which only split files have.
        "BatchStrategy": source.batch.value if splits else None,
    }
    return {name: value for name, value in job.items() if value is not None}


def _let_model_work(
    model: ModelBase,
    source: TransformInput,
    destination: TransformOutput,
    capture: BatchDataCapture | None = None,
) -> None:
    """Lets the role of a model read the input, write predictions, manifests and logs."""
    if model.role is None:
        return
    because = "jobs read and write every file below a prefix"
    files = Permission(
        actions=["s3:GetObject"],
        resources=[source.bucket.arn_for_objects(f"{source.prefix}/*")],
        because=because,
    )
    listing = Permission(actions=["s3:ListBucket"], resources=[source.bucket.bucket_arn])
    written: list[TransformOutput | BatchDataCapture] = [destination]
    if capture is not None:
        written.append(capture)
    writing = Permission(
        actions=["s3:PutObject"],
        resources=[one.bucket.arn_for_objects(f"{one.prefix}/*") for one in written],
        because=because,
    )
    keys = [source.bucket.encryption_key, *(one.key for one in written)]
    arns = list(dict.fromkeys(key.key_arn for key in keys if key is not None))
    allowed = [files, listing, writing, writing_logs(model, "TransformJobs")]
    if arns:
        allowed.append(Permission(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=arns))
    grant(model.role, allowed)


def _model_problems(model: ModelBase) -> list[str]:
    """Finds models that transform jobs do not support.

    Source: ContainerDefinition of SageMaker's API reference; "Batch transform".
    """
    found = []
    if model.traits.multi_model:
        found.append("model: got a multi-model one, which transform jobs do not support")
    if model.traits.data_source:
        found.append(
            "model: got one whose data is a folder or of a hub; transform jobs load one archive "
            "(.tar.gz)"
        )
    return found
