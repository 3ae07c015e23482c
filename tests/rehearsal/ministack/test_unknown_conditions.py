"""A decision that depends on a condition key that the rehearsal does not compute names the key."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import iam_actions, iam_evaluator
from ministack.services import sts

from rehearsal.ministack.iam import condition_keys, unknown_conditions
from rehearsal.services.sagemaker import condition_keys as of_sagemaker
from tests.rehearsal.ministack.patched import install

ACCOUNT = "111111111111"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/people/ada"
# The keys of the services that the rehearsal supports, by the service authorization reference.
KEYS: dict[str, list[str]] = json.loads((Path(__file__).parent / "condition_keys.json").read_text())
ALL = sorted({key for keys in KEYS.values() for key in keys})
UNKNOWN = "sagemaker:FileSystemId"
ANY = {"Effect": "Allow", "Action": "*", "Resource": "*"}
OPERATORS = ("StringEquals", "StringNotEquals", "StringLikeIfExists", "ForAllValues:StringEquals")


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    install(
        monkeypatch,
        "corrections.policy_variables",
        "corrections.source_identity",
        "iam.unknown_conditions",
    )


def decide(*statements: dict[str, Any], **keys: Any) -> tuple[str, str]:
    """Returns the decision and the message of a denial."""
    context = iam_evaluator.EvalContext(
        principal_arn=ROLE,
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action="sagemaker:CreateFeatureGroup",
        resource_arn="*",
        region="us-east-1",
        service_context={name.lower().replace("__", ":"): value for name, value in keys.items()},
    )
    parsed = iam_evaluator.parse_policy_document({"Statement": list(statements)})
    decision = str(iam_evaluator.evaluate(context, [parsed]).decision)
    message = iam_actions.identity_denial_message(
        context.action, ROLE, context.resource_arn, decision == "Deny"
    )
    return decision, message


def conditioned(effect: str, key: str, operator: str = "StringEquals") -> dict[str, Any]:
    return {**ANY, "Effect": effect, "Sid": "Keyed", "Condition": {operator: {key: ["x"]}}}


def example(key: str) -> str:
    """Returns a key of a family, such as `aws:RequestTag/${TagKey}`."""
    return key.split("${")[0] + "x" if "${" in key else key.replace("<key>", "x")


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_each_key_of_aws_is_computed_or_named(effect: str, operator: str) -> None:
    others = [ANY] if effect == "Deny" else []
    for named in map(example, ALL):
        decision, message = decide(*others, conditioned(effect, named, operator))

        if condition_keys.is_computed(named):
            assert "does not compute" not in message
        else:
            assert decision == ("Deny" if effect == "Deny" else "ImplicitDeny")
            assert f"does not compute the condition key {named} of statement 'Keyed'" in message


def test_a_decision_that_does_not_depend_on_the_key_stays() -> None:
    assert decide(conditioned("Allow", UNKNOWN), ANY)[0] == "Allow"
    assert decide({**ANY, "Effect": "Deny"}, conditioned("Deny", UNKNOWN))[0] == "Deny"
    elsewhere = {**conditioned("Deny", UNKNOWN), "Action": "s3:*"}
    assert decide(ANY, elsewhere)[0] == "Allow"
    also = conditioned("Deny", UNKNOWN)
    also["Condition"]["StringLike"] = {"aws:PrincipalArn": "arn:aws:iam::*:role/other"}
    assert decide(ANY, also)[0] == "Allow"


def test_a_key_that_the_request_has_is_evaluated() -> None:
    given = {"sagemaker__filesystemid": "x"}
    assert decide(conditioned("Allow", UNKNOWN), **given)[0] == "Allow"
    assert decide(ANY, conditioned("Deny", UNKNOWN), **given)[0] == "Deny"


def test_the_message_names_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.dumps({"Statement": [conditioned("Allow", UNKNOWN)]})
    role = {"InlinePolicies": {"keyed-policy": document}, "AttachedPolicies": []}
    roles = SimpleNamespace(get_scoped=lambda *_: role)
    monkeypatch.setattr(unknown_conditions, "iam", SimpleNamespace(_roles=roles))

    _, message = decide(conditioned("Allow", UNKNOWN))

    assert "of statement 'Keyed' of policy keyed-policy, on which" in message


def test_a_resource_policy_with_the_key_leaves_what_the_role_may_do() -> None:
    context = iam_evaluator.EvalContext(
        principal_arn=ROLE,
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action="sns:Publish",
        resource_arn="*",
        region="us-east-1",
    )
    allowed = iam_evaluator.EvalResult("Allow", ROLE, "", "")
    policy = {"Statement": [{**conditioned("Allow", UNKNOWN), "Principal": "*"}]}
    assert iam_evaluator.combine_resource_policy(allowed, context, policy, ACCOUNT).decision == (
        "Allow"
    )
    policy["Statement"][0]["Effect"] = "Deny"
    assert iam_evaluator.combine_resource_policy(allowed, context, policy, ACCOUNT).decision == (
        "Deny"
    )


def test_a_note_belongs_to_one_decision() -> None:
    assert "does not compute" in decide(conditioned("Allow", UNKNOWN))[1]
    assert "does not compute" not in decide()[1]


def test_the_keys_that_sagemaker_computes_are_known() -> None:
    members = of_sagemaker._MEMBERS.values()
    keys = {f"sagemaker:{key}" for one in members for key in one}
    assert not [key for key in keys if not condition_keys.is_computed(key)]


TRUSTED = {"AWS": "arn:aws:iam::111111111111:root"}
KEYED = {"StringEquals": {UNKNOWN: "x"}}


def assume(*statements: dict[str, Any]) -> tuple[bool, str]:
    """Returns the decision of a trust policy, and the error that STS would show."""
    caller = f"arn:aws:iam::{ACCOUNT}:user/ada"
    context = iam_evaluator.EvalContext(
        principal_arn=caller,
        principal_type="User",
        principal_account=ACCOUNT,
        action="sts:AssumeRole",
        resource_arn="*",
        region="us-east-1",
    )
    base = {"Action": "sts:AssumeRole", "Principal": TRUSTED}
    document = json.dumps({"Statement": [{**base, **one} for one in statements]})
    allowed = iam_evaluator.evaluate_trust_policy(document, caller, context)
    return allowed, str(sts._error(403, "AccessDenied", "no", ns="sts"))


def test_trust_policies_name_the_key_on_which_they_depend() -> None:
    allow, deny = {"Effect": "Allow"}, {"Effect": "Deny"}
    for statements in (
        [{**allow, "Condition": KEYED}],
        [allow, {**deny, "Condition": KEYED}],
        [allow, {**deny, "Condition": KEYED, "Action": "sts:*"}],
    ):
        allowed, error = assume(*statements)
        assert not allowed
        assert f"does not compute the condition key {UNKNOWN} of statement" in error


def test_trust_policies_that_do_not_depend_on_the_key_stay() -> None:
    allow, deny = {"Effect": "Allow"}, {"Effect": "Deny"}
    assert assume(allow, {**allow, "Condition": KEYED})[0]
    tagging = {**deny, "Condition": KEYED, "Action": "sts:TagSession"}
    assert assume(allow, tagging)[0]
    stranger = {**deny, "Condition": KEYED, "Principal": {"AWS": "222222222222"}}
    assert assume(allow, stranger)[0]
