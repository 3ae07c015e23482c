"""Whether a network has a way to the internet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class InternetAccess:
    """Says whether what runs in a network reaches the internet. Nobody there reaches the network.

    Example:
        ```python
        InternetAccess.none()
        ```
    """

    nat_gateways: int = 0
    because: str = ""

    @staticmethod
    def none() -> InternetAccess:
        """No way to the internet, the default: AWS is reached through endpoints.

        Example:
            ```python
            InternetAccess.none()
            ```
        """
        return InternetAccess()

    @staticmethod
    def through_nat(*, because: str, nat_gateways: int = 1) -> InternetAccess:
        """Through NAT gateways, which let connections out and none in.

        Each costs about as much as four interface endpoints in one zone, and so much again for
        traffic (docs/network.md); code in the network can then carry data anywhere.

        Args:
            because: what needs it, for those who review the network; it becomes a tag of the
                gateways.
            nat_gateways: how many, each in a zone of its own. With fewer than zones, the other
                zones go through the first ones and lose the way when these fail.

        Raises ValueError when the network is defined, for an empty reason or an impossible number.

        Example:
            ```python
            InternetAccess.through_nat(because="packages come from PyPI")
            ```
        """
        return InternetAccess(nat_gateways=nat_gateways, because=because)
