"""The rules of ministack's services reject requests on a running server."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.process
QUEUE = "arn:aws:sqs:us-east-1:111111111111:queue"
KEYED = {"Name": "keyed", "Value": "a", "Type": "String", "KeyId": "alias/own"}
TWICE = {"Targets": [{"Id": "1", "Arn": QUEUE}, {"Id": "1", "Arn": QUEUE}]}


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code", "message"),
    [
        ("events", "put_rule", {"Name": "none"}, "ValidationException", "EventPattern"),
        ("events", "put_targets", {"Rule": "r", **TWICE}, "ValidationException", "unique"),
        ("ssm", "put_parameter", KEYED, "ValidationException", "KeyId"),
        (
            "ecr",
            "describe_repositories",
            {"repositoryNames": ["own"], "maxResults": 5},
            "InvalidParameterException",
            "maxResults",
        ),
        (
            "logs",
            "put_retention_policy",
            {"logGroupName": "own", "retentionInDays": 2},
            "InvalidParameterException",
            "retentionInDays",
        ),
        (
            "secretsmanager",
            "delete_secret",
            {"SecretId": "own", "RecoveryWindowInDays": 6},
            "InvalidParameterException",
            "7 to 30",
        ),
        (
            "kms",
            "generate_data_key",
            {"KeyId": "own", "KeySpec": "AES_256", "NumberOfBytes": 32},
            "ValidationException",
            "Exactly one of KeySpec, NumberOfBytes",
        ),
        (
            "iam",
            "create_policy",
            {"PolicyName": "own", "PolicyDocument": '{"Statement": {"Effect": "Allow"}}'},
            "MalformedPolicyDocument",
            "must contain actions",
        ),
        (
            "sts",
            "assume_role",
            {"RoleArn": "arn:aws:iam::111111111111:user/a", "RoleSessionName": "own"},
            "ValidationError",
            "ARN of a role",
        ),
        (
            "sns",
            "create_topic",
            {"Name": "own", "Attributes": {"SignatureVersion": "3"}},
            "InvalidParameter",
            "SignatureVersion",
        ),
        (
            "sqs",
            "create_queue",
            {"QueueName": "own", "Attributes": {"DelaySeconds": "901"}},
            "InvalidAttributeValue",
            "DelaySeconds",
        ),
        (
            "lambda",
            "list_functions",
            {"MasterRegion": "us-east-1"},
            "InvalidParameterValueException",
            "FunctionVersion",
        ),
        (
            "stepfunctions",
            "list_executions",
            {},
            "ValidationException",
            "Exactly one of stateMachineArn, mapRunArn",
        ),
        (
            "kms",
            "create_alias",
            {"AliasName": "own", "TargetKeyId": "own"},
            "ValidationException",
            "alias/",
        ),
    ],
)
def test_a_rule_of_each_service_is_enforced(
    aws: Any, service: str, operation: str, request_: dict[str, Any], code: str, message: str
) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(aws.client(service), operation)(**request_)

    error = raised.value.response["Error"]
    assert error["Code"] == code
    assert message in error["Message"]


def test_what_no_rule_rejects_is_served(aws: Any) -> None:
    events = aws.client("events")
    events.put_rule(Name="daily", ScheduleExpression="rate(1 day)")
    assert events.describe_rule(Name="daily")["ScheduleExpression"] == "rate(1 day)"
    events.delete_rule(Name="daily")
