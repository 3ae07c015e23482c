"""A serial inference pipeline: containers that process a request one after another.

For preprocessing that must be the same in training and in serving: the first container converts a
request to features, the second predicts. Both run on the same instance.
"""

from typing import Any

import aws_cdk as cdk
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import (
    CapacitySize,
    Endpoint,
    Model,
    ModelSource,
    RealTimeVariant,
    Rollout,
)


class SerialPipeline(cdk.Stack):
    """Defines the endpoint `serial-pipeline`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        model = Model(
            self,
            "Model",
            source=ModelSource.serial_pipeline(
                {
                    "prepare": ModelSource.from_image(stores.repository, tag_or_digest="1"),
                    "predict": churn_model(stores),
                }
            ),
        )
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="serial-pipeline",
            variants=[
                RealTimeVariant(model=model, instance_type="ml.m7i.large", initial_instance_count=2)
            ],
            encryption_key=stores.key,
            rollout=Rollout.rolling(batch=CapacitySize.percent(50)),
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
