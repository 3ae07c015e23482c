"""Base of owned and imported networks."""

from collections.abc import Sequence

import jsii
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IConstruct


@jsii.implements(ec2.IConnectable)
class NetworkBase(Construct):
    """Base of an owned and an imported network: its subnets and security groups.

    Jobs, models, endpoints and Studio domains accept it.
    """

    vpc: ec2.IVpc
    subnets: list[ec2.ISubnet]
    """Private subnets, one per availability zone."""
    security_group: ec2.ISecurityGroup
    """Security group of resources in the network, which allows outbound HTTPS."""
    security_groups: list[ec2.ISecurityGroup]
    """All security groups of resources in the network; one, unless more are imported."""
    aws_connectivity: Sequence[IConstruct] = ()
    """Endpoints and routes to AWS, on which resources can depend; none for an imported network."""
    internal: bool | None = None
    """True if resources in the network reach each other; None for an imported network."""

    @property
    def connections(self) -> ec2.Connections:
        """Security group rules between resources in the network and others, such as a database."""
        return ec2.Connections(security_groups=self.security_groups)

    @property
    def subnet_ids(self) -> list[str]:
        """Ids of the subnets."""
        return [subnet.subnet_id for subnet in self.subnets]

    @property
    def subnet_selection(self) -> ec2.SubnetSelection:
        """Subnets in the form that constructs of the CDK accept."""
        return ec2.SubnetSelection(subnets=self.subnets)

    @property
    def security_group_ids(self) -> list[str]:
        """Ids of the security groups."""
        return [group.security_group_id for group in self.security_groups]
