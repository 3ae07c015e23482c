"""Networks in stacks: EC2's types that ministack lacks, and the attributes of a VPC."""

from collections.abc import Iterator
from typing import Any

import pytest

STACK = "a-network"
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::EC2::{kind}", "Properties": properties}


def rule(direction: str, **properties: Any) -> dict[str, Any]:
    group = {"Fn::GetAtt": ["Group", "GroupId"]}
    return resource(f"SecurityGroup{direction}", GroupId=group, **properties)


def network(**changed: dict[str, Any]) -> dict[str, Any]:
    peer = "SourceSecurityGroupId"
    itself = {"Fn::GetAtt": ["Group", "GroupId"]}
    return {
        "Vpc": resource("VPC", CidrBlock="10.1.0.0/16"),
        "Subnet": resource("Subnet", VpcId={"Ref": "Vpc"}, CidrBlock="10.1.0.0/24"),
        "Group": resource(
            "SecurityGroup",
            VpcId={"Ref": "Vpc"},
            GroupDescription="jobs",
            SecurityGroupEgress=[{"IpProtocol": "tcp", "CidrIp": "10.1.0.0/16"}],
        ),
        "In": rule("Ingress", IpProtocol="-1", Description="among us", **{peer: itself}),
        "Out": rule("Egress", IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="0.0.0.0/0"),
        "Records": resource(
            "FlowLog",
            ResourceId={"Ref": "Vpc"},
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="s3",
            LogDestination="arn:aws:s3:::records",
            Tags=[{"Key": "team", "Value": "ml"}, {"Key": "gone", "Value": "1"}],
        ),
        "Address": resource("EIP", Domain="vpc"),
        "Nat": resource(
            "NatGateway",
            SubnetId={"Ref": "Subnet"},
            AllocationId={"Fn::GetAtt": ["Address", "AllocationId"]},
            Tags=[{"Key": "because", "Value": "packages"}],
        ),
        **changed,
    }


OUTPUTS = {
    "Group": {"Value": {"Ref": "Group"}},
    "In": {"Value": {"Ref": "In"}},
    "Records": {"Value": {"Ref": "Records"}},
    "Address": {"Value": {"Ref": "Address"}},
    "Nat": {"Value": {"Ref": "Nat"}},
    "Cidr": {"Value": {"Fn::GetAtt": ["Vpc", "CidrBlock"]}},
    "Default": {"Value": {"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]}},
}


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    assert stack["StackStatus"].endswith("_COMPLETE"), stack["Reasons"]
    assert "ROLLBACK" not in stack["StackStatus"], stack["Reasons"]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


@pytest.fixture(scope="module")
def made(aws: Any) -> Iterator[dict[str, str]]:
    yield outputs(aws.deploy(STACK, network(), outputs=OUTPUTS))
    client = aws.client("cloudformation")
    found = client.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=STACK)
    assert aws.settled(found)["StackStatus"] == "DELETE_COMPLETE"


def group(aws: Any, group_id: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return dict(found)


def test_rules_of_their_own_are_rules_of_the_group(aws: Any, made: dict[str, str]) -> None:
    found = group(aws, made["Group"])
    (ingress,) = found["IpPermissions"]
    assert ingress["UserIdGroupPairs"][0]["GroupId"] == made["Group"]
    assert {one.get("FromPort") for one in found["IpPermissionsEgress"]} == {None, 443}
    assert made["In"].startswith("sgr-")


def test_addresses_gateways_and_flow_logs_are_known_to_ec2(aws: Any, made: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    (address,) = ec2.describe_addresses(PublicIps=[made["Address"]])["Addresses"]
    assert address["Domain"] == "vpc"
    (nat,) = ec2.describe_nat_gateways(NatGatewayIds=[made["Nat"]])["NatGateways"]
    assert nat["State"] == "available"
    assert nat["Tags"] == [{"Key": "because", "Value": "packages"}]
    (log,) = ec2.describe_flow_logs(FlowLogIds=[made["Records"]])["FlowLogs"]
    assert log["LogDestination"] == "arn:aws:s3:::records"
    assert {"Key": "team", "Value": "ml"} in log["Tags"]


def test_a_vpc_says_its_addresses_and_lets_members_of_its_default_group_talk(
    aws: Any, made: dict[str, str]
) -> None:
    assert made["Cidr"] == "10.1.0.0/16"
    (ingress,) = group(aws, made["Default"])["IpPermissions"]
    assert ingress["UserIdGroupPairs"][0]["GroupId"] == made["Default"]


def test_tags_and_descriptions_change_in_place_and_a_port_replaces_the_rule(
    aws: Any, made: dict[str, str]
) -> None:
    first = network()
    described = first["In"]["Properties"] | {"Description": "members only"}
    records = first["Records"]["Properties"] | {"Tags": [{"Key": "team", "Value": "ops"}]}
    out = first["Out"]["Properties"] | {"FromPort": 444, "ToPort": 444}
    changed = network(
        In=resource("SecurityGroupIngress", **described),
        Records=resource("FlowLog", **records),
        Out=resource("SecurityGroupEgress", **out),
    )
    after = outputs(aws.deploy(STACK, changed, outputs=OUTPUTS, update=True))

    assert after["Records"] == made["Records"]
    (log,) = aws.client("ec2").describe_flow_logs(FlowLogIds=[after["Records"]])["FlowLogs"]
    assert log["Tags"] == [{"Key": "team", "Value": "ops"}]
    found = group(aws, after["Group"])
    assert found["IpPermissions"][0]["UserIdGroupPairs"][0]["Description"] == "members only"
    assert {one.get("FromPort") for one in found["IpPermissionsEgress"]} == {None, 444}


def test_a_flow_log_needs_permission_to_hand_over_its_role(aws: Any) -> None:
    writer = aws.role("flow-log-writer", {"Service": "vpc-flow-logs.amazonaws.com"})
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    records = resource(
        "FlowLog",
        ResourceId=vpc,
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="records",
        DeliverLogsPermissionArn=writer,
    )
    role = aws.role(
        "network-maker", {"Service": "cloudformation.amazonaws.com"}, {"Action": "ec2:*"}
    )
    stack = aws.deploy("no-hand-over", {"Records": records}, RoleARN=role)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "iam:PassRole" in stack["Reasons"][0]
