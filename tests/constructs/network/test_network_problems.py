"""Validation of networks."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mlops_constructs.network import InternetAccess, Network, NetworkUseCase

from .conftest import new_stack


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"cidr": "10.0.0.0/8"}, "cidr: got '10.0.0.0/8'; allowed are blocks from /16"),
        ({"cidr": "10.0.0.1/16"}, "cidr: got '10.0.0.1/16' (10.0.0.1/16 has host bits set)"),
        ({"cidr": "fd00::/16"}, "give an IPv4 block"),
        ({"availability_zones": 1}, "availability_zones: got 1; allowed are 2 to 6"),
        ({"trusted_accounts": ["42"]}, "trusted_accounts: got '42'; allowed are account ids"),
        ({"allowed_from": ["office"]}, "allowed_from: got 'office' (Expected 4 octets"),
        (
            {"allowed_from": ["0.0.0.0/0"]},
            "allowed_from: got '0.0.0.0/0', which includes all addresses",
        ),
        ({"internet": InternetAccess.through_nat(because=" ")}, "internet: got no reason"),
        (
            {"internet": InternetAccess.through_nat(because="x", nat_gateways=3)},
            "internet: got 3 NAT gateways; allowed are 1 to 2",
        ),
    ],
)
def test_a_bad_network_is_rejected(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        Network(new_stack(), "Network", **given)


def test_a_use_that_the_region_lacks_is_rejected_by_name() -> None:
    with pytest.raises(ValueError, match="uses: endpoint CodeCommit: region: got af-south-1"):
        Network(new_stack("af-south-1"), "Network", uses=[NetworkUseCase.CODE_COMMIT])


def test_ids_that_are_none_are_rejected_together() -> None:
    with pytest.raises(ValueError, match="cannot be defined") as raised:
        Network.from_ids(
            new_stack(),
            "Corporate",
            vpc_id="corporate",
            subnet_ids=[],
            security_group_ids=["subnet-0a1b2c3d"],
            availability_zones=["eu-west-1a"],
        )
    for problem in (
        "vpc_id: got 'corporate'",
        "subnet_ids: got none",
        "security_group_ids: got 'subnet-0a1b2c3d'; allowed are ids such as sg-",
        "availability_zones: got 1 for 0 subnets",
    ):
        assert problem in str(raised.value)
