"""Subnets of a network, one per availability zone, and their routes."""

import ipaddress

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from mlops_constructs._findings import acknowledge, in_security_packs

from .internet_access import InternetAccess

MIN_PREFIX_LENGTH, MAX_PREFIX_LENGTH = 16, 24
_NAT_SUBNET_PREFIX = 28


def subnet_cidrs(cidr: str, zones: int, *, with_nat: bool) -> tuple[list[str], list[str]]:
    """Returns the CIDR blocks of the private subnets, and of the subnets of NAT gateways.

    The private ones are as large as possible; small ones for NAT gateways are at the end.
    """
    network = ipaddress.IPv4Network(cidr)
    parts = zones + 1 if with_nat else zones
    blocks = list(network.subnets(prefixlen_diff=(parts - 1).bit_length()))
    nat: list[str] = []
    if with_nat:
        last = blocks[-1].subnets(new_prefix=_NAT_SUBNET_PREFIX)
        nat = [str(next(last)) for _ in range(zones)]
    return [str(block) for block in blocks[:zones]], nat


class Subnets(Construct):
    """Defines the private subnets of a VPC, and NAT gateways if there is internet access.

    Zones are selected by number from those of the region, so nothing is looked up at synthesis.

    Args:
        vpc: VPC of the subnets.
        cidr: its CIDR block.
        zones: number of availability zones.
        internet: internet access.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.CfnVPC,
        cidr: str,
        zones: int,
        internet: InternetAccess,
    ) -> None:
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self.zones = [cdk.Fn.select(number, cdk.Fn.get_azs()) for number in range(zones)]
        private, nat = subnet_cidrs(cidr, zones, with_nat=internet.nat_gateways > 0)
        self.subnet_ids: list[str] = []
        self.route_table_ids: list[str] = []
        gateways = self._nat_gateways(nat, internet) if internet.nat_gateways else []
        for number, block in enumerate(private):
            table = self._subnet(f"Private{number + 1}", number, block)
            if gateways:
                ec2.CfnRoute(
                    self,
                    f"Private{number + 1}Internet",
                    route_table_id=table,
                    destination_cidr_block="0.0.0.0/0",
                    nat_gateway_id=gateways[number % len(gateways)],
                )
            self.route_table_ids.append(table)

    def _subnet(self, name: str, number: int, block: str, *, private: bool = True) -> str:
        """Creates a subnet with a separate route table; returns the id of the table."""
        subnet = ec2.CfnSubnet(
            self,
            name,
            vpc_id=self._vpc.ref,
            availability_zone=self.zones[number],
            cidr_block=block,
            map_public_ip_on_launch=False,
        )
        cdk.Tags.of(subnet).add("Name", f"{self.node.path}/{name}")
        table = ec2.CfnRouteTable(self, f"{name}RouteTable", vpc_id=self._vpc.ref)
        association = ec2.CfnSubnetRouteTableAssociation(
            self, f"{name}Routes", subnet_id=subnet.ref, route_table_id=table.ref
        )
        if private:
            self.subnet_ids.append(subnet.ref)
        else:
            self._public = (subnet, association)
        return table.ref

    def _nat_gateways(self, blocks: list[str], internet: InternetAccess) -> list[str]:
        gateway = ec2.CfnInternetGateway(self, "InternetGateway")
        attachment = ec2.CfnVPCGatewayAttachment(
            self, "InternetGatewayAttachment", vpc_id=self._vpc.ref, internet_gateway_id=gateway.ref
        )
        made = []
        for number, block in enumerate(blocks[: internet.nat_gateways]):
            name = f"Nat{number + 1}"
            table = self._subnet(name, number, block, private=False)
            route = ec2.CfnRoute(
                self,
                f"{name}Internet",
                route_table_id=table,
                destination_cidr_block="0.0.0.0/0",
                gateway_id=gateway.ref,
            )
            _acknowledge_route_of_nat(route)
            route.add_resource_dependency(attachment)
            address = ec2.CfnEIP(self, f"{name}Address", domain="vpc")
            address.add_resource_dependency(attachment)
            subnet, association = self._public
            nat = ec2.CfnNatGateway(
                self,
                f"{name}Gateway",
                subnet_id=subnet.ref,
                allocation_id=address.attr_allocation_id,
            )
            cdk.Tags.of(nat).add("because", internet.because)
            # Without a route to the internet the gateway does not become available.
            nat.add_resource_dependency(route)
            nat.add_resource_dependency(association)
            made.append(nat.ref)
        return made


def _acknowledge_route_of_nat(route: ec2.CfnRoute) -> None:
    """Acknowledges the route to the internet, which only a NAT gateway uses."""
    reason = "the subnet contains only a NAT gateway, which allows outbound connections only"
    acknowledge(route, in_security_packs("VPCNoUnrestrictedRouteToIGW", reason))
