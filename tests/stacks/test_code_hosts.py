"""Connections of the settings, as projects and the platform pipeline use them."""

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

import app
from stacks.settings import load_settings
from tests.stacks.conftest import STRICT

SETTINGS = """
accounts: {dev: {id: "111111111111", region: eu-central-1, prefix: ml-}}
connections: [{name: github, provider: GitHub}]
projects: [{name: churn, git: {connection: github, owner: acme, branch: trunk}}]
"""


def stacks_of(folder: Path, text: str) -> dict[str, cdk.Stack]:
    path = folder / "company.yaml"
    path.write_text(text)
    found = cdk.App(analytics_reporting=False, context=STRICT)
    app.add_all(found, load_settings(path), "config/company.yaml")
    return {one.stack_name: one for one in found.node.find_all() if isinstance(one, cdk.Stack)}


def test_a_project_reads_the_connection_that_the_platform_publishes(tmp_path: Path) -> None:
    stacks = stacks_of(tmp_path, SETTINGS)

    name = "/mlops/ml-Connections/github/arn"
    Template.from_stack(stacks["ml-Connections"]).has_resource_properties(
        "AWS::SSM::Parameter", {"Name": name}
    )
    project = stacks["ml-Project-churn"]
    template = Template.from_stack(project)
    assert [one for one in template.find_parameters("*").values() if one.get("Default") == name]
    assert stacks["ml-Connections"] in project.dependencies
    pipelines = template.find_resources("AWS::CodePipeline::Pipeline").values()
    sources = [one["Properties"]["Stages"][0]["Actions"][0] for one in pipelines]
    assert {one["Configuration"]["BranchName"] for one in sources} == {"trunk"}


def test_the_platform_pipeline_reads_the_connection_of_its_account(tmp_path: Path) -> None:
    text = """
accounts:
  tooling: {id: "111111111111", region: eu-central-1}
  dev: {id: "222222222222", region: eu-central-1}
connections: [{name: github, in: tooling, provider: GitHub}]
logs: {in: dev}
platform_pipeline:
  in: tooling
  source: {connection: github, owner: acme, repository: platform}
  waves: [{accounts: [dev]}]
"""
    template = Template.from_stack(stacks_of(tmp_path, text)["PlatformPipeline"])

    values = [one.get("Default") for one in template.find_parameters("*").values()]
    assert "/mlops/Connections/github/arn" in values
    template.resource_count_is("AWS::CodeCommit::Repository", 0)


@pytest.mark.parametrize("owner", ["a b", "-/x/", "acme//ml"])
def test_a_malformed_owner_is_rejected(tmp_path: Path, owner: str) -> None:
    with pytest.raises(Exception, match="owner"):
        stacks_of(tmp_path, SETTINGS.replace("owner: acme", f"owner: {owner!r}"))
