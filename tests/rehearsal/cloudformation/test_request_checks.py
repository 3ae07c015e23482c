"""Stacks are rejected for what the API of a service rejects."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

NO_ROLE = "arn:aws:iam::111111111111:role/absent"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
KEYS = {"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
INVALID_SCHEDULES = [
    "rate(rate(30 minutes))",
    "rate(1 minutes)",
    "rate(5 minute)",
    "rate(0 minutes)",
    "rate(5 weeks)",
    "cron(0 10 * * *)",
    "cron(0 10 * * * *)",
    "cron(0 10 ? * ? *)",
    "cron(0 24 * * ? *)",
]


@pytest.mark.parametrize("expression", INVALID_SCHEDULES)
def test_a_schedule_that_put_rule_rejects_is_rejected(aws: Any, expression: str) -> None:
    with pytest.raises(ClientError, match="Parameter ScheduleExpression is not valid"):
        aws.client("events").put_rule(Name="wrong", ScheduleExpression=expression)
    assert "Parameter ScheduleExpression is not valid." in _reason(
        aws, "AWS::Events::Rule", {"ScheduleExpression": expression}
    )


@pytest.mark.parametrize(
    "expression", ["rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "cron(0 10 * * ? *)"]
)
def test_a_schedule_that_put_rule_accepts_is_accepted(aws: Any, expression: str) -> None:
    aws.client("events").put_rule(Name="right", ScheduleExpression=expression)
    assert _reason(aws, "AWS::Events::Rule", {"ScheduleExpression": expression}) == ""


def test_a_rule_has_a_pattern_or_a_schedule(aws: Any) -> None:
    events = aws.client("events")
    expected = r"Parameter\(s\) EventPattern or ScheduleExpression must be specified"
    with pytest.raises(ClientError, match=expected):
        events.put_rule(Name="neither")
    events.create_event_bus(Name="custom-bus")
    with pytest.raises(ClientError, match="supported only on the default event bus"):
        events.put_rule(Name="r", EventBusName="custom-bus", ScheduleExpression="rate(1 hour)")


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("AWS::Events::Rule", {}, "EventPattern or ScheduleExpression must be specified"),
    ("AWS::Events::Rule", {"EventPattern": {"source": "a"}}, "Event pattern is not valid"),
    (
        "AWS::Events::Rule",
        {"EventPattern": {"source": ["a"]}, "EventBusName": "absent"},
        "Event bus absent does not exist",
    ),
    ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/8"}, "The CIDR '10.0.0.0/8' is invalid"),
    (
        "AWS::EC2::Subnet",
        {"VpcId": "vpc-12345", "CidrBlock": "10.0.0.0/24"},
        "The vpc ID 'vpc-12345' does not exist",
    ),
    (
        "AWS::EC2::SecurityGroup",
        {"VpcId": "vpc-12345", "GroupDescription": "any"},
        "The vpc ID 'vpc-12345' does not exist",
    ),
    ("AWS::EC2::RouteTable", {"VpcId": "vpc-12345"}, "The vpc ID 'vpc-12345' does not exist"),
    (
        "AWS::EC2::Route",
        {"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
        "The routeTable ID 'rtb-1' does not exist",
    ),
    (
        "AWS::EC2::VPCEndpoint",
        {"VpcId": "vpc-1", "ServiceName": "com.amazonaws.us-east-1.s3"},
        "The vpc ID 'vpc-1' does not exist",
    ),
    ("AWS::EC2::NatGateway", {"SubnetId": "subnet-1"}, "The subnet ID 'subnet-1' does not exist"),
    ("AWS::EC2::VPCGatewayAttachment", {"VpcId": "vpc-1", "InternetGatewayId": "igw-1"}, "vpc-1"),
    (
        "AWS::Lambda::Function",
        {"Role": NO_ROLE, "Handler": "a.b", "Runtime": "python3.12", "Code": {"ZipFile": "x"}},
        "The role defined for the function cannot be assumed by Lambda",
    ),
    (
        "AWS::Lambda::Permission",
        {
            "FunctionName": "absent",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
        },
        "Function not found: absent",
    ),
    ("AWS::Lambda::Version", {"FunctionName": "absent"}, "Function not found: absent"),
    ("AWS::SQS::Queue", {"QueueName": "a b"}, "Can only include alphanumeric characters"),
    ("AWS::SNS::Topic", {"TopicName": "a/b"}, "Invalid parameter: Topic Name"),
    ("AWS::SNS::Topic", {"TopicName": "abc", "FifoTopic": True}, "must end with .fifo"),
    (
        "AWS::DynamoDB::Table",
        {**KEYS, "AttributeDefinitions": [{"AttributeName": "b", "AttributeType": "S"}]},
        "Attribute Definitions",
    ),
    (
        "AWS::StepFunctions::StateMachine",
        {"RoleArn": NO_ROLE, "DefinitionString": '{"StartAt": "A", "States": {}}'},
        "SCHEMA_VALIDATION_FAILED",
    ),
    (
        "AWS::StepFunctions::StateMachine",
        {
            "RoleArn": NO_ROLE,
            "Definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
        },
        "MISSING_TRANSITION_TARGET: Missing target state B",
    ),
    (
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": NO_ROLE}, "Action": "sts:AssumeRole"}
                ],
            }
        },
        "Invalid principal in policy",
    ),
    (
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": TRUST,
            "PermissionsBoundary": "arn:aws:iam::111111111111:policy/absent",
        },
        "does not exist or is not attachable",
    ),
    (
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": TRUST,
            "Policies": [
                {"PolicyName": "any", "PolicyDocument": {"Statement": [{"Efect": "Allow"}]}}
            ],
        },
        "MalformedPolicyDocument",
    ),
    ("AWS::IAM::InstanceProfile", {"Roles": ["absent"]}, "role with name absent cannot be found"),
    ("AWS::KMS::Alias", {"AliasName": "alias/any", "TargetKeyId": "absent"}, "Key 'absent'"),
    (
        "AWS::SSM::Parameter",
        {"Type": "String", "Value": "x", "AllowedPattern": "^[0-9]$"},
        "cannot be validated against allowedPattern",
    ),
    (
        "AWS::SSM::Parameter",
        {"Type": "String", "Value": "x" * 4097},
        "maximum parameter value of 4096 characters",
    ),
    (
        "AWS::Logs::MetricFilter",
        {
            "LogGroupName": "absent",
            "FilterPattern": "",
            "MetricTransformations": [
                {"MetricName": "a", "MetricNamespace": "b", "MetricValue": "1"}
            ],
        },
        "The specified log group does not exist",
    ),
    ("AWS::SecretsManager::Secret", {"Name": "a b"}, "Invalid name"),
]


@pytest.mark.parametrize(("type_name", "properties", "expected"), CASES)
def test_a_resource_that_the_api_rejects_fails_its_stack(
    aws: Any, type_name: str, properties: dict[str, Any], expected: str
) -> None:
    assert expected in _reason(aws, type_name, properties)


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("create_subnet", {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"}, "InvalidVpcID.NotFound"),
        (
            "create_security_group",
            {"VpcId": "vpc-1", "GroupName": "any", "Description": "any"},
            "InvalidVpcID.NotFound",
        ),
        ("create_route_table", {"VpcId": "vpc-1"}, "InvalidVpcID.NotFound"),
        ("create_network_acl", {"VpcId": "vpc-1"}, "InvalidVpcID.NotFound"),
        ("create_nat_gateway", {"SubnetId": "subnet-1"}, "InvalidSubnetID.NotFound"),
        ("create_network_interface", {"SubnetId": "subnet-1"}, "InvalidSubnetID.NotFound"),
        (
            "create_vpc_endpoint",
            {"VpcId": "vpc-1", "ServiceName": "com.amazonaws.us-east-1.s3"},
            "InvalidVpcID.NotFound",
        ),
        (
            "create_flow_logs",
            {"ResourceIds": ["vpc-1"], "ResourceType": "VPC", "LogGroupName": "any"},
            "InvalidVpcID.NotFound",
        ),
    ],
)
def test_an_identifier_that_does_not_exist_is_rejected_by_ec2(
    aws: Any, operation: str, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(aws.client("ec2"), operation)(**request_)
    assert raised.value.response["Error"]["Code"] == code


_count = iter(range(1_000))


def _reason(aws: Any, type_name: str, properties: dict[str, Any]) -> str:
    """Returns the reason of a stack that failed, or an empty text."""
    resources = {"It": {"Type": type_name, "Properties": properties}}
    capabilities = ["CAPABILITY_NAMED_IAM"]
    stack = aws.deploy(f"checked-{next(_count)}", resources, Capabilities=capabilities)
    expected = "ROLLBACK_COMPLETE" if stack["Reasons"] else "CREATE_COMPLETE"
    assert stack["StackStatus"] == expected
    return "".join(stack["Reasons"])
