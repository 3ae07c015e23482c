"""Cost of resources while nobody uses them."""

import re
from typing import Any

import pytest

from stacks.plan.idle_cost import idle_costs, price_list

ENDPOINT = {
    "Type": "AWS::EC2::VPCEndpoint",
    "Properties": {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b", "c"]},
}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{"Type": "AWS::KMS::Key"}, {"Type": "AWS::KMS::Key"}], [("KMS keys", 2, 2.0)]),
        ([ENDPOINT], [("interface endpoints, in each zone", 3, 21.9)]),
        (
            [{"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Gateway"}}],
            [],
        ),
        ([{"Type": "AWS::EC2::NatGateway"}], [("NAT gateways", 1, 32.85)]),
        (
            [{"Type": "AWS::CloudWatch::Alarm"}, {"Type": "AWS::CloudWatch::CompositeAlarm"}],
            [("alarms", 1, 0.1), ("composite alarms", 1, 0.5)],
        ),
        ([{"Type": "AWS::IAM::Role"}, {"Type": "AWS::S3::Bucket"}], []),
    ],
)
def test_resources_cost_by_their_units(
    resources: list[dict[str, Any]], expected: list[tuple[str, int, float]]
) -> None:
    found = idle_costs({str(number): one for number, one in enumerate(resources)})

    assert [(one.name, one.number, one.monthly) for one in found] == expected


def test_every_price_has_its_source_and_the_list_its_day() -> None:
    prices = price_list()

    assert re.fullmatch(r"\d{4}-\d\d-\d\d", prices["as_of"])
    assert all("https://aws.amazon.com/" in price["source"] for price in prices["prices"])
    assert all(("monthly" in price) != ("hourly" in price) for price in prices["prices"])
