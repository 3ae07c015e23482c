"""A network with internet access through NAT, and a database beside it.

For packages from a public index, or labels from a partner: outbound connections are possible,
inbound ones are not. It costs more than endpoints, and endpoint policies no longer control all
outbound data, so the reason is stated in the code and as a tag of the gateways.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from mlops_constructs.network import InternetAccess, Network, NetworkUseCase


class NetworkWithInternetAccess(cdk.Stack):
    """Defines a VPC with a NAT gateway, and a database that its jobs can reach."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        network = Network(
            self,
            "Network",
            uses=[NetworkUseCase.TRAINING],
            cidr="10.21.0.0/20",
            internet=InternetAccess.through_nat(because="packages come from PyPI"),
        )
        database = ec2.SecurityGroup(
            self,
            "Database",
            vpc=network.vpc,
            description="A database with training data",
            allow_all_outbound=False,
        )
        network.connections.allow_to(database, ec2.Port.POSTGRES, "Jobs read training data")
        cdk.CfnOutput(self, "SubnetIds", value=",".join(network.subnet_ids))
