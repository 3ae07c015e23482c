"""Where the applications of a domain run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from .docker_access import DockerAccess

MOST_SUBNETS, MOST_GROUPS = 16, 4
"""SageMaker adds a security group of its own to the 5 that an application can have."""
_HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class DomainNetwork:
    """The network of a domain's applications and of its file system.

    Source: "Connect Amazon SageMaker Studio in a VPC to External Resources" in SageMaker's
    developer guide, CreateDomain in its API reference.
    """

    vpc: ec2.IVpc
    is_vpc_only: bool
    subnets: tuple[ec2.ISubnet, ...] = ()
    security_groups: tuple[ec2.ISecurityGroup, ...] = ()
    docker_access: DockerAccess = field(default_factory=DockerAccess.disabled)

    @staticmethod
    def vpc_only(
        vpc: ec2.IVpc,
        *,
        subnets: Sequence[ec2.ISubnet] = (),
        security_groups: Sequence[ec2.ISecurityGroup] = (),
        docker_access: DockerAccess | None = None,
    ) -> DomainNetwork:
        """All traffic of the applications goes through the VPC.

        The VPC needs endpoints for sagemaker.api, sagemaker.runtime, sts, logs, S3, and for what
        else people use; `Network` makes them.

        Args:
            vpc: the network.
            subnets: part of the network. Left out: its private subnets.
            security_groups: rules of the applications' traffic, at most 4. A group that lets its
                members in lets people reach each other's applications. Left out: one group that
                lets only HTTPS out. NFS to the domain's file system needs no rule: SageMaker
                adds a group for it.
            docker_access: whether people may use Docker. Left out: they may not.

        Example:
            ```python
            DomainNetwork.vpc_only(vpc, docker_access=DockerAccess.enabled())
            ```
        """
        return DomainNetwork(
            vpc=vpc,
            is_vpc_only=True,
            subnets=tuple(subnets),
            security_groups=tuple(security_groups),
            docker_access=docker_access or DockerAccess.disabled(),
        )

    @staticmethod
    def public_internet(
        vpc: ec2.IVpc,
        *,
        subnets: Sequence[ec2.ISubnet] = (),
        docker_access: DockerAccess | None = None,
    ) -> DomainNetwork:
        """Applications reach the internet through a network of SageMaker.

        Only the file system is in the VPC. Nothing in the account sees or stops what leaves; take
        it for a sandbox without data of its own.

        Args:
            vpc: the network of the file system.
            subnets: part of the network. Left out: its private subnets.
            docker_access: whether people may use Docker. Left out: they may not.

        Example:
            ```python
            DomainNetwork.public_internet(vpc)
            ```
        """
        return DomainNetwork(
            vpc=vpc,
            is_vpc_only=False,
            subnets=tuple(subnets),
            docker_access=docker_access or DockerAccess.disabled(),
        )

    @property
    def access_type(self) -> str:
        """The AppNetworkAccessType of the domain."""
        return "VpcOnly" if self.is_vpc_only else "PublicInternetOnly"

    @property
    def subnet_ids(self) -> list[str]:
        """The subnets, in the order in which they are given."""
        chosen = self.subnets or self.vpc.select_subnets().subnets
        return [subnet.subnet_id for subnet in chosen]

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = self.docker_access.problems(vpc_only=self.is_vpc_only)
        if len(self.subnets) > MOST_SUBNETS:
            found.append(f"subnets: got {len(self.subnets)}; allowed are 1 to {MOST_SUBNETS}")
        if len(self.security_groups) > MOST_GROUPS:
            found.append(
                f"security_groups: got {len(self.security_groups)}; allowed are {MOST_GROUPS}, as "
                "SageMaker adds one"
            )
        return found

    def security_groups_for(self, scope: Construct) -> list[ec2.ISecurityGroup]:
        """The groups of the applications; the default one is made below `scope`."""
        if not self.is_vpc_only:
            return []
        return list(self.security_groups) or [self._default_group(scope)]

    def _default_group(self, scope: Construct) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            scope,
            "SecurityGroup",
            vpc=self.vpc,
            description="Studio applications: HTTPS out",
            allow_all_outbound=False,
        )
        # To endpoints of the VPC and, over its gateway, to S3, whose addresses change.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(_HTTPS), "AWS services")
        return group
