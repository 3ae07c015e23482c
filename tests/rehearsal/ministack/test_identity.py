"""Roles, trust and policies, on ministack's stores in this process."""

import json
from typing import Any

import pytest
from ministack.services import iam

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.ministack.iam import identity
from rehearsal.ministack.request_scope import current_scope, in_scope

SCOPE = Scope("444444444444", "eu-west-1")


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _role(
    name: str,
    *allows: dict[str, Any],
    trust: dict[str, Any] | None = None,
    condition: dict[str, Any] | None = None,
) -> str:
    arn = f"arn:aws:iam::{SCOPE.account}:role/service/{name}"
    statement = {
        "Effect": "Allow",
        "Principal": trust or {"Service": ["codebuild.amazonaws.com", "events.amazonaws.com"]},
        "Action": "sts:AssumeRole",
        **({"Condition": condition} if condition else {}),
    }
    policies = {"p": _document(*({"Effect": "Allow", "Resource": "*", **a} for a in allows))}
    with in_scope(SCOPE):
        iam._roles[name] = {
            "Arn": arn,
            "RoleName": name,
            "AssumeRolePolicyDocument": _document(statement),
            "InlinePolicies": policies if allows else {},
            "Tags": [{"Key": "team", "Value": "ml"}],
        }
    return arn


def _assume(arn: str, service: str = "codebuild.amazonaws.com", **options: Any) -> Any:
    return identity.assume_role(arn, service_principal=service, session_name="s", **options)


def test_a_service_that_a_role_trusts_gets_credentials_that_are_known() -> None:
    credentials = _assume(_role("trusting"))
    assert credentials.principal_arn == "arn:aws:sts::444444444444:assumed-role/trusting/s"
    key = identity.access_key(credentials.access_key_id)
    assert key is not None
    assert (key.secret, key.session_token, key.principal_arn) == (
        credentials.secret_access_key,
        credentials.session_token,
        credentials.principal_arn,
    )


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::444444444444:role/nobody",
        "arn:aws:iam::444444444444:user/someone",
        "no arn",
    ],
)
def test_a_role_that_does_not_exist_is_not_assumed(arn: str) -> None:
    with pytest.raises(AwsError, match="must exist") as raised:
        _assume(arn)
    assert raised.value.code == "AccessDenied"


@pytest.mark.parametrize(
    "trust", [{"Service": "lambda.amazonaws.com"}, {"AWS": "arn:aws:iam::444444444444:root"}, {}]
)
def test_a_role_that_trusts_others_is_not_assumed(trust: dict[str, Any]) -> None:
    arn = _role("others", trust=trust or {"Federated": "x"})
    with pytest.raises(AwsError, match=r"codebuild\.amazonaws\.com is not authorized"):
        _assume(arn)


def test_a_condition_of_the_trust_is_evaluated() -> None:
    source = {"ArnLike": {"aws:SourceArn": "arn:aws:codebuild:*:*:project/mine"}}
    arn = _role("sourced", condition=source)
    assert _assume(arn, source_arn="arn:aws:codebuild:eu-west-1:444444444444:project/mine")
    for wrong in ("arn:aws:codebuild:eu-west-1:444444444444:project/yours", None):
        with pytest.raises(AwsError):
            _assume(arn, source_arn=wrong)
    account = {"StringEquals": {"aws:SourceAccount": SCOPE.account}}
    assert _assume(_role("accounted", condition=account))


def test_a_role_for_one_source_can_be_passed_before_the_source_is_known() -> None:
    source = {
        "ArnLike": {"aws:SourceArn": "arn:aws:codebuild:*:*:project/mine"},
        "StringEquals": {"aws:SourceAccount": SCOPE.account},
    }
    passed = _role("sourced", condition=source)
    root = Context(SCOPE, f"arn:aws:iam::{SCOPE.account}:root")
    identity.check_pass_role(root, passed, "codebuild.amazonaws.com")
    foreign = _role("foreign", condition={**source, "StringEquals": {"aws:SourceAccount": "1"}})
    with pytest.raises(AwsError, match="cannot be assumed"):
        identity.check_pass_role(root, foreign, "codebuild.amazonaws.com")


