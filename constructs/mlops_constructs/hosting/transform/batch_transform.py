"""Batch transform on a schedule: answers for all files below a prefix, and no endpoint."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs._dead_letters import DeadLetters
from mlops_constructs._job_events import TRANSFORM_JOB, job_rule
from mlops_constructs._job_schedule import LONGEST_ID, TRANSFORM, ScheduledJobs
from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems
from mlops_constructs.hosting._names import name_problems
from mlops_constructs.hosting._permissions import use_of_volumes
from mlops_constructs.hosting.model.model import ModelBase

from ._transform_job import let_model_work, model_problems, transform_job
from .batch_data_capture import TransformCapture
from .transform_data import TransformInput, TransformInstances, TransformOutput


class BatchTransform(cdk.Resource):
    """Defines transform jobs that a schedule starts.

    EventBridge Scheduler calls CreateTransformJob, and the id of its execution makes the name of
    each job unique.

    Args:
        model: what answers; any model but a multi-model one, or one of uncompressed data.
        source: files that are read.
        destination: files that are written.
        instances: machines that a job runs on.
        schedule: when jobs start, in the time zone of the expression.
        job_name_prefix: beginning of the jobs' names, up to 26 characters.
        capture: where jobs list what they read and wrote, for a monitor of batch transform. Left
            out: nowhere.
        dead_letter_queue: gets what could not be started, after 3 attempts. Left out: a queue
            that is made here.

    Raises:
        ValueError: with every problem of the input.

    Source: CreateTransformJob of SageMaker's API reference; "Using universal targets in
    EventBridge Scheduler".

    Example:
        ```python
        from aws_cdk import aws_scheduler as scheduler

        BatchTransform(
            stack,
            "Nightly",
            model=model,
            source=TransformInput(bucket=bucket, prefix="batch/customers"),
            destination=TransformOutput(bucket=bucket, prefix="batch/answers"),
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
        capture: TransformCapture | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems(f"BatchTransform {self.node.path}")
        problems.extend(region_problems(self, "AWS::Scheduler::Schedule"))
        problems.extend(name_problems("job_name_prefix", job_name_prefix, reserve=LONGEST_ID))
        for part in (source, destination, instances, capture):
            problems.extend(part.problems() if part else [])
        problems.extend(model_problems(model))
        problems.raise_if_any()

        instances = instances.with_key_of(destination)
        self.job_name_prefix = job_name_prefix
        self.dead_letter_queue = dead_letter_queue or DeadLetters(self, "DeadLetters")
        let_model_work(model, source, destination, capture)
        zone = schedule.time_zone
        ScheduledJobs(
            kind=TRANSFORM,
            name_prefix=job_name_prefix,
            request=transform_job(model, source, destination, instances, capture),
            expression=schedule.expression_string,
            time_zone=zone.timezone_name if zone else None,
            description=f"Starts transform jobs {job_name_prefix}",
            role_description="EventBridge Scheduler: starts transform jobs",
            dead_letter_queue=self.dead_letter_queue,
            # SageMaker encrypts volumes through a grant of whoever starts the job.
            permissions=use_of_volumes(key) if (key := instances.encryption_key) else [],
        ).schedule(self, role_id="Role")

    def on_state_change(
        self,
        construct_id: str,
        *,
        statuses: Sequence[str] = (),
        target: events.IRuleTarget | None = None,
        description: str | None = None,
    ) -> events.Rule:
        """Does something when a job changes its state.

        SageMaker may send an event twice, so the target has to bear a repetition.

        Args:
            statuses: such as `Completed`, `Failed` or `Stopped`. Left out: any.
            target: what is started. Left out: add it to the rule.
            description: of the rule. Left out: it names the jobs.

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
