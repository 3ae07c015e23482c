"""Private networks for machine learning."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs._findings import acknowledge, in_security_packs
from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems

from ._default_security_group import close_default_security_group
from ._endpoints import Endpoints
from ._imported_network import ImportedNetwork
from ._log_encryption import allow_cloud_watch_logs
from ._network_problems import (
    access_problems,
    service_problems,
    size_problems,
    source_problems,
)
from ._subnets import Subnets
from .flow_logs import FlowLogs
from .internet_access import InternetAccess
from .network_base import NetworkBase
from .network_use_case import NetworkUseCase, services_of


class Network(NetworkBase):
    """Defines a VPC of private subnets that reaches AWS through VPC endpoints only.

    No resource in it has a public address, and it accepts no connections from outside. The
    reachable services follow from `uses`: S3 through a gateway endpoint, which has no fee, and
    other services through interface endpoints, which are charged by the hour (docs/network.md).
    Endpoint policies allow only principals of the account, and for S3 only buckets of the account.
    All traffic is recorded, and the default security group is closed.

    Jobs, models and domains accept `vpc`, `subnets` and `security_group`.

    Args:
        uses: use cases of the network, whose endpoints are created once each. Defaults to none: S3
            is the only reachable service.
        cidr: IPv4 CIDR block, between /16 and /24. Defaults to `10.0.0.0/16`.
        availability_zones: number of availability zones, 2 to 6, with a subnet in each. A
            deployment to a region with fewer zones fails. Defaults to 2.
        flow_logs: destination of VPC flow logs. Defaults to None: an encrypted log group, with a
            retention of one year.
        internet: access to the internet. Defaults to None: no access.
        key: KMS key of the network's log groups; CloudWatch Logs is allowed to use it. Defaults to
            None: a new key.
        trusted_accounts: ids of accounts, 12 digits each, that the endpoints allow beside the
            account of the network: accounts whose principals call from the network, or whose
            buckets are used. Defaults to none.
        allowed_from: IPv4 CIDR blocks beside `cidr` that reach the interface endpoints: those of a
            VPN or of Direct Connect, whose users open Studio through its endpoint. Routes and DNS
            resolution are your responsibility. Defaults to none: only the network itself reaches
            them.

    Raises:
        ValueError: every problem of the input, in one message: addresses, zones, accounts, NAT
            gateways, and use cases that the region does not support.

    Source: "Connect to SageMaker AI resources from within a VPC" in the Developer Guide.

    Example:
        ```python
        Network(stack, "Network", uses=[NetworkUseCase.TRAINING, NetworkUseCase.FEATURE_STORE])
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        uses: Sequence[NetworkUseCase] = (),
        cidr: str = "10.0.0.0/16",
        availability_zones: int = 2,
        flow_logs: FlowLogs | None = None,
        internet: InternetAccess | None = None,
        key: kms.IKey | None = None,
        trusted_accounts: Sequence[str] = (),
        allowed_from: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        internet = internet or InternetAccess.none()
        services = services_of(tuple(uses))
        problems = Problems("Network", self)
        problems.extend(size_problems(cidr, availability_zones))
        problems.extend(access_problems(internet, availability_zones, trusted_accounts))
        problems.extend(source_problems(allowed_from))
        problems.extend(service_problems(self, services))
        problems.extend(region_problems(self, "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint"))
        problems.raise_if_any()

        resource = ec2.CfnVPC(
            self,
            "Resource",
            cidr_block=cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
        )
        cdk.Tags.of(resource).add("Name", self.node.path)
        log_key = key or self._log_key()
        allow_cloud_watch_logs(log_key, cdk.Stack.of(self))
        (flow_logs or FlowLogs.to_log_group()).record(self, resource.ref, log_key)
        subnets = Subnets(
            self, "Subnets", vpc=resource, cidr=cidr, zones=availability_zones, internet=internet
        )
        self.vpc = self._vpc(resource, cidr, subnets)
        self.subnets = self.vpc.isolated_subnets
        self.security_group = self._security_group(uses)
        self.security_groups = [self.security_group]
        has_functions = any(use.cloudformation for use in uses)
        endpoints = Endpoints(
            self,
            "Endpoints",
            vpc=self.vpc,
            cidrs=[cidr, *allowed_from],
            services=services,
            dynamodb=any(use.dynamodb for use in uses),
            cloudformation=has_functions,
            packages=any(use.packages for use in uses),
            accounts=[cdk.Stack.of(self).account, *trusted_accounts],
        )
        self.aws_connectivity = [subnets, endpoints]
        close_default_security_group(
            self, resource, log_key, network=self if has_functions else None
        )

    @classmethod
    def from_ids(
        cls,
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        subnet_ids: Sequence[str],
        security_group_ids: Sequence[str],
        availability_zones: Sequence[str] | None = None,
    ) -> NetworkBase:
        """Imports a network by its ids; nothing is looked up or changed.

        The owner of the VPC is responsible for its endpoints.

        Args:
            vpc_id: id of the VPC.
            subnet_ids: ids of private subnets, each in another zone.
            security_group_ids: ids of the security groups of resources in the network, at least
                one. Their rules are not changed.
            availability_zones: zones of the subnets, in their order. Defaults to None: unknown, so
                subnets cannot be selected by zone.

        Raises:
            ValueError: malformed ids, or no subnet or security group.

        Example:
            ```python
            Network.from_ids(
                stack,
                "Corporate",
                vpc_id="vpc-0a1b2c3d4e5f60718",
                subnet_ids=["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"],
                security_group_ids=["sg-0a1b2c3d4e5f60718"],
            )
            ```
        """
        return ImportedNetwork(
            scope,
            construct_id,
            vpc_id=vpc_id,
            subnet_ids=subnet_ids,
            security_group_ids=security_group_ids,
            availability_zones=availability_zones,
        )

    def _log_key(self) -> kms.Key:
        return kms.Key(
            self,
            "LogKey",
            description="Encrypts the logs of a network",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )

    def _vpc(self, resource: ec2.CfnVPC, cidr: str, subnets: Subnets) -> ec2.IVpc:
        return ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=resource.ref,
            vpc_cidr_block=cidr,
            availability_zones=subnets.zones,
            isolated_subnet_ids=subnets.subnet_ids,
            isolated_subnet_route_table_ids=subnets.route_table_ids,
        )

    def _security_group(self, uses: Sequence[NetworkUseCase]) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=self.vpc,
            description="Jobs, models, endpoints and notebooks",
            allow_all_outbound=False,
        )
        # The addresses of a gateway endpoint are unknown. Without a route to the internet,
        # "anywhere" only includes the endpoints.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "AWS services")
        self.internal = any(use.internal for use in uses)
        if self.internal:
            self._allow_internally(group.security_group_id)
        return group

    def _allow_internally(self, group_id: str) -> None:
        """Allows all protocols, since EFA traffic between instances of a job is not IP."""
        among = "Instances of a job, or a notebook and its file system"
        ingress = ec2.CfnSecurityGroupIngress(
            self,
            "FromItself",
            group_id=group_id,
            source_security_group_id=group_id,
            ip_protocol="-1",
            description=among,
        )
        ec2.CfnSecurityGroupEgress(
            self,
            "ToItself",
            group_id=group_id,
            destination_security_group_id=group_id,
            ip_protocol="-1",
            description=among,
        )
        reason = "the source is the group itself: no port is open to other sources"
        acknowledge(ingress, in_security_packs("EC2RestrictedCommonPorts", reason))
