"""Stacks of a project with stages in other regions, from one settings file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.plan.page import plan_of
from tests.judges import PACKS, checkov_findings, lint_findings, open_findings
from tests.stacks.test_project_accounts import synthesise

IRELAND = "eu-west-1"
SETTINGS = """
accounts:
  tooling: {id: "111111111111", region: eu-central-1, replicas: [eu-west-1]}
  ireland: {id: "111111111111", region: eu-west-1}
  prod: {id: "333333333333", region: eu-west-1}
projects:
  - name: churn
    in: tooling
    removal: destroy
    stages:
      - {name: dev}
      - {name: near, in: ireland}
      - {name: prod, in: prod, approval: {question: "Deploy?"}}
"""
STACKS = {
    "Project-churn": ("111111111111", "eu-central-1"),
    "ProjectReplica-churn-eu-west-1": ("111111111111", IRELAND),
    "ProjectTarget-churn-near": ("111111111111", IRELAND),
    "ProjectTarget-churn-prod": ("333333333333", IRELAND),
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, cdk.App]:
    directory = tmp_path_factory.mktemp("regions") / "out"
    return directory, synthesise(directory, SETTINGS)


@pytest.fixture(scope="module")
def templates(company: tuple[Path, cdk.App]) -> dict[str, Path]:
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


def test_each_region_has_its_stacks(company: tuple[Path, cdk.App]) -> None:
    _, found = company
    stacks = [one for one in found.node.find_all() if isinstance(one, cdk.Stack)]

    assert {one.stack_name: (one.account, one.region) for one in stacks} == STACKS


def test_no_stack_exports_or_reads_another_one(templates: dict[str, Path]) -> None:
    for path in templates.values():
        text = path.read_text()
        assert "ImportValue" not in text
        assert "CrossRegionExport" not in text
        assert not any("Export" in one for one in json.loads(text).get("Outputs", {}).values())


def test_both_sides_compute_the_name_of_the_replica(templates: dict[str, Path]) -> None:
    (pipeline,) = [
        one
        for one in resources(templates, "Project-churn", "AWS::CodePipeline::Pipeline")
        if "ArtifactStores" in one
    ]
    stores = {one["Region"]: one["ArtifactStore"] for one in pipeline["ArtifactStores"]}
    (bucket,) = resources(templates, "ProjectReplica-churn-eu-west-1", "AWS::S3::Bucket")
    (alias,) = resources(templates, "ProjectReplica-churn-eu-west-1", "AWS::KMS::Alias")

    assert stores.keys() == {"eu-central-1", IRELAND}
    assert stores[IRELAND]["Location"] == bucket["BucketName"]
    key = json.dumps(stores[IRELAND]["EncryptionKey"]["Id"])
    assert f":kms:{IRELAND}:111111111111:{alias['AliasName']}" in key


def test_a_stage_in_another_region_copies_before_it_deploys(templates: dict[str, Path]) -> None:
    (pipeline,) = [
        one
        for one in resources(templates, "Project-churn", "AWS::CodePipeline::Pipeline")
        if "ArtifactStores" in one
    ]
    actions = {
        stage["Name"]: [
            (one["Name"], one.get("Region", "eu-central-1"))
            for one in sorted(stage["Actions"], key=lambda one: one["RunOrder"])
        ]
        for stage in pipeline["Stages"]
    }

    assert actions["Dev"][0] == ("Deploy", "eu-central-1")
    for stage in ("Near", "Production"):
        assert actions[stage][:3] == [
            ("Copy", "eu-central-1"),
            ("Deploy", IRELAND),
            ("SmokeTest", "eu-central-1"),
        ]


def test_the_project_shares_neither_models_nor_images_nor_packages(
    templates: dict[str, Path],
) -> None:
    for kind in ("AWS::S3::BucketPolicy", "AWS::KMS::Key", "AWS::ECR::Repository"):
        assert "333333333333" not in json.dumps(resources(templates, "Project-churn", kind))
    (group,) = resources(templates, "Project-churn", "AWS::SageMaker::ModelPackageGroup")
    assert "ModelPackageGroupPolicy" not in group


def test_the_replica_is_shared_with_the_role_of_the_other_account_alone(
    templates: dict[str, Path],
) -> None:
    (policy,) = resources(templates, "ProjectReplica-churn-eu-west-1", "AWS::S3::BucketPolicy")
    shared = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]

    assert {json.dumps(one["Condition"]) for one in shared} == {
        json.dumps(
            {
                "ArnEquals": {
                    "aws:PrincipalArn": {
                        "Fn::Sub": "arn:${AWS::Partition}:iam::333333333333:role/"
                        "sagemaker-projects/churn-prod-eu-west-1-deploy"
                    }
                }
            }
        )
    }
    assert all("CheckedTem" in json.dumps(one["Resource"]) for one in shared[:1])


def test_the_plan_shows_the_stacks_and_the_bootstraps(tmp_path: Path) -> None:
    config = tmp_path / "regions.yaml"
    config.write_text(SETTINGS)

    plan = plan_of(config)

    shown = {
        one.stack.stack_name: (one.section, one.alias, one.stack.region) for one in plan.stacks
    }
    assert shown["ProjectReplica-churn-eu-west-1"] == ("projects", "ireland", IRELAND)
    assert shown["ProjectTarget-churn-near"] == ("projects", "ireland", IRELAND)
    text = plan.to_text()
    assert f"Bootstrap 111111111111 in {IRELAND}" in text
    assert f"Bootstrap 333333333333 in {IRELAND}" in text


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: str(pack.__name__))
def test_a_security_pack_finds_nothing_open(company: tuple[Path, cdk.App], pack: Any) -> None:
    assert not open_findings(pack, company[1])


def test_cfn_lint_and_checkov_find_nothing(templates: dict[str, Path], tmp_path: Path) -> None:
    for name, path in templates.items():
        assert lint_findings(path.read_text(), [STACKS[name][1]]) == [], name
        shutil.copy(path, tmp_path)
    findings = checkov_findings(tmp_path)
    assert len(findings) == len(STACKS)
    assert not any(findings.values()), findings
