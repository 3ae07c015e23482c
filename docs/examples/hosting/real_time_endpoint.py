"""A real-time endpoint: weighted variants, capture, scaling, and a canary with automatic rollback.

For responses within milliseconds, and steady traffic. The champion serves nine of ten requests. New
models first get a tenth of a variant's traffic; errors, slow responses, and full memory or disks
roll them back. The number of instances follows the traffic, with more instances on working days.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import (
    CapacitySize,
    DataCapture,
    Endpoint,
    MetricsConfig,
    Model,
    RealTimeVariant,
    Rollback,
    Rollout,
    RoutingStrategy,
    Scaling,
    ScalingMetric,
    ScalingPolicy,
    ScheduledAction,
)


class RealTimeEndpoint(cdk.Stack):
    """Defines the endpoint `real-time-endpoint`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        model = Model(
            self,
            "Model",
            source=churn_model(stores),
        )
        working_days = ScheduledAction(
            name="WorkingDays",
            schedule=autoscaling.Schedule.cron(hour="7", minute="30", week_day="MON-FRI"),
            minimum=3,
            time_zone=cdk.TimeZone.EUROPE_BERLIN,
        )
        nights = ScheduledAction(
            name="Nights",
            schedule=autoscaling.Schedule.cron(hour="20", minute="0"),
            minimum=2,
            time_zone=cdk.TimeZone.EUROPE_BERLIN,
        )
        champion = RealTimeVariant(
            model=model,
            name="Champion",
            instance_type="ml.m7i.large",
            weight=9,
            routing=RoutingStrategy.LEAST_OUTSTANDING_REQUESTS,
            scaling=Scaling.between(
                2,
                6,
                ScalingPolicy.target_invocations(600),
                ScalingPolicy.steps_above(ScalingMetric.utilization("CPU"), 160, {0: 1, 20: 3}),
                schedule=[working_days, nights],
            ),
        )
        challenger = RealTimeVariant(
            model=model,
            name="Challenger",
            instance_type="ml.m7i.large",
            scaling=Scaling.between(2, 4, ScalingPolicy.target_concurrency(5)),
        )
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="real-time-endpoint",
            variants=[champion, challenger],
            encryption_key=stores.key,
            data_capture=DataCapture.to_bucket(
                stores.bucket, prefix="real-time-endpoint/capture", sampling_percentage=20
            ),
            rollout=Rollout.canary(
                size=CapacitySize.percent(10),
                rollback=Rollback.on_health(
                    maximum_latency=cdk.Duration.millis(500), notify=stores.topic
                ),
            ),
            metrics=MetricsConfig(enhanced=True, frequency=cdk.Duration.seconds(30)),
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
