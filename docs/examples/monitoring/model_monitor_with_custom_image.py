"""SageMaker Model Monitor with a custom image: all four monitoring types of one endpoint.

The image of the project parses the format of its predictions.
"""

from typing import Any

import aws_cdk as cdk
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs import monitoring
from mlops_constructs.hosting import (
    DataCapture,
    Endpoint,
    Model,
    RealTimeVariant,
)
from mlops_constructs.network import Network, NetworkUseCase


class ModelMonitorWithCustomImage(cdk.Stack):
    """Defines a daily monitor for each monitoring type, an hour apart."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        model = Model(self, "Model", source=churn_model(stores))
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="churn-with-monitors",
            variants=[
                RealTimeVariant(
                    model=model,
                    instance_type="ml.m7i.large",
                    initial_instance_count=2,
                )
            ],
            encryption_key=stores.key,
            data_capture=DataCapture.to_bucket(stores.bucket),
        )
        network = Network(self, "Network", uses=[NetworkUseCase.MODEL_MONITORING])
        labels = monitoring.GroundTruth.in_bucket(
            stores.bucket, prefix="ground-truth", delay=cdk.Duration.hours(6)
        )
        monitoring_types = {
            "DataQuality": monitoring.MonitoringType.data_quality(),
            "ModelQuality": monitoring.MonitoringType.model_quality(
                problem_type="BinaryClassification", ground_truth=labels
            ),
            "Bias": monitoring.MonitoringType.model_bias(
                ground_truth=labels,
                analysis_config_bucket=stores.bucket,
                analysis_config_key="monitoring/bias/analysis_config.json",
            ),
            "Explainability": monitoring.MonitoringType.model_explainability(
                analysis_config_bucket=stores.bucket,
                analysis_config_key="monitoring/explainability/analysis_config.json",
                model_data_bucket=stores.bucket,
                model_data_key="models/churn/model.tar.gz",
            ),
        }
        for hour, (name, monitoring_type) in enumerate(monitoring_types.items()):
            monitor = monitoring.ModelMonitor(
                self,
                name,
                monitoring_type=monitoring_type,
                monitoring_input=monitoring.MonitoringInput.from_endpoint(
                    endpoint, capture_bucket=stores.bucket
                ),
                monitoring_output=monitoring.MonitoringOutput.to_bucket(
                    stores.bucket, prefix=f"monitors/{name}"
                ),
                image=monitoring.MonitoringImage.from_ecr_repository(
                    stores.repository, tag_or_digest="1"
                ),
                baseline=monitoring.Baseline.from_files(
                    stores.bucket,
                    constraints_key=f"baseline/{name}/constraints.json",
                    statistics_key=f"baseline/{name}/statistics.json",
                ),
                frequency=monitoring.MonitoringFrequency.daily(at_hour=hour),
                job=monitoring.MonitoringJob(network=monitoring.MonitoringNetwork.within(network)),
            )
            cdk.CfnOutput(self, f"{name}Monitor", value=monitor.monitor_name)
