"""Network of an account, and the repository of packages for networks without internet access."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.delivery import PackageRepository, StageNetwork
from mlops_constructs.network import InternetAccess, Network, NetworkBase
from stacks.foundation_stack import FoundationStack
from stacks.network_source import JobSubnets
from stacks.platform_stack import PlatformStack, parameter_name
from stacks.removal import removal_policy
from stacks.settings.accounts import Account
from stacks.settings.defaults import DefaultSettings
from stacks.settings.network import USES, InternetSettings, NetworkSettings

_VPC, _GROUP = "vpc-id", "security-group-id"


class NetworkStack(PlatformStack):
    """Defines the network of an account, which other stacks import by its ids.

    Args:
        foundation: stack with the key of the network's logs.
        settings: settings of the network; with the use `packages`, the stack contains a repository
            of packages as well.
        accounts: accounts of the organisation by their aliases.
        defaults: settings of every stack.
        env: account and region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: FoundationStack,
        settings: NetworkSettings,
        accounts: Mapping[str, Account],
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Private network of the ML platform",
        )
        uses = [USES[name] for name in settings.uses]
        network = Network(
            self,
            "Network",
            uses=uses,
            cidr=settings.cidr,
            availability_zones=settings.zones,
            internet=_internet(settings.internet),
            key=foundation.key_in(self),
            trusted_accounts=[accounts[alias].id for alias in settings.trusted],
            allowed_from=settings.allowed_from,
        )
        self.packages: PackageRepository | None = None
        if any(use.packages for use in uses):
            self.packages = PackageRepository(
                self,
                "Packages",
                domain_name=f"{defaults.prefix.lower()}ml-platform",
                removal_policy=removal_policy(settings.removal, defaults),
            )
        self._subnets = _subnet_names(settings.zones)
        self.publish(_VPC, network.vpc.vpc_id)
        self.publish(_GROUP, network.security_group.security_group_id)
        for name, subnet_id in zip(self._subnets, network.subnet_ids, strict=True):
            self.publish(name, subnet_id)
        cdk.CfnOutput(self, "VpcId", value=network.vpc.vpc_id)

    def network_in(self, stack: PlatformStack) -> NetworkBase:
        """Returns the network, for a stack with resources in it."""
        ids = self.job_subnets_in(stack)
        return Network.from_ids(
            stack,
            "Network",
            vpc_id=stack.read(self, _VPC),
            subnet_ids=ids.subnet_ids,
            security_group_ids=ids.security_group_ids,
        )

    def job_subnets_in(self, stack: PlatformStack) -> JobSubnets:
        """Returns the subnets and security groups, for a stack with permissions only."""
        return JobSubnets(
            subnet_ids=[stack.read(self, name) for name in self._subnets],
            security_group_ids=[stack.read(self, _GROUP)],
        )


def published_network(stack_name: str, *, zones: int) -> StageNetwork:
    """Returns the network of a stack by the names of the parameters that the stack publishes.

    Args:
        stack_name: name of the stack, with its prefix.
        zones: number of availability zones of the network.
    """
    return StageNetwork.from_parameters(
        subnet_ids=[parameter_name(stack_name, one) for one in _subnet_names(zones)],
        security_group_ids=[parameter_name(stack_name, _GROUP)],
    )


def _subnet_names(zones: int) -> list[str]:
    return [f"subnet-id-{number}" for number in range(1, zones + 1)]


def _internet(settings: InternetSettings | None) -> InternetAccess | None:
    if settings is None:
        return None
    return InternetAccess.through_nat(because=settings.because, nat_gateways=settings.nat_gateways)
