"""A serverless endpoint whose provisioned concurrency follows the traffic.

For traffic with long pauses: it is charged per request. Provisioned concurrency serves requests
without a cold start; it scales with its utilization.
"""

from typing import Any

import aws_cdk as cdk
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import (
    Endpoint,
    Model,
    Scaling,
    ScalingPolicy,
    ServerlessVariant,
)


class ServerlessEndpoint(cdk.Stack):
    """Defines the endpoint `serverless-endpoint`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        model = Model(
            self,
            "Model",
            source=churn_model(stores),
            # Serverless endpoints do not support network isolation.
            network_isolation=False,
        )
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="serverless-endpoint",
            variants=[
                ServerlessVariant(
                    model=model,
                    memory_mb=2048,
                    max_concurrency=20,
                    scaling=Scaling.between(1, 10, ScalingPolicy.target_utilization(0.7)),
                )
            ],
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
