"""A private network without internet access, for training, features and Studio.

For data that must not leave the account: all resources in it reach AWS through endpoints, whose
policies allow only principals of the account, and only its buckets. Each use case adds the
endpoints that it requires; docs/network.md lists their cost.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_constructs.network import FlowLogs, Network, NetworkUseCase


class PrivateNetwork(cdk.Stack):
    """Defines a VPC over two availability zones, with its endpoints and flow logs."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        network = Network(
            self,
            "Network",
            uses=[NetworkUseCase.STUDIO, NetworkUseCase.TRAINING, NetworkUseCase.FEATURE_STORE],
            cidr="10.20.0.0/16",
            flow_logs=FlowLogs.to_log_group(retention=logs.RetentionDays.ONE_YEAR),
        )
        cdk.CfnOutput(self, "VpcId", value=network.vpc.vpc_id)
        cdk.CfnOutput(self, "SubnetIds", value=",".join(network.subnet_ids))
        cdk.CfnOutput(self, "SecurityGroupId", value=network.security_group.security_group_id)
