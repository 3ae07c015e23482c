"""A JumpStart model that a private hub lets people deploy, behind an endpoint.

For an organisation that decides which foundation models may be used: the hub refers to them, and
gives access to their data. The role of the model reads nothing from S3. Beforehand an administrator
creates the hub and the reference (CreateHub, CreateHubContentReference); CloudFormation has no
resource for either.
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
                # As DescribeHubContent tells in HostingArtifactUri.
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
