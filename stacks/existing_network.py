"""Existing network of a settings file, given by its ids."""

from constructs import Construct

from mlops_constructs.network import Network, NetworkBase
from stacks.settings import NetworkSettings


def existing_network(scope: Construct, settings: NetworkSettings | None) -> NetworkBase | None:
    """Returns the network as an import below `scope`, or None if the file has no network."""
    if settings is None:
        return None
    return Network.from_ids(
        scope,
        "Network",
        vpc_id=settings.vpc_id,
        subnet_ids=settings.subnet_ids,
        security_group_ids=settings.security_group_ids,
    )
