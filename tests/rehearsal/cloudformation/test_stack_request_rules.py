"""Resources of stacks are rejected by the rules of the requests that would create them."""

from typing import Any

import pytest

from rehearsal.ministack.stacks.request_rules import problems

ROLE = "arn:aws:iam::111111111111:role/own"
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "a.amazonaws.com"}}
FUNCTION = {
    "Role": ROLE,
    "Runtime": "python3.12",
    "Handler": "index.handler",
    "Code": {"ZipFile": "def handler(event, context): pass"},
    "MemorySize": "256",
    "Timeout": 60,
}
TOPIC = "arn:aws:sns:us-east-1:111111111111:own"
QUEUE = "arn:aws:sqs:us-east-1:111111111111:own"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def first(resource_type: str, properties: dict[str, Any]) -> str:
    return next(problems(resource_type, properties), "")


@pytest.mark.parametrize(
    ("resource_type", "right", "wrong", "named"),
    [
        ("AWS::Lambda::Function", FUNCTION, {"MemorySize": "20000"}, "MemorySize"),
        ("AWS::Lambda::Function", FUNCTION, {"Handler": None}, "Handler is mandatory"),
        (
            "AWS::Lambda::Function",
            FUNCTION,
            {"Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}},
            "reserved keys",
        ),
        (
            "AWS::Lambda::EventSourceMapping",
            {"FunctionName": "own", "EventSourceArn": QUEUE, "BatchSize": "10"},
            {"BatchSize": "11"},
            "batch window",
        ),
        ("AWS::SQS::Queue", {"VisibilityTimeout": 30}, {"VisibilityTimeout": 43201}, "Visibility"),
        ("AWS::SQS::Queue", {"FifoQueue": True}, {"QueueName": "own"}, "must end with .fifo"),
        (
            "AWS::SQS::Queue",
            {"RedrivePolicy": {"deadLetterTargetArn": QUEUE, "maxReceiveCount": 3}},
            {"RedrivePolicy": {"maxReceiveCount": 3}},
            "deadLetterTargetArn",
        ),
        ("AWS::SNS::Topic", {"TopicName": "own"}, {"SignatureVersion": "3"}, "SignatureVersion"),
        (
            "AWS::SNS::Subscription",
            {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE},
            {"Endpoint": "a@example.com"},
            "does not match the protocol sqs",
        ),
        ("AWS::KMS::Key", {"MultiRegion": "false"}, {"KeySpec": "HMAC_256"}, "KeyUsage"),
        (
            "AWS::KMS::Key",
            {"KeyPolicy": document({**ALLOW, "Principal": "*"})},
            {"KeyPolicy": document(ALLOW)},
            "Principal",
        ),
        (
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": document(TRUST)},
            {"AssumeRolePolicyDocument": document({**TRUST, "Resource": "*"})},
            "prohibited field Resource",
        ),
        (
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": document(TRUST)},
            {"Policies": [{"PolicyName": "a", "PolicyDocument": document({"Effect": "Allow"})}]},
            "must contain actions",
        ),
        (
            "AWS::IAM::ManagedPolicy",
            {"PolicyDocument": document(ALLOW)},
            {"PolicyDocument": document({**ALLOW, "Resource": "bucket"})},
            "must be in ARN format",
        ),
        (
            "AWS::IAM::Policy",
            {"Roles": ["own"], "PolicyDocument": document(ALLOW)},
            {"PolicyDocument": document({**ALLOW, "Principal": "*"})},
            "should not specify a principal",
        ),
    ],
)
def test_a_property_that_the_api_rejects_is_rejected(
    resource_type: str, right: dict[str, Any], wrong: dict[str, Any], named: str
) -> None:
    assert first(resource_type, right) == ""
    assert named in first(resource_type, {**right, **wrong})


def test_a_type_without_rules_has_no_problem() -> None:
    assert first("AWS::S3::Bucket", {"BucketName": "own"}) == ""


def test_a_stack_with_such_a_resource_is_rolled_back(aws: Any) -> None:
    twice = {"SqsManagedSseEnabled": True, "KmsMasterKeyId": "alias/aws/sqs"}
    queue = {"Type": "AWS::SQS::Queue", "Properties": twice}
    stack = aws.deploy("queue-of-rules", {"Queue": queue})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "one type of server-side encryption" in " ".join(stack["Reasons"])