def test_a_principal_is_evaluated_by_action_resource_and_condition() -> None:
    _role(
        "evaluated",
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
        {
            "Action": "sns:Publish",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": "ml"}},
        },
        {
            "Action": "sqs:SendMessage",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
        },
    )
    principal = "arn:aws:sts::444444444444:assumed-role/evaluated/s"
    identity.authorize(principal, "s3:GetObject", "arn:aws:s3:::b/k", SCOPE)
    identity.authorize(principal, "sns:Publish", "*", SCOPE)
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::c/k"),
        ("s3:PutObject", "arn:aws:s3:::b/k"),
        ("sqs:SendMessage", "*"),
    ):
        with pytest.raises(AwsError, match=f"not authorized to perform: {action}") as raised:
            identity.authorize(principal, action, resource, SCOPE)
        assert raised.value.code == "AccessDeniedException"


def test_a_boundary_limits_what_a_role_may() -> None:
    arn = "arn:aws:iam::444444444444:policy/boundary"
    _role("bounded", {"Action": "*"})
    with in_scope(SCOPE):
        document = _document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
        iam._policies[arn] = {
            "Arn": arn,
            "DefaultVersionId": "v1",
            "Versions": {"v1": {"Document": document}},
        }
        iam._roles["bounded"]["PermissionsBoundary"] = arn
    principal = "arn:aws:sts::444444444444:assumed-role/bounded/s"
    identity.authorize(principal, "s3:ListBucket", "*", SCOPE)
    with pytest.raises(AwsError):
        identity.authorize(principal, "iam:CreateUser", "*", SCOPE)


def test_the_root_of_an_account_may_everything() -> None:
    identity.authorize("arn:aws:iam::444444444444:root", "iam:CreateUser", "*", SCOPE)


def test_passing_a_role_needs_permission_for_the_service_and_its_trust() -> None:
    passed = _role("passed")
    to_builds = {"StringEquals": {"iam:PassedToService": "codebuild.amazonaws.com"}}
    _role("passer", {"Action": "iam:PassRole", "Resource": passed, "Condition": to_builds})
    caller = Context(SCOPE, "arn:aws:sts::444444444444:assumed-role/passer/s")
    identity.check_pass_role(caller, passed, "codebuild.amazonaws.com")
    with pytest.raises(AwsError, match="iam:PassRole"):
        identity.check_pass_role(caller, passed, "events.amazonaws.com")
    with pytest.raises(AwsError, match="does not exist"):
        identity.check_pass_role(caller, passed + "x", "codebuild.amazonaws.com")
    root = Context(SCOPE, "arn:aws:iam::444444444444:root")
    with pytest.raises(AwsError, match="cannot be assumed by sagemaker"):
        identity.check_pass_role(root, passed, "sagemaker.amazonaws.com")


def test_keys_that_are_not_known_have_no_secret() -> None:
    assert identity.access_key("AKIAAAAAAAAAAAAAAAAA") is None
    root = identity.access_key("444444444444")
    assert root is not None
    assert root.principal_arn == "arn:aws:iam::444444444444:root"


def test_a_scope_is_that_of_the_block() -> None:
    with in_scope(SCOPE):
        assert current_scope() == SCOPE


def test_a_role_says_whether_a_service_may_name_people() -> None:
    silent = _role("silent")
    with pytest.raises(AwsError, match="not authorized to perform: sts:SetSourceIdentity"):
        identity.check_source_identity(silent, "codebuild.amazonaws.com")

    with in_scope(SCOPE):
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "codebuild.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        }
        iam._roles["silent"]["AssumeRolePolicyDocument"] = _document(allowed)
    identity.check_source_identity(silent, "codebuild.amazonaws.com")
