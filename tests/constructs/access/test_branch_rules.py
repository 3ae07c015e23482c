"""Validation of branch rules, and their statements."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk.assertions import Template

from mlops_constructs.access import BranchRule, Persona, PersonaRole, ProjectAccess

MAIN = "refs/heads/main"
PUSHING = {"codecommit:GitPush", "codecommit:PutFile", "codecommit:CreateCommit"}
MERGING = {
    "codecommit:MergePullRequestByFastForward",
    "codecommit:MergePullRequestBySquash",
    "codecommit:MergePullRequestByThreeWay",
}


def statements(persona: Persona, *, code: bool = True, **options: Any) -> list[dict[str, Any]]:
    """The statements about references that a persona's role gets."""
    return [
        statement
        for statement in all_statements(persona, code=code, **options)
        if "codecommit:References" in str(statement.get("Condition"))
    ]


def all_statements(persona: Persona, *, code: bool = True, **options: Any) -> list[dict[str, Any]]:
    """All statements that a persona's role gets; the boundary is beside them."""
    env = cdk.Environment(account="111111111111", region="eu-west-1")
    stack = cdk.Stack(cdk.App(), "Stack", env=env)
    repository = codecommit.Repository.from_repository_name(stack, "Code", "churn-model-deploy")
    project = ProjectAccess(
        project_name="churn", code_repositories=[repository] if code else [], **options
    )
    PersonaRole(stack, "Role", persona=persona, project=project)
    policies = Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy").values()
    return [
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "Maximum permissions" not in str(policy["Properties"].get("Description"))
    ]


@pytest.mark.parametrize("persona", [Persona.data_scientist(), Persona.ml_engineer()])
def test_who_works_neither_pushes_to_main_of_model_deploy_nor_merges_into_it(
    persona: Persona,
) -> None:
    (denied,) = statements(persona)

    assert denied["Effect"] == "Deny"
    assert PUSHING | MERGING | {"codecommit:DeleteBranch"} <= set(denied["Action"])
    assert str(denied["Resource"]).count(":churn-model-deploy") == 1
    assert denied["Condition"] == {
        "StringEqualsIfExists": {"codecommit:References": [MAIN]},
        "Null": {"codecommit:References": "false"},
    }


def test_a_reviewer_merges_into_main_of_model_deploy_and_cannot_push() -> None:
    found = {one["Effect"]: one for one in statements(Persona.reviewer())}

    assert set(found["Allow"]["Action"]) == MERGING
    assert found["Allow"]["Condition"] == {"StringEquals": {"codecommit:References": MAIN}}
    assert not set(found["Deny"]["Action"]) & MERGING
    assert set(found["Deny"]["Action"]) >= PUSHING


def test_a_reviewer_approves_pull_requests_where_an_approval_rule_asks_for_it() -> None:
    (policy,) = {
        str(statement)
        for statement in all_statements(Persona.reviewer())
        if "codecommit:UpdatePullRequestApprovalState" in statement["Action"]
    }
    assert ":churn-model-deploy" in policy
    for persona in (Persona.data_scientist(), Persona.read_only()):
        assert "UpdatePullRequestApprovalState" not in str(all_statements(persona))


def test_other_branches_can_have_rules_and_none_has_to() -> None:
    rules = [BranchRule(repository="model-build", branch="release")]
    (denied,) = statements(Persona.data_scientist(), branch_rules=rules)
    assert str(denied["Resource"]).count(":churn-model-build") == 1
    (references,) = denied["Condition"]["StringEqualsIfExists"].values()
    assert references == ["refs/heads/release"]

    assert not statements(Persona.data_scientist(), branch_rules=[])


def test_a_project_without_repositories_of_codecommit_has_no_such_statements() -> None:
    assert not statements(Persona.reviewer(), code=False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"repository": ""}, "repository: got ''"),
        ({"repository": "model-*"}, "repository: got 'model-*'"),
        ({"repository": "a", "branch": "rel/?"}, "branch: got 'rel/?'"),
        ({"repository": "a", "branch": MAIN}, "allowed is the branch name, such as 'main'"),
    ],
)
def test_a_rule_names_one_branch(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError) as error:
        BranchRule(**given)
    assert message in str(error.value)


def test_a_persona_makes_models_or_approves_them() -> None:
    for role in ({"works": True}, {"operates": True}):
        with pytest.raises(ValueError, match="approves: got it together with works or operates"):
            Persona(name="lead", approves=True, **role)
