"""Access keys of users in stacks."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT, Aws

NAMED = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
OUTPUTS = {
    "Id": {"Value": {"Ref": "Key"}},
    "Secret": {"Value": {"Fn::GetAtt": ["Key", "SecretAccessKey"]}},
}


def resources(**key: Any) -> dict[str, Any]:
    user = {"Type": "AWS::IAM::User", "Properties": {"UserName": "robot"}}
    properties = {"UserName": {"Ref": "User"}, **key}
    return {"User": user, "Key": {"Type": "AWS::IAM::AccessKey", "Properties": properties}}


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def test_a_key_of_a_stack_signs_in_until_it_is_inactive_or_rotated(aws: Aws) -> None:
    made = aws.deploy("robot", resources(), outputs=OUTPUTS, **NAMED)
    assert made["StackStatus"] == "CREATE_COMPLETE", made["Reasons"]
    key = outputs(made)
    session = aws.session(key["Id"], key["Secret"])
    identity = aws.client("sts", session).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/robot"

    stopped = aws.deploy(
        "robot", resources(Status="Inactive"), outputs=OUTPUTS, update=True, **NAMED
    )

    assert outputs(stopped) == key
    iam = aws.client("iam")
    (listed,) = iam.list_access_keys(UserName="robot")["AccessKeyMetadata"]
    assert (listed["AccessKeyId"], listed["Status"]) == (key["Id"], "Inactive")
    rotated = aws.deploy("robot", resources(Serial=2), outputs=OUTPUTS, update=True, **NAMED)
    assert rotated["StackStatus"] == "UPDATE_COMPLETE", rotated["Reasons"]
    (listed,) = iam.list_access_keys(UserName="robot")["AccessKeyMetadata"]
    assert listed["AccessKeyId"] == outputs(rotated)["Id"] != key["Id"]

    aws.client("cloudformation").delete_stack(StackName=made["StackId"])
    assert aws.settled(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="robot"):
        iam.get_user(UserName="robot")
