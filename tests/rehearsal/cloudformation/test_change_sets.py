"""Replacements of resources in change sets."""

import json
from typing import Any

import pytest

from rehearsal.ministack.stacks.change_sets import requires_recreation

STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def resources(*, description: str, days: int, name: str, mutability: str) -> dict[str, Any]:
    policy = {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Sid": description}]}
    default = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    encryption = {"ServerSideEncryptionConfiguration": [{**default, "BucketKeyEnabled": days > 7}]}
    return {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": encryption}},
        "Images": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"ImageTagMutability": mutability},
        },
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": days}},
        "Named": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}},
    }


def test_only_what_the_schema_calls_create_only_is_replaced(aws: Any) -> None:
    before = resources(description="One", days=7, name="/one", mutability="MUTABLE")
    after = resources(description="Two", days=14, name="/two", mutability="IMMUTABLE")
    assert aws.deploy("changing", before)["StackStatus"] == "CREATE_COMPLETE"
    client = aws.client("cloudformation")

    client.create_change_set(
        StackName="changing",
        ChangeSetName="next",
        TemplateBody=json.dumps({"Resources": after}),
    )
    changes = client.describe_change_set(StackName="changing", ChangeSetName="next")["Changes"]

    found = {
        one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"]["Replacement"]
        for one in changes
    }
    assert found == {
        "Key": "False",
        "Bucket": "False",
        "Images": "False",
        "Log": "False",
        "Named": "True",
    }


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("AWS::ECR::Repository", "EncryptionConfiguration", "Always"),
        ("AWS::ECR::Repository", "LifecyclePolicy", "Never"),
        ("AWS::RDS::DBInstance", "Engine", "Conditionally"),
        ("Custom::Anything", "Colour", None),
    ],
)
def test_a_property_is_evaluated_by_the_schema_of_its_type(
    kind: str, name: str, expected: str | None
) -> None:
    assert requires_recreation(kind, name) == expected
