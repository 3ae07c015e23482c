"""What a network of this stack and an imported one share."""

from __future__ import annotations

from collections.abc import Sequence

import jsii
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IConstruct


@jsii.implements(ec2.IConnectable)
class NetworkBase(Construct):
    """Subnets and a security group, for jobs, models, endpoints and Studio domains."""

    vpc: ec2.IVpc
    #: Private subnets, one per availability zone.
    subnets: list[ec2.ISubnet]
    #: What runs in the network: it reaches HTTPS alone, and itself where a use needs that.
    security_group: ec2.ISecurityGroup
    #: All groups of what runs in the network; one, unless more are imported.
    security_groups: list[ec2.ISecurityGroup]
    #: What calls to AWS go through: endpoints and routes. Nothing where somebody else sees to it.
    ways_to_aws: Sequence[IConstruct] = ()
    #: Whether what runs in the network reaches one another, as the instances of a distributed job
    #: have to. None where only the owner of the security groups knows.
    internal: bool | None = None

    @property
    def connections(self) -> ec2.Connections:
        """Rules between what runs in the network and other things, such as a database."""
        return ec2.Connections(security_groups=self.security_groups)

    @property
    def subnet_ids(self) -> list[str]:
        """The ids of the subnets."""
        return [subnet.subnet_id for subnet in self.subnets]

    @property
    def subnet_selection(self) -> ec2.SubnetSelection:
        """The subnets as constructs of the CDK take them."""
        return ec2.SubnetSelection(subnets=self.subnets)

    @property
    def security_group_ids(self) -> list[str]:
        """The ids of the security groups."""
        return [group.security_group_id for group in self.security_groups]
