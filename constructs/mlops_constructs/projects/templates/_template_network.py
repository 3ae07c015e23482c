"""Network of a project template, by ids that its template can contain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs._problems import is_known
from mlops_constructs.network import Network, NetworkBase


@dataclass(frozen=True, kw_only=True)
class TemplateNetwork:
    """Defines the ids of a network: literal, or as imports of CloudFormation exports.

    Args:
        vpc_id: id of the VPC.
        subnet_ids: ids of the subnets.
        security_group_ids: ids of the security groups.
    """

    vpc_id: str
    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]

    @classmethod
    def export(cls, scope: Construct, network: NetworkBase, *, prefix: str) -> TemplateNetwork:
        """Exports a network to templates that are deployed later.

        Ids that only CloudFormation knows are exported as `PREFIX-...`; the network cannot be
        deleted while projects import them.

        Args:
            scope: parent construct of the outputs.
            network: network of this app.
            prefix: prefix of the exports, unique in the account and region.
        """

        def known(name: str, value: str) -> str:
            if is_known(value):
                return value
            export_name = f"{prefix}-{name}"
            cdk.CfnOutput(scope, name, value=value, export_name=export_name)
            return cdk.Fn.import_value(export_name)

        return cls(
            vpc_id=known("VpcId", network.vpc.vpc_id),
            subnet_ids=[
                known(f"SubnetId{number}", one)
                for number, one in enumerate(network.subnet_ids, start=1)
            ],
            security_group_ids=[
                known(f"SecurityGroupId{number}", one)
                for number, one in enumerate(network.security_group_ids, start=1)
            ],
        )

    def network(self, scope: Construct, construct_id: str) -> NetworkBase:
        """Returns the network as an import in the stack of a template.

        Args:
            scope: parent construct.
            construct_id: id of the network.
        """
        return Network.from_ids(
            scope,
            construct_id,
            vpc_id=self.vpc_id,
            subnet_ids=self.subnet_ids,
            security_group_ids=self.security_group_ids,
        )
