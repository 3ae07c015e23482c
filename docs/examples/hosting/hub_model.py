"""A model of a private hub, such as one of JumpStart's.

For models that others trained: a hub lists those that may be used here, and gives access to their
data. The image and the place of the data are what DescribeHubContent tells.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import Endpoint, Model, ModelSource, RealTimeVariant, Rollout


class HubModel(cdk.Stack):
    """Defines the endpoint `hub-model`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        reference = self.format_arn(
            service="sagemaker",
            resource="hub-content",
            resource_name="models/ModelReference/churn/1.0.0",
        )
        model = Model(
            self,
            "Model",
            source=ModelSource.from_hub(
                stores.repository,
                tag_or_digest="1",
                hub_content_arn=reference,
                model_data_bucket=stores.bucket,
                model_data_key="models/churn/model.tar.gz",
            ),
        )
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="hub-model",
            variants=[
                RealTimeVariant(model=model, instance_type="ml.m7i.large", initial_instance_count=2)
            ],
            encryption_key=stores.key,
            rollout=Rollout.all_at_once(),
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
