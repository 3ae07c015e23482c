"""Existing network of an account, given by its ids in the settings."""

from constructs import Construct

from mlops_constructs.network import Network, NetworkBase
from stacks.settings.network import ExistingNetworkSettings


def existing_network(
    scope: Construct, settings: ExistingNetworkSettings | None
) -> NetworkBase | None:
    """Returns the network as an import below `scope`, or None without settings."""
    if settings is None:
        return None
    return Network.from_ids(
        scope,
        "Network",
        vpc_id=settings.vpc_id,
        subnet_ids=settings.subnet_ids,
        security_group_ids=settings.security_group_ids,
    )
