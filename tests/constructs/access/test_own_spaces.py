"""Permissions of Studio's sessions, evaluated by IAM.

Such a session has the keys `sagemaker:DomainId` and `sagemaker:UserProfileName`. The rehearsal runs
no IDE, so none of its clients has such a session: the evaluator is called directly.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template
from ministack.core import iam_evaluator

from mlops_constructs.access import Persona, PersonaRole
from tests.rehearsal.ministack.patched import install

ACCOUNT, REGION = "111111111111", "us-east-1"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:"
IN_STUDIO = {"sagemaker:domainid": "d-own", "sagemaker:userprofilename": "ana"}
Evaluate = Callable[..., bool]


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Evaluate]:
    """Returns True if boundary and policies allow a data scientist an action."""
    install(monkeypatch, "corrections.policy_variables")
    env = cdk.Environment(account=ACCOUNT, region=REGION)
    stack = cdk.Stack(cdk.App(), "People", env=env)
    PersonaRole(stack, "Role", persona=Persona.data_scientist(), domain_id="d-own")
    template = Template.from_stack(stack).to_json()
    text = json.dumps(template).replace('{"Ref": "AWS::Partition"}', '"aws"')
    boundaries: list[Any] = []
    policies: list[Any] = []
    for logical_id, resource in json.loads(text)["Resources"].items():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            document = resource["Properties"]["PolicyDocument"]
            parsed = iam_evaluator.parse_policy_document(_joined(document))
            (boundaries if "Boundary" in logical_id else policies).append(parsed)

    def allows(action: str, resource: str, **keys: Any) -> bool:
        context = iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/users/SageMaker",
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=f"sagemaker:{action}",
            resource_arn=ARN + resource,
            region=REGION,
            service_context={**IN_STUDIO, **keys},
        )
        return bool(iam_evaluator.evaluate(context, policies, boundaries).decision == "Allow")

    yield allows


def _joined(value: Any) -> Any:
    """The value with what CloudFormation would join."""
    if isinstance(value, dict):
        if list(value) == ["Fn::Join"]:
            separator, parts = value["Fn::Join"]
            return separator.join(parts)
        return {key: _joined(one) for key, one in value.items()}
    return [_joined(one) for one in value] if isinstance(value, list) else value


def owned(person: str, sharing: str) -> dict[str, str]:
    return {
        "sagemaker:owneruserprofilearn": f"{ARN}user-profile/d-own/{person}",
        "sagemaker:spacesharingtype": sharing,
    }


@pytest.mark.parametrize("sharing", ["Private", "Shared"])
def test_studio_changes_spaces_of_the_person_who_uses_it_and_no_others(
    evaluate: Evaluate, sharing: str
) -> None:
    for action in ("CreateSpace", "UpdateSpace", "DeleteSpace"):
        assert evaluate(action, "space/d-own/notes", **owned("ana", sharing))
        assert not evaluate(action, "space/d-own/notes", **owned("ben", sharing))
        assert not evaluate(action, "space/d-other/notes", **owned("ana", sharing))
        assert not evaluate(action, "space/d-own/notes"), "a space of nobody"


def test_studio_starts_applications_in_own_and_in_shared_spaces(evaluate: Evaluate) -> None:
    app = "app/d-own/notes/jupyterlab/default"
    for action in ("CreateApp", "DeleteApp"):
        assert evaluate(action, app, **owned("ana", "Private"))
        assert evaluate(action, app, **owned("ben", "Shared"))
        assert not evaluate(action, app, **owned("ben", "Private"))
        assert not evaluate(action, app.replace("d-own", "d-other"), **owned("ana", "Private"))


def test_studio_opens_the_profile_of_the_person_who_uses_it(evaluate: Evaluate) -> None:
    assert evaluate("CreatePresignedDomainUrl", "user-profile/d-own/ana")
    assert not evaluate("CreatePresignedDomainUrl", "user-profile/d-own/ben")
    assert not evaluate("CreatePresignedDomainUrl", "user-profile/d-other/ana")
    another = {"sagemaker:userprofilename": "ben"}
    assert not evaluate("CreatePresignedDomainUrl", "user-profile/d-own/ana", **another)
