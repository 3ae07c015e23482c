"""Stacks of a project with stages in other accounts, from one settings file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml

import app
from stacks.bootstrap.execution_policy import deployed
from stacks.settings import SettingsError, load_settings
from tests.judges import PACKS, checkov_findings, lint_findings, open_findings
from tests.stacks.conftest import STRICT

NETWORK = """
  - in: {alias}
    existing:
      vpc_id: vpc-0a1b2c3d4e5f6071{number}
      subnet_ids: [subnet-0a1b2c3d4e5f6071{number}]
      security_group_ids: [sg-0a1b2c3d4e5f6071{number}]
"""
SETTINGS = """
accounts:
  tooling: {id: "111111111111", region: eu-central-1}
  staging: {id: "222222222222", region: eu-central-1}
  prod: {id: "333333333333", region: eu-central-1}
defaults: {tags: {owner: ml-platform}, permissions_boundary: OrgBoundary, prefix: ml-}
projects:
  - name: churn
    in: tooling
    network: true
    stages:
      - {name: dev}
      - {name: staging, in: staging, approval: {question: "Test it?", notify: [a@example.com]}}
      - name: prod
        in: prod
        approval: {question: "Deploy?", notify: [a@example.com, b@example.com]}
network:
""" + "".join(
    NETWORK.format(alias=alias, number=number)
    for number, alias in enumerate(("tooling", "staging", "prod"))
)


def synthesise(directory: Path, settings: str = SETTINGS) -> cdk.App:
    found = cdk.App(outdir=str(directory), analytics_reporting=False, context=STRICT)
    config = directory.with_suffix(".yaml")
    config.write_text(settings)
    app.add_all(found, load_settings(config), config.name)
    found.synth()
    return found


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, cdk.App]:
    directory = tmp_path_factory.mktemp("company") / "out"
    return directory, synthesise(directory)


@pytest.fixture(scope="module")
def templates(company: tuple[Path, cdk.App]) -> dict[str, Path]:
    """The templates by the name of their stack."""
    directory, _ = company
    manifest = json.loads((directory / "manifest.json").read_text())["artifacts"].values()
    return {
        one["properties"]["stackName"]: directory / one["properties"]["templateFile"]
        for one in manifest
        if one["type"] == "aws:cloudformation:stack"
    }


def resources(templates: dict[str, Path], stack: str, kind: str) -> list[dict[str, Any]]:
    found = json.loads(templates[stack].read_text())["Resources"].values()
    return [one["Properties"] for one in found if one["Type"] == kind]


def test_each_stage_in_another_account_has_a_stack_there(company: tuple[Path, cdk.App]) -> None:
    directory, _ = company
    manifest = json.loads((directory / "manifest.json").read_text())["artifacts"].values()

    assert {
        one["properties"]["stackName"]: one["environment"]
        for one in manifest
        if one["type"] == "aws:cloudformation:stack"
    } == {
        "ml-Project-churn": "aws://111111111111/eu-central-1",
        "ml-ProjectTarget-churn-staging": "aws://222222222222/eu-central-1",
        "ml-ProjectTarget-churn-prod": "aws://333333333333/eu-central-1",
    }


def test_no_stack_exports_or_imports(templates: dict[str, Path]) -> None:
    for path in templates.values():
        assert "Fn::ImportValue" not in path.read_text()
        assert '"Export"' not in path.read_text()


def test_a_stage_uses_the_network_of_its_account(templates: dict[str, Path]) -> None:
    text = templates["ml-ProjectTarget-churn-prod"].read_text()
    assert "subnet-0a1b2c3d4e5f60712" in text
    assert "subnet-0a1b2c3d4e5f60710" not in text
    (synth,) = (
        {one["Name"]: one["Value"] for one in build["Environment"]["EnvironmentVariables"]}
        for build in resources(templates, "ml-Project-churn", "AWS::CodeBuild::Project")
        if build["Source"].get("BuildSpec") == "buildspecs/synth.yml"
    )
    assert synth["STAGES"] == "dev staging prod"
    assert synth["SUBNET_IDS"] == "subnet-0a1b2c3d4e5f60710"
    assert synth["PROD_SUBNET_IDS"] == "subnet-0a1b2c3d4e5f60712"


def test_reviewers_of_all_stages_are_notified_once(templates: dict[str, Path]) -> None:
    subscriptions = resources(templates, "ml-Project-churn", "AWS::SNS::Subscription")

    assert [one["Endpoint"] for one in subscriptions] == ["a@example.com", "b@example.com"]


def test_roles_have_the_boundary_of_the_settings(templates: dict[str, Path]) -> None:
    for stack in templates:
        for role in resources(templates, stack, "AWS::IAM::Role"):
            assert "policy/OrgBoundary" in json.dumps(role["PermissionsBoundary"])


def test_a_stage_without_a_network_is_rejected_in_a_project_with_one(tmp_path: Path) -> None:
    settings = yaml.safe_load(SETTINGS)
    settings["network"] = [one for one in settings["network"] if one["in"] != "prod"]

    with pytest.raises(SettingsError, match="the account prod has no network, and the project"):
        synthesise(tmp_path / "out", yaml.safe_dump(settings))


@pytest.fixture(scope="module")
def with_made_network(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, cdk.App]:
    """The same organisation, whose platform creates the network of production."""
    settings = yaml.safe_load(SETTINGS)
    settings["accounts"]["prod"]["prefix"] = "live-"
    settings["network"][-1] = {"in": "prod", "zones": 3, "uses": ["hosting"]}
    directory = tmp_path_factory.mktemp("made") / "out"
    return directory, synthesise(directory, yaml.safe_dump(settings))


def test_a_stage_reads_the_ids_of_a_network_that_the_platform_creates(
    with_made_network: tuple[Path, cdk.App],
) -> None:
    directory, _ = with_made_network
    manifest = json.loads((directory / "manifest.json").read_text())["artifacts"]
    by_name = {
        one["properties"]["stackName"]: (artifact, one)
        for artifact, one in manifest.items()
        if one["type"] == "aws:cloudformation:stack"
    }

    def template(stack: str) -> dict[str, Any]:
        path = directory / by_name[stack][1]["properties"]["templateFile"]
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    network, target = template("live-Network"), template("live-ProjectTarget-churn-prod")
    published = {
        one["Properties"]["Name"]
        for one in network["Resources"].values()
        if one["Type"] == "AWS::SSM::Parameter"
    }
    read = {
        one["Default"]
        for one in target["Parameters"].values()
        if one["Default"].startswith("/mlops/")
    }
    project = json.dumps(template("ml-Project-churn"))

    ids = ["security-group-id", *(f"subnet-id-{number}" for number in (1, 2, 3))]
    assert read == {f"/mlops/live-Network/{one}" for one in ids}
    assert read < published
    assert "/mlops/live-Network/subnet-id-1,/mlops/live-Network/subnet-id-2" in project
    assert by_name["live-Network"][0] in by_name["live-ProjectTarget-churn-prod"][1]["dependencies"]
    # The account of the project reads nothing of the other account.
    assert "SsmParameterValuemlopsliveNetwork" not in project


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: str(pack.__name__))
def test_a_security_pack_finds_nothing_in_a_stage_that_reads_its_network(
    with_made_network: tuple[Path, cdk.App], pack: Any
) -> None:
    found = open_findings(pack, with_made_network[1])
    assert not [one for one in found if "/ProjectTarget-" in one]


def test_a_stage_in_another_region_needs_a_replica_there(tmp_path: Path) -> None:
    settings = yaml.safe_load(SETTINGS)
    settings["accounts"]["prod"]["region"] = "eu-west-1"

    with pytest.raises(
        SettingsError, match=r"prod is in eu-west-1.*add eu-west-1 to `replicas` of tooling"
    ):
        synthesise(tmp_path / "out", yaml.safe_dump(settings))


def test_the_execution_policy_covers_the_account_of_a_stage(
    company: tuple[Path, cdk.App],
) -> None:
    directory, _ = company
    actions = {
        action
        for place in deployed(directory)
        if "333333333333" in json.dumps(place.policies())
        for policy in place.policies()
        for statement in policy["Statement"]
        for action in statement["Action"]
    }

    assert {"iam:CreateRole", "kms:CreateAlias", "kms:CreateKey", "s3:CreateBucket"} <= actions


def test_two_synths_write_identical_templates(
    company: tuple[Path, cdk.App], tmp_path: Path
) -> None:
    directory, _ = company
    synthesise(tmp_path / "out")

    names = [path.name for path in directory.glob("*.template.json")]
    assert len(names) == 3
    for name in names:
        assert (directory / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


@pytest.fixture(scope="module")
def without_network(tmp_path_factory: pytest.TempPathFactory) -> cdk.App:
    settings = yaml.safe_load(SETTINGS)
    del settings["network"], settings["projects"][0]["network"]
    for stage in settings["projects"][0]["stages"][1:]:
        del stage["approval"]["notify"]
    return synthesise(tmp_path_factory.mktemp("plain") / "out", yaml.safe_dump(settings))


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: str(pack.__name__))
def test_a_security_pack_finds_nothing_open(without_network: cdk.App, pack: Any) -> None:
    assert not open_findings(pack, without_network)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: str(pack.__name__))
def test_a_security_pack_finds_nothing_in_stages_with_a_network(
    company: tuple[Path, cdk.App], pack: Any
) -> None:
    assert not [one for one in open_findings(pack, company[1]) if "/ProjectTarget-" in one]


def test_cfn_lint_and_checkov_find_nothing(templates: dict[str, Path], tmp_path: Path) -> None:
    for path in templates.values():
        assert lint_findings(path.read_text(), ["eu-central-1"]) == []
        shutil.copy(path, tmp_path)
    findings = checkov_findings(tmp_path)
    assert len(findings) == 3
    assert not any(findings.values()), findings
