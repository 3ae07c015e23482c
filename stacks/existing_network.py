"""The network that a settings file names by its ids."""

from __future__ import annotations

from constructs import Construct

from mlops_constructs.network import Network, NetworkBase
from stacks.settings import NetworkSettings


def existing_network(scope: Construct, settings: NetworkSettings | None) -> NetworkBase | None:
    """The network below `scope`; None where the file names none."""
    if settings is None:
        return None
    return Network.from_ids(
        scope,
        "Network",
        vpc_id=settings.vpc_id,
        subnet_ids=settings.subnet_ids,
        security_group_ids=settings.security_group_ids,
    )
