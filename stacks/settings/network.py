"""Networks: private ones that the platform creates, or existing ones."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from mlops_constructs.network import NetworkUseCase
from stacks.settings.checked_text import allowed, matching, one_of
from stacks.settings.model import Alias, InAccounts, SettingsModel, unique
from stacks.settings.names import Ipv4Cidr, RemovalChoice, SecurityGroupId, SubnetId, VpcId

USES = {
    name.lower(): use
    for name, use in vars(NetworkUseCase).items()
    if isinstance(use, NetworkUseCase)
}
"""Use cases of a network by their names in settings."""

Use = Annotated[str, one_of(sorted(USES), f"a use of the network: {', '.join(sorted(USES))}")]
Reason = Annotated[
    str,
    matching(
        r"[^\x00-\x1f]{9,499}[^\s\x00-\x1f]", "the reason in a line of at least 10 characters"
    ),
]


_A_NETWORK = "an IPv4 block between /16 and /24 without host bits, such as 10.20.0.0/16"
VpcCidr = Annotated[
    str,
    matching(r"[0-9.]{7,15}/(?:1[6-9]|2[0-4])", _A_NETWORK),
    allowed(_A_NETWORK, ipaddress.IPv4Network),
]


class ExistingNetworkSettings(SettingsModel):
    """An existing network by the ids of its parts."""

    vpc_id: VpcId
    subnet_ids: Annotated[
        list[SubnetId], Field(min_length=1, max_length=16), AfterValidator(unique)
    ]
    """Private subnets."""
    security_group_ids: Annotated[
        list[SecurityGroupId], Field(min_length=1, max_length=5), AfterValidator(unique)
    ]
    """Security groups of jobs, models and builds."""


class InternetSettings(SettingsModel):
    """Outbound access to the internet through NAT gateways."""

    because: Reason
    """Reason of the access, which the finding of the security checks is acknowledged with."""
    nat_gateways: Annotated[int, Field(ge=1, le=6)] = 1
    """Number of NAT gateways. Defaults to 1."""


class NetworkSettings(InAccounts):
    """The network of an account: an existing one, or a new one of private subnets."""

    existing: ExistingNetworkSettings | None = None
    """Existing network. Defaults to a new one, which the other keys describe."""
    cidr: VpcCidr = "10.0.0.0/16"
    """Addresses of the network. Defaults to 10.0.0.0/16."""
    zones: Annotated[int, Field(ge=2, le=6)] = 2
    """Number of availability zones. Defaults to 2."""
    uses: Annotated[list[Use], AfterValidator(unique)] = []
    """Use cases, whose VPC endpoints are created. Defaults to none: S3 only."""
    allowed_from: Annotated[list[Ipv4Cidr], AfterValidator(unique)] = []
    """Addresses outside that reach the VPC endpoints, as of a VPN. Defaults to none."""
    trusted: Annotated[list[Alias], AfterValidator(unique)] = []
    """Other accounts that the VPC endpoints allow, by their aliases. Defaults to none."""
    internet: InternetSettings | None = None
    """Outbound access to the internet. Defaults to none."""
    removal: RemovalChoice = None
    """Handling of stored packages when the stack is deleted. Defaults to that of `defaults`."""

    @model_validator(mode="after")
    def _made_or_existing(self) -> "NetworkSettings":
        new = sorted(self.model_fields_set - {"existing", "in_", "removal"})
        if self.existing is not None and new:
            raise ValueError(f"either existing, or the keys of a new network: {', '.join(new)}")
        return self
