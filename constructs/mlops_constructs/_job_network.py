"""The network that a processing job joins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from aws_cdk import aws_ec2 as ec2

from ._problems import is_known

_MOST_SUBNETS, _MOST_SECURITY_GROUPS = 16, 5


@dataclass(frozen=True, kw_only=True)
class JobNetwork:
    """Subnets and security groups of the machines of a job; see VpcConfig and NetworkConfig of
    SageMaker's API reference.

    Args:
        vpc: network that they are attached to. Left out: none.
        subnets: of the network. Left out: the private ones.
        security_groups: one to five of the network.
        isolation: whether they have no network at all.
        traffic_encryption: whether traffic between the instances of a job is encrypted.
        internal: whether the security groups let the instances of a job reach one another. Left
            out: only their owner knows.
    """

    vpc: ec2.IVpc | None = None
    subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] = ()
    isolation: bool | None = None
    traffic_encryption: bool = True
    internal: bool | None = None

    def subnet_ids(self) -> list[str]:
        """The chosen subnets of the network, none without one."""
        return list(self._chosen_subnets)

    @cached_property
    def _chosen_subnets(self) -> tuple[str, ...]:
        """Asked for by checks, requests and permissions; each time costs a dozen calls."""
        if self.vpc is None:
            return ()
        selection = self.subnets or ec2.SubnetSelection()
        return tuple(
            self.vpc.select_subnets(
                availability_zones=selection.availability_zones,
                one_per_az=selection.one_per_az,
                subnet_filters=selection.subnet_filters,
                subnet_group_name=selection.subnet_group_name,
                subnets=selection.subnets,
                subnet_type=selection.subnet_type,
            ).subnet_ids
        )

    def security_group_ids(self) -> list[str]:
        """The ids of the security groups."""
        return [group.security_group_id for group in self.security_groups]

    def distributed_problems(self, instance_count: int) -> Iterator[str]:
        """What a job of several instances cannot run in: they would never find one another.

        Source: "Give SageMaker AI Processing Jobs Access to Resources in Your Amazon VPC",
        "Configure the VPC Security Group".
        """
        if is_known(instance_count) and instance_count > 1 and self.internal is False:
            yield (
                f"network: got {instance_count} instances in a network whose security group keeps "
                "them apart; add NetworkUseCase.TRAINING to its uses, or run on one instance"
            )

    def problems(self) -> Iterator[str]:
        """What AWS would refuse."""
        if self.vpc is None:
            if self.security_groups or self.subnets is not None:
                yield "network: got subnets or security groups without vpc; give vpc too"
            return
        groups, subnets = len(self.security_groups), len(self.subnet_ids())
        if not 1 <= groups <= _MOST_SECURITY_GROUPS:
            yield (
                f"network security_groups: got {groups} with a vpc; allowed are 1 to "
                f"{_MOST_SECURITY_GROUPS}"
            )
        if not 1 <= subnets <= _MOST_SUBNETS:
            yield f"network subnets: got {subnets}; allowed are 1 to {_MOST_SUBNETS}"
