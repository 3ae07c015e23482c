"""A private network: what it makes, and what it reaches."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from mlops_constructs.network import FlowLogs, InternetAccess, Network, NetworkUseCase
from mlops_constructs.network._subnets import subnet_cidrs

from .conftest import ACCOUNT, new_stack

Resources = Mapping[str, Mapping[str, Any]]


def of_type(template: Template, kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in template.find_resources(f"AWS::EC2::{kind}").values()]


@pytest.fixture(scope="module")
def private() -> Template:
    stack = new_stack()
    Network(
        stack,
        "Network",
        uses=[NetworkUseCase.TRAINING, NetworkUseCase.FEATURE_STORE],
        trusted_accounts=["222222222222"],
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def with_nat() -> Template:
    stack = new_stack()
    Network(
        stack,
        "Network",
        uses=[NetworkUseCase.STUDIO],
        availability_zones=3,
        internet=InternetAccess.through_nat(because="packages come from PyPI", nat_gateways=2),
    )
    return Template.from_stack(stack)


def test_its_subnets_are_private_in_zones_that_are_not_looked_up(private: Template) -> None:
    subnets = of_type(private, "Subnet")
    assert [one["CidrBlock"] for one in subnets] == ["10.0.0.0/17", "10.0.128.0/17"]
    assert not any(one["MapPublicIpOnLaunch"] for one in subnets)
    assert [one["AvailabilityZone"]["Fn::Select"][0] for one in subnets] == [0, 1]
    for kind in ("InternetGateway", "NatGateway", "EIP", "Route"):
        private.resource_count_is(f"AWS::EC2::{kind}", 0)
    private.has_resource_properties(
        "AWS::EC2::VPC", {"EnableDnsHostnames": True, "EnableDnsSupport": True}
    )


def test_a_synth_with_an_environment_asks_for_no_context() -> None:
    stack = new_stack()
    Network(stack, "Network")
    app = stack.node.root
    assert isinstance(app, cdk.App)
    manifest = json.loads((Path(app.synth().directory) / "manifest.json").read_text())
    assert "missing" not in manifest


def test_the_endpoints_are_those_of_all_uses_each_once(private: Template) -> None:
    interfaces = [
        one for one in of_type(private, "VPCEndpoint") if one["VpcEndpointType"] == "Interface"
    ]
    names = sorted(
        one["ServiceName"].removeprefix("com.amazonaws.eu-west-1.") for one in interfaces
    )
    assert names == [
        "athena",
        "glue",
        "sagemaker.api",
        "sagemaker.featurestore-runtime",
        "sagemaker.metrics",
        "sts",
    ]
    assert all(one["PrivateDnsEnabled"] for one in interfaces)
    assert all(len(one["SubnetIds"]) == 2 for one in interfaces)


def test_endpoints_let_only_principals_of_the_accounts_through(private: Template) -> None:
    accounts = [ACCOUNT, "222222222222"]
    for endpoint in of_type(private, "VPCEndpoint"):
        statement = endpoint["PolicyDocument"]["Statement"][0]
        asked = statement["Condition"]["StringEquals"]
        assert asked["aws:PrincipalAccount"] == accounts, endpoint["ServiceName"]


def test_s3_is_reached_by_a_gateway_for_buckets_of_the_accounts_and_image_layers(
    private: Template,
) -> None:
    (gateway,) = [
        one for one in of_type(private, "VPCEndpoint") if one["VpcEndpointType"] == "Gateway"
    ]
    own, layers, _ = gateway["PolicyDocument"]["Statement"]
    assert own["Condition"]["StringEquals"]["aws:ResourceAccount"] == [ACCOUNT, "222222222222"]
    assert "prod-eu-west-1-starport-layer-bucket/*" in json.dumps(layers["Resource"])
    assert layers["Action"] == "s3:GetObject"
    assert len(gateway["RouteTableIds"]) == 2


def test_dynamodb_is_reached_by_a_gateway_where_it_is_asked_for(private: Template) -> None:
    stack = new_stack()
    Network(stack, "Network", uses=[NetworkUseCase.TABLES])
    gateways = of_type(Template.from_stack(stack), "VPCEndpoint")
    assert len(gateways) == 2
    assert "dynamodb" in json.dumps(gateways)
    assert "dynamodb" not in json.dumps(of_type(private, "VPCEndpoint"))


def test_endpoints_admit_https_from_the_network_alone(private: Template) -> None:
    groups = private.find_resources("AWS::EC2::SecurityGroup")
    (endpoints,) = [one for name, one in groups.items() if "Endpoints" in name]
    (rule,) = endpoints["Properties"]["SecurityGroupIngress"]
    assert (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("10.0.0.0/16", 443, 443)


def test_endpoints_admit_https_from_a_vpn_that_is_named() -> None:
    stack = new_stack()
    Network(stack, "Network", uses=[NetworkUseCase.STUDIO], allowed_from=["10.8.0.0/16"])

    groups = Template.from_stack(stack).find_resources("AWS::EC2::SecurityGroup")
    (endpoints,) = [one for name, one in groups.items() if "Endpoints" in name]
    rules = endpoints["Properties"]["SecurityGroupIngress"]
    assert [(rule["CidrIp"], rule["ToPort"]) for rule in rules] == [
        ("10.0.0.0/16", 443),
        ("10.8.0.0/16", 443),
    ]


@pytest.mark.parametrize(
    ("region", "buckets"),
    [("eu-west-1", ["assets-438097961670-eu-west-1"]), ("me-south-1", []), (None, None)],
)
def test_packages_are_read_from_the_buckets_of_codeartifact(
    region: str | None, buckets: list[str] | None
) -> None:
    stack = new_stack(region)
    Network(stack, "Network", uses=[NetworkUseCase.PACKAGES])

    (gateway,) = [
        one
        for one in of_type(Template.from_stack(stack), "VPCEndpoint")
        if one["VpcEndpointType"] == "Gateway"
    ]
    statements = json.dumps(gateway["PolicyDocument"]["Statement"])
    found = re.findall(r"assets-[0-9]+-[a-z0-9-]+", statements)
    assert (found == buckets) if buckets is not None else len(found) == 13


def test_what_runs_in_it_reaches_https_and_itself_where_a_use_needs_that(
    private: Template, with_nat: Template
) -> None:
    # Users of Studio do not reach the applications of others.
    for template, internal in ((private, 1), (with_nat, 0)):
        template.has_resource_properties(
            "AWS::EC2::SecurityGroup",
            {
                "GroupDescription": "Jobs, models, endpoints and notebooks",
                "SecurityGroupEgress": [
                    Match.object_like({"FromPort": 443, "ToPort": 443, "IpProtocol": "tcp"})
                ],
                "SecurityGroupIngress": Match.absent(),
            },
        )
        template.resource_count_is("AWS::EC2::SecurityGroupIngress", internal)
        template.resource_count_is("AWS::EC2::SecurityGroupEgress", internal)


def test_all_traffic_is_recorded_in_an_encrypted_log_by_a_role_that_can_do_nothing_else(
    private: Template,
) -> None:
    private.has_resource_properties(
        "AWS::EC2::FlowLog", {"TrafficType": "ALL", "LogDestinationType": "cloud-watch-logs"}
    )
    for group in private.find_resources("AWS::Logs::LogGroup").values():
        assert "KmsKeyId" in group["Properties"]
        assert "RetentionInDays" in group["Properties"]
    policies = private.find_resources("AWS::IAM::ManagedPolicy")
    (writing,) = [one for name, one in policies.items() if "FlowLogRole" in name]
    (statement,) = writing["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == [
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ]
    assert list(statement["Resource"]) == ["Fn::GetAtt"], "one log group"
    private.resource_count_is("AWS::IAM::Policy", 0)


def test_the_default_security_group_is_closed_by_a_function_that_can_only_close_it(
    private: Template,
) -> None:
    private.resource_count_is("Custom::VpcRestrictDefaultSG", 1)
    policies = private.find_resources("AWS::IAM::ManagedPolicy")
    (closing,) = [one for name, one in policies.items() if "DefaultSecurityGroup" in name]
    revoking, _ = closing["Properties"]["PolicyDocument"]["Statement"]
    assert revoking["Action"] == [
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
    ]
    assert "DefaultSecurityGroup" in json.dumps(revoking["Resource"])


def test_flow_logs_can_go_to_a_bucket() -> None:
    stack = new_stack()
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "records")
    Network(stack, "Network", flow_logs=FlowLogs.to_bucket(bucket, prefix="vpc/"))
    template = Template.from_stack(stack)
    (log,) = of_type(template, "FlowLog")
    assert json.dumps(log["LogDestination"]).endswith(':s3:::records/vpc"]]}')
    assert "DeliverLogsPermissionArn" not in log


def test_a_given_key_encrypts_the_logs_and_no_other_is_made() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    Network(stack, "Network", key=key)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::KMS::Key", 1)
    template.has_resource_properties(
        "AWS::KMS::Key",
        {
            "KeyPolicy": {
                "Statement": Match.array_with(
                    [Match.object_like({"Principal": {"Service": "logs.eu-west-1.amazonaws.com"}})]
                )
            }
        },
    )


def test_a_way_to_the_internet_leads_out_through_gateways_that_say_why(with_nat: Template) -> None:
    with_nat.resource_count_is("AWS::EC2::NatGateway", 2)
    with_nat.has_resource_properties(
        "AWS::EC2::NatGateway",
        {"Tags": Match.array_with([{"Key": "because", "Value": "packages come from PyPI"}])},
    )
    private_routes = [one for one in of_type(with_nat, "Route") if "NatGatewayId" in one]
    assert len(private_routes) == 3, "the third zone goes through a gateway of another"
    assert not any(one["MapPublicIpOnLaunch"] for one in of_type(with_nat, "Subnet"))


def test_its_interface_serves_constructs_of_the_cdk() -> None:
    stack = new_stack()
    network = Network(stack, "Network")
    other = ec2.SecurityGroup(stack, "Database", vpc=network.vpc, allow_all_outbound=False)
    network.connections.allow_to(other, ec2.Port.POSTGRES)
    selected = network.vpc.select_subnets(subnets=network.subnet_selection.subnets)

    template = Template.from_stack(stack)
    assert selected.subnet_ids == network.subnet_ids
    assert network.security_group_ids == [network.security_group.security_group_id]
    template.has_resource_properties("AWS::EC2::SecurityGroupIngress", {"FromPort": 5432})


@pytest.mark.parametrize(
    ("zones", "with_gateways", "private", "nat"),
    [
        (2, False, ["10.0.0.0/17", "10.0.128.0/17"], []),
        (3, False, ["10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18"], []),
        (2, True, ["10.0.0.0/18", "10.0.64.0/18"], ["10.0.192.0/28", "10.0.192.16/28"]),
    ],
)
def test_addresses_are_divided_evenly_and_gateways_get_few(
    zones: int, with_gateways: bool, private: list[str], nat: list[str]
) -> None:
    assert subnet_cidrs("10.0.0.0/16", zones, with_nat=with_gateways) == (private, nat)


def test_a_network_that_exists_is_used_as_one_of_the_stack() -> None:
    stack = new_stack()
    network = Network.from_ids(
        stack,
        "Corporate",
        vpc_id="vpc-0a1b2c3d4e5f60718",
        subnet_ids=["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
        security_group_ids=["sg-0a1b2c3d"],
    )
    other = ec2.SecurityGroup(stack, "Database", vpc=network.vpc, allow_all_outbound=False)
    network.connections.allow_to(other, ec2.Port.POSTGRES)

    template = Template.from_stack(stack)
    assert network.subnet_ids == ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]
    assert network.security_group.security_group_id == "sg-0a1b2c3d"
    template.resource_count_is("AWS::EC2::VPC", 0)
    template.resource_count_is("AWS::EC2::SecurityGroupEgress", 0)
    template.resource_count_is("AWS::EC2::SecurityGroupIngress", 1)
