"""How much of an account's quotas a project takes, which the guide of the platform says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.access import Persona, PersonaRole
from mlops_constructs.projects import Project, Seed

GUIDE = Path(__file__).parents[3] / "docs/platform.md"
PERSONAS = ("data_scientist", "ml_engineer", "reviewer", "read_only")
# The row of the guide, and an account's quota in a region unless somebody asks for more:
# "IAM and AWS STS quotas", "Amazon EventBridge quotas" (rules of a bus), "Quotas for CodeBuild".
QUOTAS = {
    "AWS::IAM::Role": ("IAM roles", 1_000),
    "AWS::IAM::ManagedPolicy": ("customer managed policies", 1_500),
    "AWS::Events::Rule": ("EventBridge rules of the default bus", 300),
    "AWS::CodeBuild::Project": ("CodeBuild projects", 5_000),
}


@pytest.fixture(scope="module")
def counts(seed: Seed) -> Mapping[str, tuple[int, int]]:
    """What a project has of each type, without and with a role for each persona."""
    stack = cdk.Stack(cdk.App(), "Stack")
    project = Project(
        stack,
        "Project",
        project_name="churn",
        project_id="p-churn",
        model_build_seed=seed,
        model_deploy_seed=seed,
    )
    for name in PERSONAS:
        PersonaRole(
            stack,
            f"People{name.title().replace('_', '')}",
            persona=getattr(Persona, name)(),
            project=project.access(),
            domain_id="d-studio",
        )
    kinds: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for logical_id, resource in Template.from_stack(stack).to_json()["Resources"].items():
        kinds[logical_id.startswith("People")][resource["Type"]] += 1
    return {kind: (kinds[False][kind], (kinds[False] + kinds[True])[kind]) for kind in QUOTAS}


@pytest.mark.parametrize("kind", QUOTAS)
def test_the_guide_says_how_many_projects_an_account_holds(
    kind: str, counts: Mapping[str, tuple[int, int]]
) -> None:
    name, quota = QUOTAS[kind]
    (row,) = re.findall(rf"^\| {name} \|(.*)\|$", GUIDE.read_text(), re.M)
    alone, with_people = counts[kind]

    assert [cell.strip() for cell in row.split("|")] == [
        str(alone),
        str(with_people),
        f"{quota:,}",
        f"{quota // alone}, with personas {quota // with_people}",
    ]
