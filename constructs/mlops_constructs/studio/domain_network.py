"""Networks of a domain's applications."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from .docker_access import DockerAccess

MAX_SUBNETS, MAX_GROUPS = 16, 4
"""SageMaker adds a security group; an application can have 5."""
_HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class DomainNetwork:
    """The network of a domain's applications and file system; use its static factories.

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
    ) -> "DomainNetwork":
        """Returns a network in which all traffic of applications uses the VPC.

        The VPC needs endpoints for sagemaker.api, sagemaker.runtime, sts, logs, S3, and any other
        service that users need; `Network` creates them.

        Args:
            vpc: VPC of the applications and the file system.
            subnets: 1 to 16 subnets of the VPC. Defaults to the private subnets.
            security_groups: up to 4 security groups of the applications. A group that allows
                traffic between its members lets users reach each other's applications. Defaults to
                one group that allows only outbound HTTPS. NFS to the domain's file system needs no
                rule: SageMaker adds a group for it.
            docker_access: access to Docker. Defaults to None: disabled.

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
    ) -> "DomainNetwork":
        """Returns a network in which applications have internet access through SageMaker's network.

        Only the file system is in the VPC. The account can neither see nor block outbound traffic;
        use it for sandboxes without your own data.

        Args:
            vpc: VPC of the file system.
            subnets: 1 to 16 subnets of the VPC. Defaults to the private subnets.
            docker_access: access to Docker. Defaults to None: disabled.

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
        """The ids of the subnets, in the given order."""
        chosen = self.subnets or self.vpc.select_subnets().subnets
        return [subnet.subnet_id for subnet in chosen]

    def problems(self) -> list[str]:
        """Validates the network; returns one message per problem."""
        found = self.docker_access.problems(vpc_only=self.is_vpc_only)
        if len(self.subnets) > MAX_SUBNETS:
            found.append(f"subnets: got {len(self.subnets)}; allowed are 1 to {MAX_SUBNETS}")
        if len(self.security_groups) > MAX_GROUPS:
            found.append(
                f"security_groups: got {len(self.security_groups)}; allowed are {MAX_GROUPS}, "
                "because SageMaker adds one"
            )
        return found

    def security_groups_for(self, scope: Construct) -> list[ec2.ISecurityGroup]:
        """Returns the security groups of the applications.

        Args:
            scope: parent of the default group.
        """
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
        # To endpoints of the VPC and, through the gateway endpoint, to S3, whose addresses change.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(_HTTPS), "AWS services")
        return group
