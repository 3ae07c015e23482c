"""A serverless endpoint whose warm capacity follows the traffic.

For traffic with long pauses: it costs by the request. What is provisioned answers without a cold
start; it is scaled by how much of it is used.
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
            # AWS hosts no isolated models on serverless capacity.
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
