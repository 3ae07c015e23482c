from typing import Any

import pytest

from rehearsal.cloudformation.stack_permissions import Check, Role, checks
from rehearsal.cloudformation.type_permissions import TYPE_PERMISSIONS
from rehearsal.framework.platform import Scope

ROLE = "arn:aws:iam::111111111111:role/r"
A = Role(arn="arn:aws:iam::111111111111:role/path/a", boundary="arn:b", tags={"team": "ml"})


def _checks(
    type_name: str, verb: str, new: dict[str, Any], old: dict[str, Any] | None = None
) -> list[Check]:
    stock, scope = TYPE_PERMISSIONS[type_name], Scope("111111111111", "eu-west-1")
    return list(checks(stock, verb, "the-name", new, old or {}, scope, {"a": A}.get))


def test_a_bucket_is_asked_for_by_its_name_and_properties() -> None:
    asked = _checks("AWS::S3::Bucket", "create", {"BucketName": "b", "BucketEncryption": {}})
    assert asked == [
        Check("s3:CreateBucket", "arn:aws:s3:::b"),
        Check("s3:PutEncryptionConfiguration", "arn:aws:s3:::b"),
    ]


def test_an_update_asks_for_what_changed() -> None:
    old = {"BucketEncryption": {"a": 1}, "VersioningConfiguration": {"Status": "Suspended"}}
    new = {"BucketEncryption": {"a": 1}, "VersioningConfiguration": {"Status": "Enabled"}}
    assert _checks("AWS::S3::Bucket", "update", new, old) == [
        Check("s3:PutBucketVersioning", "arn:aws:s3:::the-name")
    ]


def test_tags_are_condition_keys_of_the_request_and_then_of_the_resource() -> None:
    tags = {"Tags": [{"Key": "team", "Value": "ml"}]}
    create, tag = _checks("AWS::S3::Bucket", "create", tags)
    assert create.keys == {"aws:RequestTag/team": "ml", "aws:TagKeys": ["team"]}
    assert tag.keys["aws:ResourceTag/team"] == "ml"


def test_a_new_key_has_no_arn_to_ask_for() -> None:
    assert _checks("AWS::KMS::Key", "create", {}) == [Check("kms:CreateKey", "*")]


def test_a_policy_is_asked_for_each_of_its_roles() -> None:
    asked = _checks("AWS::IAM::Policy", "create", {"Roles": ["a", "b"]})
    assert [check.resource_arn.split("role/")[1] for check in asked] == ["path/a", "b"]
    assert asked[0].keys == {"iam:PermissionsBoundary": "arn:b", "aws:ResourceTag/team": "ml"}


@pytest.mark.parametrize(
    ("type_name", "properties", "service"),
    [
        ("AWS::Lambda::Function", {"Role": ROLE}, "lambda.amazonaws.com"),
        ("AWS::Events::Rule", {"Targets": [{"RoleArn": ROLE}]}, "events.amazonaws.com"),
        ("AWS::StepFunctions::StateMachine", {"RoleArn": ROLE}, "states.amazonaws.com"),
    ],
)
def test_a_role_that_is_passed_is_asked_for(
    type_name: str, properties: dict[str, Any], service: str
) -> None:
    passed = Check("iam:PassRole", ROLE, {"iam:PassedToService": service})
    assert passed in _checks(type_name, "create", properties)
    assert passed not in _checks(type_name, "delete", properties)
    kept = _checks(type_name, "update", properties, properties)
    assert not [check for check in kept if check.action == "iam:PassRole"]


@pytest.mark.parametrize("type_name", sorted(TYPE_PERMISSIONS))
def test_every_row_makes_valid_arns(type_name: str) -> None:
    for verb in ("create", "update", "delete"):
        for check in _checks(type_name, verb, {}):
            assert check.resource_arn == "*" or check.resource_arn.startswith("arn:aws:")


def test_a_private_bucket_needs_no_permission_for_its_acl() -> None:
    private = _checks("AWS::S3::Bucket", "create", {"AccessControl": "Private"})
    assert [check.action for check in private] == ["s3:CreateBucket"]
    public = _checks("AWS::S3::Bucket", "create", {"AccessControl": "PublicRead"})
    assert [check.action for check in public] == ["s3:CreateBucket", "s3:PutBucketAcl"]


def test_a_parameter_with_a_path_has_one_slash_and_a_log_group_keeps_its_own() -> None:
    parameter = _checks("AWS::SSM::Parameter", "create", {"Name": "/a/b"})
    assert parameter[0].resource_arn.endswith(":111111111111:parameter/a/b")
    group = _checks("AWS::Logs::LogGroup", "create", {"LogGroupName": "/a/b"})
    assert group[0].resource_arn.endswith(":log-group:/a/b:*")


POLICY = "arn:aws:iam::111111111111:policy/path/p"


def test_a_policy_that_a_role_gets_is_a_condition_key_beside_its_boundary() -> None:
    properties = {"ManagedPolicyArns": [POLICY], "PermissionsBoundary": "arn:b"}
    keys = {"iam:PermissionsBoundary": "arn:b", "iam:PolicyARN": POLICY}
    role = "arn:aws:iam::111111111111:role/the-name"
    attach = Check("iam:AttachRolePolicy", role, keys)
    detach = Check("iam:DetachRolePolicy", role, keys)
    assert attach in _checks("AWS::IAM::Role", "create", properties)
    assert detach in _checks("AWS::IAM::Role", "delete", properties, properties)
    bare = {"PermissionsBoundary": "arn:b"}
    assert _checks("AWS::IAM::Role", "update", bare, properties) == [detach]
    assert _checks("AWS::IAM::Role", "update", properties, bare) == [attach]


def test_a_policy_that_names_roles_is_attached_to_each_by_its_own_arn() -> None:
    named = {"Path": "/path/", "ManagedPolicyName": "p", "Roles": ["a"]}
    keys = {"iam:PermissionsBoundary": "arn:b", "aws:ResourceTag/team": "ml"}
    create, attach = _checks("AWS::IAM::ManagedPolicy", "create", named)
    assert create == Check("iam:CreatePolicy", POLICY)
    assert attach == Check("iam:AttachRolePolicy", A.arn, keys | {"iam:PolicyARN": POLICY})
    deleted = [check.action for check in _checks("AWS::IAM::ManagedPolicy", "delete", named, named)]
    assert deleted == [
        "iam:ListPolicyVersions",
        "iam:DeletePolicyVersion",
        "iam:DeletePolicy",
        "iam:DetachRolePolicy",
    ]


def test_inline_policies_go_with_their_role() -> None:
    inline = {"Policies": [{"PolicyName": "p", "PolicyDocument": {}}]}
    asked = [check.action for check in _checks("AWS::IAM::Role", "delete", inline, inline)]
    assert asked == ["iam:DeleteRole", "iam:DeleteRolePolicy"]
