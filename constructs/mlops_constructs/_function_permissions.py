"""Permissions of a function in a network."""

from constructs import IConstruct

from .access import Permission
from .network import NetworkBase
from .network._function_network import (
    DESCRIBE_ACTIONS,
    INTERFACE_ACTIONS,
    INTERFACES_REASON,
    interface_resources,
)


def attach_to(network: NetworkBase | None, scope: IConstruct) -> list[Permission]:
    """Returns the permissions to attach a function to a network; none without one."""
    if network is None:
        return []
    return [
        Permission(
            actions=INTERFACE_ACTIONS,
            resources=[interface_resources(scope)],
            because=INTERFACES_REASON,
        ),
        Permission(
            actions=DESCRIBE_ACTIONS,
            resources=["*"],
            because="the actions have no resource level",
        ),
    ]
