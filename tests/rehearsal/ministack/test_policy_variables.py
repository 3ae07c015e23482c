"""Variables in policies get their values from the request."""

from collections.abc import Iterator
from typing import Any

import pytest
from ministack.core import iam_evaluator

from tests.rehearsal.ministack.patched import install

ARN = "arn:aws:sagemaker:us-east-1:111111111111:user-profile/d-1/"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(monkeypatch, "corrections.policy_variables")
    yield


def decide(statement: dict[str, Any], resource: str = f"{ARN}ada", **keys: Any) -> str:
    context = iam_evaluator.EvalContext(
        principal_arn="arn:aws:sts::111111111111:assumed-role/people/s",
        principal_type="AssumedRole",
        principal_account="111111111111",
        action="sagemaker:CreatePresignedDomainUrl",
        resource_arn=resource,
        region="us-east-1",
        service_context={f"x:{name.lower()}": value for name, value in keys.items()},
    )
    document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", **statement}]}
    parsed = iam_evaluator.parse_policy_document(document)
    return str(iam_evaluator.evaluate(context, [parsed]).decision)


def test_a_variable_in_a_resource_has_the_value_of_its_key() -> None:
    own = {"Resource": [ARN + "${x:Name}"]}
    assert decide(own, Name="ada") == "Allow"
    assert decide(own, Name="grace") == "ImplicitDeny"
    assert decide({"Effect": "Deny", **own}, Name="ada") == "Deny"


def test_a_variable_in_a_condition_has_the_value_of_its_key() -> None:
    same = {"Condition": {"ArnLike": {"x:Owner": ARN + "${x:Name}"}}}
    assert decide(same, Name="ada", Owner=f"{ARN}ada") == "Allow"
    assert decide(same, Name="ada", Owner=f"{ARN}grace") == "ImplicitDeny"


def test_without_a_value_and_a_default_nothing_matches() -> None:
    for statement in (
        {"Resource": ARN + "${x:Name}"},
        {"Condition": {"StringNotEquals": {"x:Other": "${x:Name}"}}},
        {"NotResource": ARN + "${x:Name}", "Resource": []},
    ):
        assert decide(statement) == "ImplicitDeny"
    with_default = {"Resource": ARN + "${x:Name, 'ada'}"}
    assert decide(with_default) == "Allow"
    assert decide(with_default, Name="grace") == "ImplicitDeny"


def test_a_wildcard_in_a_value_is_none() -> None:
    assert decide({"Resource": ARN + "${x:Name}"}, Name="*") == "ImplicitDeny"
    assert decide({"Resource": ARN + "${x:Name}"}, Name="ad?") == "ImplicitDeny"


@pytest.mark.parametrize(
    ("who", "said", "trusted"), [("ana", "ana", True), ("ana", "ben", False), (None, "ana", False)]
)
def test_a_variable_in_a_trust_policy_has_the_value_of_its_key(
    who: str | None, said: str, trusted: bool
) -> None:
    account = "arn:aws:iam::111111111111:root"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}},
    }
    user = "arn:aws:iam::111111111111:user/ana"
    context = iam_evaluator.EvalContext(
        principal_arn=user,
        principal_type="User",
        principal_account="111111111111",
        action="sts:AssumeRole",
        resource_arn="*",
        region="",
        service_context={"sts:sourceidentity": said},
        principal_keys={"aws:username": who} if who else {},
    )

    found = iam_evaluator.evaluate_trust_policy({"Statement": [statement]}, user, context)
    assert found is trusted
