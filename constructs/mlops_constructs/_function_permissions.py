"""What a function needs to be in a network."""

from constructs import IConstruct

from .access import Permission
from .network import NetworkBase
from .network._function_network import (
    INTERFACE_ACTIONS,
    INTERFACES_REASON,
    LOOK_ACTIONS,
    interface_resources,
)


def attach_to(network: NetworkBase | None, scope: IConstruct) -> list[Permission]:
    """What Lambda does with the role of a function, to attach it; nothing for None."""
    if network is None:
        return []
    return [
        Permission(
            actions=INTERFACE_ACTIONS,
            resources=[interface_resources(scope)],
            because=INTERFACES_REASON,
        ),
        Permission(
            actions=LOOK_ACTIONS,
            resources=["*"],
            because="the authorisation reference has no resource level for them",
        ),
    ]
