"""Internet access of a network."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class InternetAccess:
    """Outbound internet access of a network; use its static factories.

    Connections from the internet to the network are never possible.

    Example:
        ```python
        InternetAccess.none()
        ```
    """

    nat_gateways: int = 0
    because: str = ""

    @staticmethod
    def none() -> "InternetAccess":
        """Returns no access, the default: AWS is reached through VPC endpoints.

        Example:
            ```python
            InternetAccess.none()
            ```
        """
        return InternetAccess()

    @staticmethod
    def through_nat(*, because: str, nat_gateways: int = 1) -> "InternetAccess":
        """Returns access through NAT gateways, which allow outbound connections only.

        Each gateway costs about as much as four interface endpoints in one zone, and again for its
        traffic (docs/network.md); code in the network can then send data anywhere.

        Args:
            because: reason for the access, for reviewers of the network; it becomes a tag of the
                gateways.
            nat_gateways: number of gateways, at most the number of zones, each in a different zone.
                With fewer gateways than zones, the other zones use the first ones and lose access
                if these fail. Defaults to 1.

        Raises:
            ValueError: when the network is defined, if the reason is empty or the number
                impossible.

        Example:
            ```python
            InternetAccess.through_nat(because="packages come from PyPI")
            ```
        """
        return InternetAccess(nat_gateways=nat_gateways, because=because)
