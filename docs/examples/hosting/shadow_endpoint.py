"""A shadow variant: a second model that receives copies of the requests.

For a model that is tested with real requests before anything depends on it: its responses are
captured and measured, and are not returned to callers.
"""

from typing import Any

import aws_cdk as cdk
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import (
    CapacitySize,
    DataCapture,
    Endpoint,
    Model,
    ModelSource,
    RealTimeVariant,
    Rollout,
    ShadowVariant,
)


class ShadowEndpoint(cdk.Stack):
    """Defines the endpoint `shadow-endpoint`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        image = ModelSource.from_image(stores.repository, tag_or_digest="1")
        trained = churn_model(stores)
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="shadow-endpoint",
            variants=[
                RealTimeVariant(
                    model=Model(self, "Model", source=image),
                    instance_type="ml.m7i.large",
                    initial_instance_count=2,
                )
            ],
            shadow=ShadowVariant(
                model=Model(self, "Candidate", source=trained),
                instance_type="ml.m7i.large",
                percentage=50,
            ),
            encryption_key=stores.key,
            data_capture=DataCapture.to_bucket(stores.bucket, prefix="shadow-endpoint/capture"),
            rollout=Rollout.linear(step=CapacitySize.percent(50)),
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
