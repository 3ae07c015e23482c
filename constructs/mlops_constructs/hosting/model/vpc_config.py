"""Subnets and security groups of containers."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from mlops_constructs.access._network_interfaces import network_interface_permissions
from mlops_constructs.hosting._permissions import grant


@dataclass(frozen=True, kw_only=True)
class VpcConfig:
    """Subnets and security groups of the network interfaces of containers.

    Args:
        vpc: VPC of the containers.
        subnets: selection of its subnets. Defaults to None: its private subnets.
        security_groups: security groups of the network interfaces, 1 to 5. Defaults to None: a new
            group that allows only outbound HTTPS, to reach S3 and ECR through VPC endpoints.

    Example:
        ```python
        VpcConfig(vpc=vpc)
        ```
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] | None = None

    def let_join(self, scope: IConstruct, role: iam.IRole, security_group_ids: list[str]) -> None:
        """Lets a role attach network interfaces to the subnets, as SageMaker does with it.

        Args:
            role: execution role of the containers.
            security_group_ids: ids of the security groups of the interfaces.

        Source: "How to use SageMaker AI execution roles", section CreateModel.
        """
        permissions = network_interface_permissions(
            scope, subnet_ids=self.subnet_ids, security_group_ids=security_group_ids
        )
        grant(role, permissions)

    @property
    def subnet_ids(self) -> list[str]:
        """Ids of the subnets, in the order of the VPC."""
        placed = self.subnets or ec2.SubnetSelection()
        return self.vpc.select_subnets(
            availability_zones=placed.availability_zones,
            one_per_az=placed.one_per_az,
            subnet_filters=placed.subnet_filters,
            subnet_group_name=placed.subnet_group_name,
            subnets=placed.subnets,
            subnet_type=placed.subnet_type,
        ).subnet_ids

    def security_group_ids(self, scope: Construct) -> list[str]:
        """Returns the ids of the security groups; creates the default one below `scope`."""
        groups = self.security_groups or [self._https_only(scope)]
        return [group.security_group_id for group in groups]

    def _https_only(self, scope: Construct) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            scope,
            "SecurityGroup",
            vpc=self.vpc,
            allow_all_outbound=False,
            description="Containers of a SageMaker model",
        )
        group.add_egress_rule(
            ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS APIs through endpoints of the VPC"
        )
        return group
