"""Alarms of an endpoint by severity, and a dashboard."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs import monitoring
from mlops_constructs.hosting import Endpoint


class EndpointAlarms(cdk.Stack):
    """Defines the alarms of an endpoint, and a dashboard with its traffic, drift and cost."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        endpoint = Endpoint.from_endpoint_name(self, "Endpoint", "churn-prod")
        notify = monitoring.AlarmAction.notify(stores.topic)
        alarms = monitoring.EndpointAlarms(
            self,
            "Alarms",
            endpoint=endpoint,
            thresholds={
                "Warning": monitoring.EndpointThresholds(
                    server_error_share=0.01, latency=cdk.Duration.millis(300)
                ),
                "Critical": monitoring.EndpointThresholds(
                    server_error_share=0.1, latency=cdk.Duration.seconds(2)
                ),
            },
            actions={"Warning": [notify], "Critical": [notify]},
        )
        drift = monitoring.DriftMonitor.from_monitor_name(
            self, "Drift", "churn-data-quality", endpoint_name=endpoint.endpoint_name, hours=24
        )
        monitoring.EndpointDashboard(
            self,
            "Dashboard",
            endpoint=endpoint,
            monitor_widgets=[
                monitoring.MonitorWidget(
                    title="Drift",
                    metrics=[drift.metric_drift(name) for name in ("age", "balance")],
                    threshold=0.1,
                )
            ],
            alarms=[alarms],
            instance_price=0.115,
        )
        cdk.CfnOutput(self, "AlarmCount", value=str(len(alarms.alarms)))
