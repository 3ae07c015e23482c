"""A drift monitor of a nightly batch transform job.

The job lists its input and output files below `batch/capture`. The monitor reads the listed files
in the morning, after the job has ended, and compares them with the training data.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_scheduler as scheduler
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs import monitoring
from mlops_constructs.hosting import (
    BatchDataCapture,
    BatchTransform,
    Model,
    TransformInput,
    TransformInstances,
    TransformOutput,
)
from mlops_constructs.network import Network


class BatchDriftMonitor(cdk.Stack):
    """Defines a nightly transform job and its daily monitor with the project's image."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        BatchTransform(
            self,
            "Nightly",
            model=Model(self, "Model", source=churn_model(stores)),
            source=TransformInput(bucket=stores.bucket, prefix="batch/today"),
            destination=TransformOutput(bucket=stores.bucket, prefix="batch/scores"),
            instances=TransformInstances(instance_type="ml.m7i.large", encryption_key=stores.key),
            schedule=scheduler.ScheduleExpression.cron(hour="3", minute="0"),
            job_name_prefix="scores",
            capture=BatchDataCapture(bucket=stores.bucket, prefix="batch/capture"),
        )
        network = Network.from_ids(
            self,
            "Corporate",
            vpc_id="vpc-0a1b2c3d4e5f60718",
            subnet_ids=["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"],
            security_group_ids=["sg-0a1b2c3d4e5f60718"],
        )
        monitor = monitoring.DriftMonitor(
            self,
            "Customers",
            monitoring_type=monitoring.MonitoringType.data_quality(),
            monitoring_input=monitoring.MonitoringInput.from_batch_transform(
                stores.bucket,
                prefix="batch/capture",
                input_prefix="batch/today",
                dataset_format=monitoring.DatasetFormat.csv(header=False),
            ),
            monitoring_output=monitoring.MonitoringOutput.to_bucket(
                stores.bucket, prefix="batch/drift"
            ),
            image=monitoring.MonitoringImage.from_ecr_repository(
                stores.repository, tag_or_digest="model-build"
            ),
            baseline=monitoring.Baseline.from_job(
                stores.bucket, dataset_key="batch/training/customers.csv"
            ),
            frequency=monitoring.MonitoringFrequency.daily(at_hour=7),
            job=monitoring.MonitoringJob(network=monitoring.MonitoringNetwork.within(network)),
        )
        monitoring.MetricAlarms(
            self,
            "Alarms",
            thresholds=[
                monitoring.MetricThresholds.above(
                    "Age", monitor.metric_drift("age"), {"Warning": 0.1}
                ),
            ],
            actions={"Warning": [monitoring.AlarmAction.notify(stores.topic)]},
        )
        cdk.CfnOutput(self, "MonitorName", value=monitor.monitor_name)
        if monitor.baseline_job is not None:
            machine = monitor.baseline_job.state_machine
            cdk.CfnOutput(self, "BaselineJob", value=machine.state_machine_arn)
