"""Networks that stacks import: that of the network's stack, or an existing one by its ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mlops_constructs.network import Network, NetworkBase
from stacks.platform_stack import PlatformStack
from stacks.settings.network import ExistingNetworkSettings


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


@dataclass(frozen=True)
class ExistingNetwork:
    """A network that another team defines; nothing in it is looked up or changed.

    Args:
        settings: ids of its parts.
    """

    settings: ExistingNetworkSettings

    def network_in(self, stack: PlatformStack) -> NetworkBase:
        """Returns the network, for a stack with resources in it."""
        return Network.from_ids(
            stack,
            "Network",
            vpc_id=self.settings.vpc_id,
            subnet_ids=self.settings.subnet_ids,
            security_group_ids=self.settings.security_group_ids,
        )

    def job_subnets_in(self, stack: PlatformStack) -> JobSubnets:
        """Returns the subnets and security groups, for a stack with permissions only."""
        return JobSubnets(
            subnet_ids=self.settings.subnet_ids,
            security_group_ids=self.settings.security_group_ids,
        )
