"""Account quotas that a project uses, as documented in the guide of the platform."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.access import Persona, PersonaRole
from mlops_constructs.projects import Seed
from tests.constructs.projects.definitions import define_project

GUIDE = Path(__file__).parents[3] / "docs/platform.md"
PERSONAS = ("data_scientist", "ml_engineer", "reviewer", "read_only")
# The row of the guide, and an account's default quota in a region:
# "IAM and AWS STS quotas", "Amazon EventBridge quotas" (rules of a bus), "Quotas for CodeBuild".
QUOTAS = {
    "AWS::IAM::Role": ("IAM roles", 1_000),
    "AWS::IAM::ManagedPolicy": ("customer managed policies", 1_500),
    "AWS::Events::Rule": ("EventBridge rules of the default bus", 300),
    "AWS::CodeBuild::Project": ("CodeBuild projects", 5_000),
}


@pytest.fixture(scope="module")
def counts(seed: Seed) -> Mapping[str, tuple[int, int]]:
    """The number of resources of each type, without and with a role for each persona."""
    stack = cdk.Stack(cdk.App(), "Stack")
    project = define_project(stack, seed)
    for name in PERSONAS:
        PersonaRole(
            stack,
            f"Persona{name.title().replace('_', '')}",
            persona=getattr(Persona, name)(),
            project=project.access(),
            domain_id="d-studio",
        )
    kinds: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for logical_id, resource in Template.from_stack(stack).to_json()["Resources"].items():
        kinds[logical_id.startswith("Persona")][resource["Type"]] += 1
    return {kind: (kinds[False][kind], (kinds[False] + kinds[True])[kind]) for kind in QUOTAS}


@pytest.mark.parametrize("kind", QUOTAS)
def test_the_guide_says_how_many_projects_an_account_holds(
    kind: str, counts: Mapping[str, tuple[int, int]]
) -> None:
    name, quota = QUOTAS[kind]
    (row,) = re.findall(rf"^\| {name} \|(.*)\|$", GUIDE.read_text(), re.M)
    alone, with_personas = counts[kind]

    assert [cell.strip() for cell in row.split("|")] == [
        str(alone),
        str(with_personas),
        f"{quota:,}",
        f"{quota // alone}, with personas {quota // with_personas}",
    ]
