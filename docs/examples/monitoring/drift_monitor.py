"""A drift monitor that every account can use, with alarms and retraining.

Use it in accounts that did not use SageMaker Model Monitor before AWS closed it to new customers on
2026-07-30, or to run the monitor's program in the image of your project.
"""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct
from stores import Stores

from mlops_constructs import monitoring
from mlops_constructs.access import ModelExecutionRole
from mlops_constructs.hosting import Endpoint
from mlops_constructs.network import Network, NetworkUseCase

FEATURES = ("age", "balance")


class DriftMonitor(cdk.Stack):
    """Defines a daily data quality monitor, its baseline job, alarms and retraining."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        endpoint = Endpoint.from_endpoint_name(self, "Endpoint", "churn-prod")
        network = Network(self, "Network", uses=[NetworkUseCase.MODEL_MONITORING])
        monitor = monitoring.DriftMonitor(
            self,
            "DataQuality",
            monitoring_type=monitoring.MonitoringType.data_quality(),
            monitoring_input=monitoring.MonitoringInput.from_endpoint(
                endpoint, capture_bucket=stores.bucket
            ),
            monitoring_output=monitoring.MonitoringOutput.to_bucket(stores.bucket, prefix="drift"),
            image=monitoring.MonitoringImage.from_ecr_repository(
                stores.repository, tag_or_digest="1"
            ),
            baseline=monitoring.Baseline.from_job(
                stores.bucket, dataset_key="data/train.csv", target="churned"
            ),
            frequency=monitoring.MonitoringFrequency.daily(at_hour=3),
            job=monitoring.MonitoringJob(network=monitoring.MonitoringNetwork.within(network)),
        )
        monitoring.MetricAlarms(
            self,
            "Alarms",
            thresholds=[
                monitoring.MetricThresholds.above(
                    name.title(), monitor.metric_drift(name), {"Warning": 0.1, "Critical": 0.3}
                )
                for name in FEATURES
            ],
            actions={
                "Warning": [monitoring.AlarmAction.notify(stores.topic)],
                "Critical": [
                    monitoring.AlarmAction.notify(stores.topic),
                    monitoring.Retraining.with_sagemaker_pipeline(self._training(stores)),
                ],
            },
        )
        # The alarms above treat missing data as no drift; this one detects a stopped monitor.
        silent = monitor.silence_alarm("Silent")
        silent.add_alarm_action(cloudwatch_actions.SnsAction(stores.topic))
        cdk.CfnOutput(self, "MonitorName", value=monitor.monitor_name)
        if monitor.baseline_job is not None:
            machine = monitor.baseline_job.state_machine
            cdk.CfnOutput(self, "BaselineJob", value=machine.state_machine_arn)

    def _training(self, stores: Stores) -> sagemaker.CfnPipeline:
        """Returns a placeholder for your project's pipeline, which fails with a message."""
        role = ModelExecutionRole(self, "TrainingRole", encryption_keys=[stores.key])
        definition = {
            "Version": "2020-12-01",
            "Parameters": [],
            "Steps": [
                {
                    "Name": "NothingToTrain",
                    "Type": "Fail",
                    "Arguments": {"ErrorMessage": "replace this pipeline with your project's"},
                }
            ],
        }
        return sagemaker.CfnPipeline(
            self,
            "Training",
            pipeline_name="drift-monitor-training",
            pipeline_definition={"PipelineDefinitionBody": json.dumps(definition)},
            role_arn=role.role_arn,
        )
