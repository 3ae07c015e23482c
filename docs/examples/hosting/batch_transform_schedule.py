"""Predictions for all files below a prefix, every night, without an endpoint.

For predictions that are needed once a day: instances run only while the job runs. Each line of the
output begins with the customer's id, which is not sent to the model.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_scheduler as scheduler
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import (
    BatchTransform,
    Model,
    TransformInput,
    TransformInstances,
    TransformOutput,
)


class BatchTransformSchedule(cdk.Stack):
    """Defines transform jobs `nightly-churn-…`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        model = Model(
            self,
            "Model",
            source=churn_model(stores),
        )
        nightly = BatchTransform(
            self,
            "Nightly",
            model=model,
            source=TransformInput(
                bucket=stores.bucket, prefix="batch/customers", input_filter="$[1:]"
            ),
            destination=TransformOutput(
                bucket=stores.bucket,
                prefix="batch/answers",
                join_input=True,
                output_filter="$[0,-1]",
            ),
            instances=TransformInstances(
                instance_type="ml.m7i.large", encryption_key=stores.key, concurrency=2
            ),
            schedule=scheduler.ScheduleExpression.cron(
                hour="3", minute="0", time_zone=cdk.TimeZone.EUROPE_BERLIN
            ),
            job_name_prefix="nightly-churn",
        )
        nightly.on_state_change(
            "Failed",
            statuses=["Failed"],
            target=targets.SnsTopic(stores.topic, dead_letter_queue=nightly.dead_letter_queue),
        )
        cdk.CfnOutput(self, "JobNamePrefix", value=nightly.job_name_prefix)
        cdk.CfnOutput(self, "DeadLetterQueue", value=nightly.dead_letter_queue.queue_arn)
