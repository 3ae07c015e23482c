"""Many models in one container, loaded when a request names them.

For a model per shop, country or customer, most of them rarely invoked: they share instances, and a
new model is available as soon as its archive is uploaded below the prefix.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import (
    Endpoint,
    Model,
    ModelSource,
    RealTimeVariant,
    Rollout,
    Scaling,
)


class MultiModelEndpoint(cdk.Stack):
    """Defines the endpoint `multi-model-endpoint`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        model = Model(
            self,
            "Model",
            source=ModelSource.multi_model(
                stores.repository,
                tag_or_digest="1",
                model_data_bucket=stores.bucket,
                model_data_prefix="models/many/",
            ),
        )
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="multi-model-endpoint",
            variants=[
                RealTimeVariant(
                    model=model,
                    instance_type="ml.m7i.xlarge",
                    scaling=Scaling.target_invocations(per_instance=600, minimum=2, maximum=4),
                )
            ],
            encryption_key=stores.key,
            rollout=Rollout.all_at_once(),
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
        cdk.CfnOutput(self, "TargetModel", value="small.tar.gz")
