"""Networks that stacks import: that of the network's stack, or an existing one by its ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mlops_constructs.network import Network, NetworkBase
from stacks.platform_stack import PlatformStack


@dataclass(frozen=True, kw_only=True)
class JobSubnets:
    """Subnets and security groups that jobs and models are required to use.

    Args:
        subnet_ids: ids of the subnets.
        security_group_ids: ids of the security groups.
    """

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]


class NetworkSource(Protocol):
    """A network that can be imported into a stack of its account and region."""

    def network_in(self, stack: PlatformStack) -> NetworkBase:
        """Returns the network, for a stack with resources in it."""

    def job_subnets_in(self, stack: PlatformStack) -> JobSubnets:
        """Returns the subnets and security groups, for a stack with permissions only."""


@dataclass(frozen=True, kw_only=True)
class ExistingNetwork:
    """A network that another team defines; nothing in it is looked up or changed.

    Args:
        vpc_id: id of the VPC.
        subnet_ids: ids of private subnets, each in another zone.
        security_group_ids: ids of the security groups of resources in the network.
    """

    vpc_id: str
    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]

    def network_in(self, stack: PlatformStack) -> NetworkBase:
        """Returns the network, for a stack of its account and region."""
        return Network.from_ids(
            stack,
            "Network",
            vpc_id=self.vpc_id,
            subnet_ids=self.subnet_ids,
            security_group_ids=self.security_group_ids,
        )

    def job_subnets_in(self, stack: PlatformStack) -> JobSubnets:
        """Returns the subnets and security groups, for a stack with permissions only."""
        return JobSubnets(subnet_ids=self.subnet_ids, security_group_ids=self.security_group_ids)
