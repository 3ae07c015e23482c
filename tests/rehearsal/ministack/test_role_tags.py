"""Conditions on the tags of a role that is assumed."""

from collections.abc import Iterator

import pytest
from ministack.core import iam_evaluator
from ministack.services import iam

from tests.rehearsal.ministack.patched import install

BOOTSTRAP = "arn:aws:iam::111111111111:role/cdk-deploy"
TAG = "iam:ResourceTag/aws-cdk:bootstrap-role"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(monkeypatch, "corrections.role_tags")
    tags = [{"Key": "aws-cdk:bootstrap-role", "Value": "deploy"}]
    iam._roles.set_scoped("111111111111", None, "cdk-deploy", {"Arn": BOOTSTRAP, "Tags": tags})
    yield
    iam._roles.pop_scoped("111111111111", None, "cdk-deploy")


def decide(role: str, condition: dict[str, dict[str, list[str]]]) -> str:
    context = iam_evaluator.EvalContext(
        principal_arn="arn:aws:sts::111111111111:assumed-role/build/s",
        principal_type="AssumedRole",
        principal_account="111111111111",
        action="sts:AssumeRole",
        resource_arn=role,
        region="us-east-1",
    )
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    policy = iam_evaluator.parse_policy_document(
        {"Statement": [statement | {"Condition": condition}]}
    )
    return str(iam_evaluator.evaluate(context, [policy]).decision)


@pytest.mark.parametrize("operator", ["StringEquals", "ForAnyValue:StringEquals"])
def test_a_role_is_assumed_by_its_tag(operator: str) -> None:
    assert decide(BOOTSTRAP, {operator: {TAG: ["deploy", "lookup"]}}) == "Allow"
    assert decide(BOOTSTRAP, {operator: {TAG: ["lookup"]}}) == "ImplicitDeny"
    assert decide(f"{BOOTSTRAP}-of-others", {operator: {TAG: ["deploy"]}}) == "ImplicitDeny"
