"""Network of a processing job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from aws_cdk import aws_ec2 as ec2

from ._problems import is_known

_MAX_SUBNETS, _MAX_SECURITY_GROUPS = 16, 5


@dataclass(frozen=True, kw_only=True)
class JobNetwork:
    """Subnets and security groups of a job's instances.

    Args:
        vpc: VPC of the instances. Defaults to None: no VPC.
        subnets: selection of its subnets. Defaults to None: its private subnets.
        security_groups: 1 to 5 security groups of the VPC. Defaults to none, without `vpc`.
        isolation: True starts the containers without a network. Defaults to None: they have one.
        traffic_encryption: True encrypts the traffic between the instances of a job. Defaults to
            True.
        internal: True if the security groups allow traffic between the instances of a job. Defaults
            to None: unknown.

    Source: VpcConfig and NetworkConfig of SageMaker's API reference.
    """

    vpc: ec2.IVpc | None = None
    subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] = ()
    isolation: bool | None = None
    traffic_encryption: bool = True
    internal: bool | None = None

    def subnet_ids(self) -> list[str]:
        """Returns the ids of the selected subnets; none without a VPC."""
        return list(self._chosen_subnets)

    @cached_property
    def _chosen_subnets(self) -> tuple[str, ...]:
        """Ids of the subnets, cached because each selection costs a dozen calls to the CDK."""
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
        """Returns the ids of the security groups."""
        return [group.security_group_id for group in self.security_groups]

    def distributed_problems(self, instance_count: int) -> Iterator[str]:
        """Checks that several instances can communicate; yields one message per problem.

        Args:
            instance_count: number of instances of the job, 1 or more.

        Source: "Give SageMaker AI Processing Jobs Access to Resources in Your Amazon VPC",
        "Configure the VPC Security Group".
        """
        if is_known(instance_count) and instance_count > 1 and self.internal is False:
            yield (
                f"network: got {instance_count} instances in a network whose security group "
                "blocks traffic between them; add NetworkUseCase.TRAINING to its uses, or use one "
                "instance"
            )

    def problems(self) -> Iterator[str]:
        """Validates the network; yields one message per problem."""
        if self.vpc is None:
            if self.security_groups or self.subnets is not None:
                yield "network: subnets and security groups require vpc; give vpc too"
            return
        groups, subnets = len(self.security_groups), len(self.subnet_ids())
        if not 1 <= groups <= _MAX_SECURITY_GROUPS:
            yield (
                f"network security_groups: got {groups} with a vpc; allowed are 1 to "
                f"{_MAX_SECURITY_GROUPS}"
            )
        if not 1 <= subnets <= _MAX_SUBNETS:
            yield f"network subnets: got {subnets}; allowed are 1 to {_MAX_SUBNETS}"
