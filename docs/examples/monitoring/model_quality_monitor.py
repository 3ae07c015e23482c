"""A model quality monitor, which compares predictions with ground truth labels a day later."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from constructs import Construct
from stores import Stores

from mlops_constructs import monitoring
from mlops_constructs.hosting import Endpoint
from mlops_constructs.network import Network, NetworkUseCase


class ModelQualityMonitor(cdk.Stack):
    """Defines a daily monitor of a binary classifier, its alarm and a notification of failures."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        endpoint = Endpoint.from_endpoint_name(self, "Endpoint", "churn-prod")
        network = Network(self, "Network", uses=[NetworkUseCase.MODEL_MONITORING])
        monitor = monitoring.DriftMonitor(
            self,
            "ModelQuality",
            monitoring_type=monitoring.MonitoringType.model_quality(
                problem_type="BinaryClassification",
                ground_truth=monitoring.GroundTruth.in_bucket(
                    stores.bucket, prefix="ground-truth", delay=cdk.Duration.days(1)
                ),
            ),
            monitoring_input=monitoring.MonitoringInput.from_endpoint(
                endpoint, capture_bucket=stores.bucket
            ),
            monitoring_output=monitoring.MonitoringOutput.to_bucket(
                stores.bucket, prefix="quality"
            ),
            image=monitoring.MonitoringImage.from_ecr_repository(
                stores.repository, tag_or_digest="1"
            ),
            baseline=monitoring.Baseline.from_files(
                stores.bucket,
                constraints_key="baseline/quality/constraints.json",
                statistics_key="baseline/quality/statistics.json",
            ),
            frequency=monitoring.MonitoringFrequency.daily(at_hour=4),
            job=monitoring.MonitoringJob(network=monitoring.MonitoringNetwork.within(network)),
        )
        monitoring.MetricAlarms(
            self,
            "Alarms",
            thresholds=[
                monitoring.MetricThresholds.below(
                    "Auc", monitor.metric_quality("auc"), {"Critical": 0.8}
                )
            ],
            actions={"Critical": [monitoring.AlarmAction.notify(stores.topic)]},
        )
        queue = monitoring.DeadLetterQueue(self, "Undelivered")
        monitor.on_failure(
            "Failure", target=targets.SnsTopic(stores.topic, dead_letter_queue=queue)
        )
        cdk.CfnOutput(self, "MonitorName", value=monitor.monitor_name)
