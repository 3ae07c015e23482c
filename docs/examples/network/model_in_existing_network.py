"""A model in an existing network of a central network team, by its ids.

For organizations whose VPCs come from a central team: nothing of the network is looked up, created
or changed, and resources in it are defined as with a `Network`.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import Model, ModelSource
from mlops_constructs.network import Network


class ModelInExistingNetwork(cdk.Stack):
    """Defines a model whose containers run in two existing subnets."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        network = Network.from_ids(
            self,
            "Corporate",
            vpc_id="vpc-0a1b2c3d4e5f60718",
            subnet_ids=["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"],
            security_group_ids=["sg-0a1b2c3d4e5f60718"],
        )
        model = Model(
            self,
            "Model",
            source=ModelSource.from_image(
                stores.repository,
                tag_or_digest="1",
                model_data_bucket=stores.bucket,
                model_data_key="models/churn/model.tar.gz",
            ),
            vpc=network.vpc,
            subnets=network.subnet_selection,
            security_groups=network.security_groups,
        )
        cdk.CfnOutput(self, "ModelName", value=model.model_name)
