"""Default settings of every stack, and their effect on its resources."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import app
from stacks.settings import load_settings
from stacks.settings.project_templates import DEFAULT_TEMPLATES
from tests.stacks.conftest import STRICT

SETTINGS = """
accounts: {dev: {id: "111111111111", region: eu-central-1}}
defaults:
  tags: {cost-centre: "4711"}
  termination_protection: true
  permissions_boundary: OrgBoundary
  qualifier: mlteam
  prefix: ml-
project_templates:
projects: [{name: churn}]
"""


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("defaults")
    path = folder / "settings.yaml"
    path.write_text(SETTINGS)
    found = cdk.App(outdir=str(folder / "out"), analytics_reporting=False, context=STRICT)
    app.add_all(found, load_settings(path), "settings.yaml")
    found.synth()
    return folder / "out"


def stacks(assembly: Path) -> dict[str, dict[str, Any]]:
    manifest = json.loads((assembly / "manifest.json").read_text())
    return {
        name: artifact["properties"]
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }


def template(assembly: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((assembly / f"{name}.template.json").read_text())
    return found


@pytest.mark.parametrize("name", ["ProjectTemplates", "Project-churn"])
def test_every_stack_has_what_the_settings_give_to_all(assembly: Path, name: str) -> None:
    stack = stacks(assembly)[name]

    assert stack["stackName"] == f"ml-{name}"
    assert stack["tags"] == {"cost-centre": "4711"}
    assert stack["terminationProtection"] is True
    assert "cdk-mlteam-deploy-role" in stack["assumeRoleArn"]
    assert "hnb659fds" not in json.dumps(template(assembly, name))


@pytest.mark.parametrize("name", ["ProjectTemplates", "Project-churn"])
def test_every_role_has_the_boundary(assembly: Path, name: str) -> None:
    roles = [
        resource["Properties"]
        for resource in template(assembly, name)["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    ]

    assert roles
    assert {json.dumps(role.get("PermissionsBoundary")) for role in roles} == {
        '"arn:aws:iam::111111111111:policy/OrgBoundary"'
    }


def test_projects_read_the_boundary_from_the_parameter_of_their_stack(assembly: Path) -> None:
    name = "/mlops/ml-ProjectTemplates/boundary-arn"
    parameters = [
        one["Properties"]["Name"]
        for one in template(assembly, "ProjectTemplates")["Resources"].values()
        if one["Type"] == "AWS::SSM::Parameter"
    ]
    published = [one.read_text() for one in assembly.glob("asset.*.yaml")]

    assert name in parameters
    assert len(published) == len(DEFAULT_TEMPLATES)
    assert all(f"Default: {name}" in one for one in published)
