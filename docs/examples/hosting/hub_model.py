"""A JumpStart model of a private hub, behind an endpoint.

For an organization that controls which foundation models are used: the hub refers to them, and
gives access to their data. The execution role of the model reads nothing from S3. An administrator
creates the hub and the reference first (CreateHub, CreateHubContentReference); CloudFormation has
no resource type for either.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
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


class HubModel(cdk.Stack):
    """Defines the endpoint `hub-model` for version 1.0.0 of a model of the hub `hub-model`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        reference = self.format_arn(
            service="sagemaker",
            resource="hub-content",
            resource_name="hub-model/ModelReference/churn-net/1.0.0",
        )
        model = Model(
            self,
            "Model",
            source=ModelSource.from_hub(
                stores.repository,
                tag_or_digest="1",
                hub_content_arn=reference,
                # HostingArtifactUri of DescribeHubContent.
                model_data_bucket=s3.Bucket.from_bucket_name(
                    self, "JumpStart", f"jumpstart-cache-prod-{self.region}"
                ),
                model_data_key="churn-net/artifacts/inference/v1.0.0/",
                accept_eula=True,
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
            rollout=Rollout.rolling(batch=CapacitySize.percent(50)),
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
