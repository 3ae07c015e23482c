"""Roles of users: validation, boundary, trust policy and quotas."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from mlops_constructs.access import (
    Federation,
    PermissionsBoundary,
    Persona,
    PersonaRole,
    ProjectAccess,
)
from mlops_constructs.access._managed_policies import MAX_POLICY_LENGTH, policy_size

PORTAL = "arn:aws:iam::111111111111:role/portal"
PROJECT = ProjectAccess(project_name="churn")


@pytest.fixture
def stack() -> cdk.Stack:
    env = cdk.Environment(account="111111111111", region="eu-west-1")
    return cdk.Stack(cdk.App(), "Stack", env=env)


def boundary_of(template: Template) -> dict[str, Any]:
    (role,) = template.find_resources("AWS::IAM::Role").values()
    policies = template.find_resources("AWS::IAM::ManagedPolicy")
    found = policies[role["Properties"]["PermissionsBoundary"]["Ref"]]
    return dict(found["Properties"])


@pytest.mark.parametrize(
    "persona",
    [Persona.data_scientist(), Persona.ml_engineer(), Persona.reviewer(), Persona.read_only()],
    ids=lambda persona: str(persona.name),
)
def test_a_persona_has_a_boundary_of_exactly_its_actions_on_a_path_of_its_own(
    stack: cdk.Stack, persona: Persona
) -> None:
    PersonaRole(stack, "Role", persona=persona, domain_id="d-1", project=PROJECT)

    template = Template.from_stack(stack)
    template.resource_count_is("AWS::IAM::Policy", 0)
    boundary = boundary_of(template)
    paths = {one["Properties"]["Path"] for one in resources(template)}
    assert paths == {"/sagemaker-personas/"}, "a project's launch role changes policies of projects"
    allowed = {
        action
        for one in resources(template)
        for statement in one["Properties"].get("PolicyDocument", {}).get("Statement", ())
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    }
    (statement,) = boundary["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == allowed
    assert not [action for action in allowed if action.startswith(("iam:", "sts:"))]
    for one in resources(template):
        if document := one["Properties"].get("PolicyDocument"):
            assert policy_size(document) <= MAX_POLICY_LENGTH


def resources(template: Template) -> list[Mapping[str, Any]]:
    found = template.find_resources("AWS::IAM::ManagedPolicy")
    return [*found.values(), *template.find_resources("AWS::IAM::Role").values()]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_a_grant_of_another_construct_widens_the_boundary_made_here(stack: cdk.Stack) -> None:
    role = PersonaRole(stack, "Role", persona=Persona.read_only(), project=PROJECT)
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "features")
    granted = iam.Grant.add_to_principal(
        grantee=role, actions=["athena:GetQueryResults"], resource_arns=[bucket.bucket_arn]
    )

    assert granted.success
    assert "athena:GetQueryResults" in json.dumps(boundary_of(Template.from_stack(stack)))


def test_a_grant_of_iam_is_rejected(stack: cdk.Stack) -> None:
    role = PersonaRole(stack, "Role", persona=Persona.read_only(), project=PROJECT)

    with pytest.raises(Exception, match=r"'iam:CreateRole': requires on_resources"):
        role.add_to_policy(iam.PolicyStatement(actions=["iam:CreateRole"], resources=["*"]))


def test_a_given_boundary_is_used_and_none_made(stack: cdk.Stack) -> None:
    limits = iam.ManagedPolicy.from_managed_policy_name(stack, "Limits", "corporate/limits")
    PersonaRole(
        stack, "Role", persona=Persona.reviewer(), project=PROJECT, permissions_boundary=limits
    )

    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
    assert "policy/corporate/limits" in json.dumps(role["Properties"]["PermissionsBoundary"])


def test_only_sagemaker_of_this_account_assumes_it_unless_people_are_let_in(
    stack: cdk.Stack,
) -> None:
    PersonaRole(stack, "Studio", persona=Persona.read_only(), domain_id="d-1")
    provider = iam.SamlProvider.from_saml_provider_arn(
        stack, "Provider", "arn:aws:iam::111111111111:saml-provider/idp"
    )
    PersonaRole(
        stack,
        "People",
        persona=Persona.read_only(),
        domain_id="d-1",
        federated=Federation.by_source_identity(iam.SamlPrincipal(provider, {})),
    )

    template = Template.from_stack(stack)
    roles = template.find_resources("AWS::IAM::Role")
    trusts = {
        name[:6]: role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for name, role in roles.items()
    }
    for studio in trusts["Studio"]:
        assert studio["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    assert [one["Action"] for one in trusts["Studio"]] == [
        "sts:AssumeRole",
        "sts:SetSourceIdentity",
    ]
    *_, users = trusts["People"]
    assert users["Action"] == ["sts:AssumeRoleWithSAML", "sts:SetSourceIdentity"]
    assert users["Condition"] == {"Null": {"sts:SourceIdentity": "false"}}
    template.has_resource_properties(
        "AWS::IAM::ManagedPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        {
                            "Action": "sagemaker:CreatePresignedDomainUrl",
                            "Effect": "Allow",
                            "Resource": Match.object_like({}),
                        }
                    ]
                )
            }
        },
    )


@pytest.mark.parametrize("tag", ["", "aws:user", "user*", "u" * 129])
def test_a_key_that_no_session_tag_has_is_rejected(tag: str) -> None:
    with pytest.raises(ValueError, match=r"tag: got .*; allowed are 1 to 128"):
        Federation.by_session_tag(iam.ArnPrincipal(PORTAL), tag=tag)


def open_principals() -> dict[str, iam.IPrincipal]:
    """Principals each of whose members could say to be anybody."""
    account = iam.AccountPrincipal("111111111111")
    unbound = {"StringEquals": {"aws:PrincipalTag/team": "ml"}}
    said_by_them = {"StringEquals": {"sts:SourceIdentity": "${aws:PrincipalTag/name}"}}
    return {
        "account": account,
        "root": iam.AccountRootPrincipal(),
        "arn of an account": iam.ArnPrincipal("arn:aws:iam::111111111111:root"),
        "id of an account": iam.ArnPrincipal("111111111111"),
        "any": iam.AnyPrincipal(),
        "star": iam.StarPrincipal(),
        "organization": iam.OrganizationPrincipal("o-1234567890"),
        "unbound": iam.PrincipalWithConditions(account, unbound),
        "bound to what they say": account.with_conditions(said_by_them),
        "with session tags": account.with_session_tags(),
        "one of many": iam.CompositePrincipal(iam.ArnPrincipal(PORTAL), account),
    }


@pytest.mark.parametrize("kind", open_principals())
def test_a_federation_does_not_let_people_choose_their_name(kind: str) -> None:
    principal = open_principals()[kind]
    for make in (Federation.by_source_identity, Federation.by_session_tag):
        with pytest.raises(ValueError, match="can choose the name of any user"):
            make(principal)


def test_an_account_may_be_trusted_where_the_name_is_that_of_the_user(stack: cdk.Stack) -> None:
    bound = {"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}
    account = iam.AccountPrincipal("111111111111")

    given = Federation.by_source_identity(account.with_conditions(bound))
    made = Federation.of_users("111111111111")

    for federated in (given, made):
        statement = stack.resolve(federated.trust().to_statement_json())
        assert statement["Condition"] == {**bound, "Null": {"sts:SourceIdentity": "false"}}


def test_what_identifies_the_confinement_is_required_and_checked(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="domain_id, project: got neither"):
        PersonaRole(stack, "A", persona=Persona.read_only())
    with pytest.raises(ValueError, match="cannot be defined") as raised:
        PersonaRole(
            stack,
            "B",
            persona=Persona.read_only(),
            domain_id="*",
            project=ProjectAccess(project_name="*"),
        )
    assert "domain_id: got '*'; allowed are ids such as d-" in str(raised.value)
    key = kms.Key(stack, "Key")
    with pytest.raises(ValueError, match="domain_key: requires domain_id"):
        PersonaRole(stack, "C", persona=Persona.read_only(), domain_key=key, project=PROJECT)
    assert "project.project_name: got '*'" in str(raised.value)


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        ("iam:PassRole", "'iam:PassRole': requires on_resources"),
        ("sts:AssumeRole", "'sts:AssumeRole': requires on_resources"),
        ("s3:*", "'s3:*' has a wildcard"),
    ],
)
def test_a_boundary_that_would_hold_nothing_is_rejected(
    stack: cdk.Stack, action: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        PermissionsBoundary(stack, "Boundary", actions=[action])


# What users complained about elsewhere (numbers of the list that this library responses).


def test_complaint_12_every_role_takes_a_boundary_and_a_path(stack: cdk.Stack) -> None:
    """awslabs/aiops-modules#284, #302: roles without boundary or path cannot be deployed."""
    limits = iam.ManagedPolicy.from_managed_policy_name(stack, "Limits", "limits")
    PersonaRole(stack, "Person", persona=Persona.ml_engineer(), project=PROJECT)
    iam.PermissionsBoundary.of(stack).apply(limits)

    for role in Template.from_stack(stack).find_resources("AWS::IAM::Role").values():
        assert "policy/limits" in json.dumps(role["Properties"]["PermissionsBoundary"])
        assert role["Properties"]["Path"] != "/"
