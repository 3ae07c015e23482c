"""Imported networks."""

import re
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from mlops_constructs._problems import Problems, is_known

from .network_base import NetworkBase


class ImportedNetwork(NetworkBase):
    """A network that another stack or application defines; see `Network.from_ids`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        subnet_ids: Sequence[str],
        security_group_ids: Sequence[str],
        availability_zones: Sequence[str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("Network", self)
        problems.extend(_id_problems("vpc_id", "vpc", [vpc_id]))
        problems.extend(_id_problems("subnet_ids", "subnet", subnet_ids))
        problems.extend(_id_problems("security_group_ids", "sg", security_group_ids))
        if availability_zones is not None and len(availability_zones) != len(subnet_ids):
            problems.add(
                f"availability_zones: got {len(availability_zones)} for {len(subnet_ids)} subnets; "
                "give the zone of each subnet, or remove availability_zones"
            )
        problems.raise_if_any()
        # Without a zone for each, the CDK assigns all subnets to one zone.
        zones = availability_zones or [f"zone-of-{subnet}" for subnet in subnet_ids]
        self.vpc = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=vpc_id,
            availability_zones=list(zones),
            isolated_subnet_ids=list(subnet_ids),
        )
        self.subnets = self.vpc.isolated_subnets
        for subnet in self.subnets:
            # Nothing adds a route to an imported network.
            cdk.Annotations.of(subnet).acknowledge_warning("@aws-cdk/aws-ec2:noSubnetRouteTableId")
        self.security_groups = [
            ec2.SecurityGroup.from_security_group_id(
                self, f"SecurityGroup{number}", group_id, mutable=False
            )
            for number, group_id in enumerate(security_group_ids, start=1)
        ]
        self.security_group = self.security_groups[0]


def _id_problems(parameter: str, prefix: str, ids: Sequence[str]) -> list[str]:
    if not ids:
        return [f"{parameter}: got none; give at least one id such as {prefix}-0a1b2c3d4e5f60718"]
    return [
        f"{parameter}: got {given!r}; allowed are ids such as {prefix}-0a1b2c3d4e5f60718"
        for given in ids
        if is_known(given)
        and not re.fullmatch(rf"{prefix}-(?:[0-9a-f]{{8}}|[0-9a-f]{{17}})", given)
    ]
