"""The part of a VPC in which containers run."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from mlops_constructs.access._network_interfaces import network_interface_permissions
from mlops_constructs.hosting._permissions import grant


@dataclass(frozen=True, kw_only=True)
class VpcPlacement:
    """Subnets and security groups of containers' network interfaces.

    Args:
        vpc: network of the containers.
        subnets: part of the network. Left out: its private subnets.
        security_groups: rules of the containers' network interfaces. Left out: one group that
            lets only HTTPS out, to reach S3 and ECR through endpoints of the VPC.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] | None = None

    def let_join(self, scope: IConstruct, role: iam.IRole, security_group_ids: list[str]) -> None:
        """Lets a role put network interfaces into the subnets, as SageMaker does with it.

        Source: "How to use SageMaker AI execution roles", section CreateModel.
        """
        permissions = network_interface_permissions(
            scope, subnet_ids=self.subnet_ids, security_group_ids=security_group_ids
        )
        grant(role, permissions)

    @property
    def subnet_ids(self) -> list[str]:
        """The subnets, in the order in which the VPC lists them."""
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
        """The groups; the default one is made below `scope`."""
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
