"""Replacements: what change sets report, what updates do, and custom names."""

import json
from typing import Any

import pytest


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def _change(aws: Any, name: str, resources: dict[str, Any]) -> dict[str, Any]:
    """Returns the change of the resource `It` in a change set."""
    client = aws.client("cloudformation")
    client.create_change_set(
        StackName=name, ChangeSetName="next", TemplateBody=json.dumps({"Resources": resources})
    )
    client.get_waiter("change_set_create_complete").wait(
        StackName=name, ChangeSetName="next", WaiterConfig={"Delay": 1}
    )
    described = client.describe_change_set(StackName=name, ChangeSetName="next")
    client.delete_change_set(StackName=name, ChangeSetName="next")
    changes = [one["ResourceChange"] for one in described["Changes"]]
    return next(one for one in changes if one["LogicalResourceId"] == "It")


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("AWS::SNS::Topic", {"DisplayName": "a"}, {"DisplayName": "b"}, "False"),
    ("AWS::SNS::Topic", {"TopicName": "replaced-a"}, {"TopicName": "replaced-b"}, "True"),
    ("AWS::SQS::Queue", {"DelaySeconds": 1}, {"DelaySeconds": 2}, "False"),
    ("AWS::SQS::Queue", {}, {"FifoQueue": True}, "True"),
    ("AWS::Logs::LogGroup", {"RetentionInDays": 1}, {"RetentionInDays": 3}, "False"),
    ("AWS::EC2::VPC", {"CidrBlock": "10.1.0.0/16"}, {"CidrBlock": "10.2.0.0/16"}, "True"),
    ("AWS::EC2::SecurityGroup", {"GroupDescription": "a"}, {"GroupDescription": "b"}, "True"),
    (
        "AWS::ECR::Repository",
        {"ImageTagMutability": "MUTABLE"},
        {"ImageTagMutability": "IMMUTABLE"},
        "False",
    ),
    (
        "AWS::ECR::Repository",
        {"EncryptionConfiguration": {"EncryptionType": "AES256"}},
        {"EncryptionConfiguration": {"EncryptionType": "KMS"}},
        "True",
    ),
    ("AWS::Kinesis::Stream", {"ShardCount": 1}, {"ShardCount": 2}, "False"),
]


@pytest.mark.parametrize(("kind", "before", "after", "expected"), CHANGES)
def test_a_change_set_and_its_update_agree(
    aws: Any, kind: str, before: dict[str, Any], after: dict[str, Any], expected: str
) -> None:
    name = f"changes-{abs(hash(json.dumps([kind, before])))}"
    outputs = {"Id": {"Value": {"Ref": "It"}}}
    first = aws.deploy(name, {"It": _resource(kind, **before)}, outputs=outputs)
    assert first["StackStatus"] == "CREATE_COMPLETE", first["Reasons"]

    changed = {"It": _resource(kind, **after)}
    assert _change(aws, name, changed)["Replacement"] == expected

    second = aws.deploy(name, changed, outputs=outputs, update=True)
    assert second["StackStatus"] == "UPDATE_COMPLETE", second["Reasons"]
    is_replaced = first["Outputs"][0]["OutputValue"] != second["Outputs"][0]["OutputValue"]
    assert is_replaced is (expected == "True")


@pytest.mark.parametrize(
    ("kind", "name", "before", "after"),
    [
        (
            "AWS::ECR::Repository",
            {"RepositoryName": "kept-repository"},
            {"EncryptionConfiguration": {"EncryptionType": "AES256"}},
            {"EncryptionConfiguration": {"EncryptionType": "KMS"}},
        ),
        (
            "AWS::EC2::SecurityGroup",
            {"GroupName": "kept-group"},
            {"GroupDescription": "a"},
            {"GroupDescription": "b"},
        ),
    ],
)
def test_a_resource_with_a_custom_name_is_not_replaced(
    aws: Any, kind: str, name: dict[str, str], before: dict[str, Any], after: dict[str, Any]
) -> None:
    stack = next(iter(name.values()))
    aws.deploy(stack, {"It": _resource(kind, **name, **before)})
    updated = aws.deploy(stack, {"It": _resource(kind, **name, **after)}, update=True)
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing."
        in updated["Reasons"][-1]
    )


def test_a_replaced_resource_stays_until_the_update_has_succeeded(aws: Any) -> None:
    def resources(cidr: str) -> dict[str, Any]:
        return {"It": _resource("AWS::EC2::VPC", CidrBlock=cidr)}

    outputs = {"Id": {"Value": {"Ref": "It"}}}
    first = aws.deploy("stays", resources("10.3.0.0/16"), outputs=outputs)
    vpc = first["Outputs"][0]["OutputValue"]
    failing = {
        **resources("10.4.0.0/16"),
        "Late": {**_resource("AWS::SQS::Queue", QueueName="not a name"), "DependsOn": "It"},
    }
    stack = aws.deploy("stays", failing, outputs=outputs, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    blocks = {one["VpcId"]: one["CidrBlock"] for one in aws.client("ec2").describe_vpcs()["Vpcs"]}
    assert blocks[vpc] == "10.3.0.0/16"
    assert "10.4.0.0/16" not in blocks.values()
