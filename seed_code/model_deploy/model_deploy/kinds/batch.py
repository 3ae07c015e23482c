"""Batch transform on a schedule."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from mlops_constructs.hosting import (
    BatchDataCapture,
    BatchTransform,
    TransformInput,
    TransformInstances,
    TransformOutput,
)

from model_deploy import settings

from .stage_resources import StageResources

_MAX_PREFIX_LENGTH = 26
"""Maximum length of the prefix to which EventBridge Scheduler adds the id of its execution."""
INPUT, PREDICTIONS, CAPTURE = "batch/input", "batch/predictions", "batch/capture"
"""Folders of all stages in the bucket: files, predictions, and the manifests that list both."""


def batch_transform(resources: StageResources, stage: settings.Batch) -> BatchTransform:
    """Defines transform jobs, started by the schedule `<project>-<stage>-batch`.

    Args:
        resources: resources of the stage.
        stage: its settings.

    Raises:
        ValueError: the project has no role that starts the jobs.
    """
    project, stack = resources.project, resources.stack
    roles = project.monitoring
    if roles is None:
        raise ValueError(
            "kind: got 'batch', but the project has no role that starts jobs; ask the platform "
            "team to upgrade the project"
        )
    key = resources.key
    return BatchTransform(
        stack,
        "Batch",
        model=resources.model("Model", stage.version),
        source=TransformInput(
            bucket=resources.bucket,
            prefix=f"{INPUT}/{resources.stage}",
            content_type=stage.content_type,
        ),
        destination=TransformOutput(
            bucket=resources.bucket,
            prefix=f"{PREDICTIONS}/{resources.stage}",
            accept=stage.content_type,
            encryption_key=key,
            join_input=stage.join_input,
        ),
        capture=None
        if stage.monitor is None
        else BatchDataCapture(
            bucket=resources.bucket,
            prefix=f"{CAPTURE}/{resources.stage}",
            encryption_key=key,
            inference_id=stage.monitor.reads_labels,
        ),
        instances=TransformInstances(instance_type=stage.instance_type, count=stage.instance_count),
        schedule=scheduler.ScheduleExpression.expression(
            stage.schedule, cdk.TimeZone.of(stage.time_zone)
        ),
        schedule_name=f"{resources.name}-batch",
        job_name_prefix=resources.name[:_MAX_PREFIX_LENGTH].rstrip("-"),
        scheduler_role=iam.Role.from_role_arn(
            stack, "StarterRole", roles.starter_role_arn, mutable=False
        ),
        dead_letter_queue=sqs.Queue.from_queue_arn(stack, "NotStarted", roles.queue_arn),
    )
