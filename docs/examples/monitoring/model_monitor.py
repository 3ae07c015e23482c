"""SageMaker Model Monitor with AWS's prebuilt image: captured traffic is compared with a baseline.

Use it in accounts that used Model Monitor before AWS closed it to new customers on 2026-07-30.
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


class ModelMonitor(cdk.Stack):
    """Defines an endpoint with data capture, and its hourly data quality monitor."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        model = Model(self, "Model", source=churn_model(stores))
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="monitored-churn",
            variants=[
                RealTimeVariant(model=model, instance_type="ml.m5.large", initial_instance_count=2)
            ],
            encryption_key=stores.key,
            data_capture=DataCapture.to_bucket(stores.bucket, prefix="capture"),
        )
        monitor = monitoring.ModelMonitor(
            self,
            "DataQuality",
            monitoring_type=monitoring.MonitoringType.data_quality(),
            monitoring_input=monitoring.MonitoringInput.from_endpoint(
                endpoint, capture_bucket=stores.bucket
            ),
            monitoring_output=monitoring.MonitoringOutput.to_bucket(
                stores.bucket, prefix="model-monitor"
            ),
            baseline=monitoring.Baseline.from_files(
                stores.bucket,
                constraints_key="baseline/constraints.json",
                statistics_key="baseline/statistics.json",
            ),
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
        cdk.CfnOutput(self, "MonitorName", value=monitor.monitor_name)
