"""The app as the CDK CLI runs it, and its templates under validation by security packs."""

import filecmp
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk.assertions import Match, Template

from tests.judges import PACKS, checkov_findings, lint_findings, open_findings
from tests.model_approval import approving_statements, boundaries
from tests.stacks.conftest import ROOT, synthesise

Assembly = tuple[Path, cdk.App]


def templates(directory: Path) -> list[Path]:
    return sorted([*directory.glob("*.template.json"), *directory.glob("asset.*.yaml")])


def test_there_is_a_stack_for_the_templates_and_one_for_each_project(assembly: Assembly) -> None:
    _, app = assembly

    assert [stack.node.id for stack in app.node.children if isinstance(stack, cdk.Stack)] == [
        "ProjectTemplates",
        "Project-churn",
    ]


def test_cfn_lint_finds_nothing_in_any_template(assembly: Assembly) -> None:
    directory, _ = assembly
    assert len(templates(directory)) == 6

    for template in templates(directory):
        assert lint_findings(template.read_text(), ["us-east-1", "eu-central-1"]) == []


def test_a_creation_that_fails_leaves_nothing_behind(assembly: Assembly) -> None:
    """`Retain` keeps it even then, and the next attempt fails with "already exists"."""
    directory, _ = assembly
    for template in templates(directory):
        resources = yaml.safe_load(template.read_text())["Resources"]
        policies = {name: one.get("DeletionPolicy") for name, one in resources.items()}
        assert [name for name, policy in policies.items() if policy == "Retain"] == []
        assert "RetainExceptOnCreate" in policies.values()


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: str(pack.__name__))
def test_a_security_pack_finds_nothing_open(assembly: Assembly, pack: Any) -> None:
    _, app = assembly

    assert not open_findings(pack, app)


def test_checkov_finds_nothing_open(assembly: Assembly, tmp_path: Path) -> None:
    directory, _ = assembly
    for template in templates(directory):
        shutil.copy(template, tmp_path)

    found = checkov_findings(tmp_path)
    assert len(found) == 6
    assert not any(found.values()), found


def test_no_template_has_a_role_that_approves_models(assembly: Assembly) -> None:
    directory, _ = assembly
    for template in templates(directory):
        document = yaml.safe_load(template.read_text())  # JSON is YAML
        found = set(approving_statements(document)) - boundaries(document)
        assert not found, template


def test_two_synths_write_identical_bytes(assembly: Assembly, tmp_path: Path) -> None:
    first, _ = assembly
    synthesise(tmp_path)

    # metadata.json and tree.json are for the CLI's messages; nothing of them is deployed.
    deployed = [
        path.name
        for path in first.iterdir()
        if path.is_file() and path.name not in ("manifest.json", "tree.json")
        if not path.name.endswith(".metadata.json")
    ]
    assert len(deployed) >= 8
    _, different, missing = filecmp.cmpfiles(first, tmp_path, deployed, shallow=False)
    assert not [*different, *missing]


def test_the_outputs_say_how_to_create_a_project(assembly: Assembly) -> None:
    _, app = assembly
    template = Template.from_stack(stack_of(app, "ProjectTemplates"))

    for name in ("LaunchRoleArn", "TemplateName", "TemplateUrl", "TemplatesLocation"):
        template.has_output(name, Match.any_value())
    template.has_output("TemplateName", {"Value": "tabular-model"})


def test_outputs_have_the_names_that_their_code_gives_them(assembly: Assembly) -> None:
    directory, _ = assembly
    for path in directory.glob("*.template.json"):
        outputs = json.loads(path.read_text()).get("Outputs", {})

        assert not [name for name in outputs if re.search(r"[0-9A-F]{8}$", name)], path.name


def test_the_templates_stack_names_only_the_launch_role_and_its_parameter(
    assembly: Assembly,
) -> None:
    directory, _ = assembly
    resources = json.loads((directory / "ProjectTemplates.template.json").read_text())["Resources"]
    names = [
        value
        for resource in resources.values()
        for member, value in resource.get("Properties", {}).items()
        if member.endswith("Name") and member != "PolicyName" and isinstance(value, str)
    ]
    assert sorted(names) == [
        "/mlops/ProjectTemplates/boundary-arn",
        "/mlops/ProjectTemplates/templates-location",
        "AmazonSageMakerProjectsLaunchRole-eu-central-1",
    ]


def test_each_seed_carries_the_wheel_that_its_code_imports(assembly: Assembly) -> None:
    directory, _ = assembly
    archives = [path.read_bytes() for path in directory.glob("asset.*.zip")]

    names = (
        b"wheels/mlops_constructs-0.1.0-py3-none-any.whl",
        b"wheels/mlops_jobs-0.1.0-py3-none-any.whl",
    )
    carried = [[name for name in names if name in one] for one in archives]
    assert sorted({tuple(one) for one in carried}) == [(name,) for name in names]


def stack_of(app: cdk.App, name: str) -> cdk.Stack:
    found: Any = app.node.find_child(name)
    assert isinstance(found, cdk.Stack)
    return found


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("accounts: {dev: {id: 1, region: us-east-1}}", "accounts.dev.id: got 1 (number)"),
        (None, "does not exist"),
        (
            "accounts: {dev: {id: '111111111111', region: us-east-1}}\n"
            "platform_pipeline: {waves: [{accounts: [prod]}]}",
            "platform_pipeline.waves[0].accounts[0]: got 'prod' (text); allowed is the alias of an",
        ),
        (
            "accounts: {dev: {id: '111111111111', region: us-east-1}}\n"
            "platform_pipeline: {waves: [{accounts: [dev], name: Source}]}",
            "stages: got Source, a name that CDK Pipelines uses itself",
        ),
        (
            "accounts: {dev: {id: '111111111111', region: us-east-1}}\n"
            "projects: [{name: churn, monitoring: {retrain: {cooldown_days: 400}}}]",
            "monitoring.retrain.cooldown_days: got 400 (number); allowed is at most 365",
        ),
    ],
)
def test_bad_settings_end_the_app_with_one_message_and_no_trace(
    tmp_path: Path, content: str | None, problem: str
) -> None:
    settings = tmp_path / "settings.yaml"
    if content is not None:
        settings.write_text(content)
    context = json.dumps({"config": str(settings)})

    run = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            "CDK_CONTEXT_JSON": context,
            "CDK_OUTDIR": str(tmp_path / "out"),
            "PATH": str(Path(sys.executable).parent),
            "PYTHONPATH": "constructs",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 2
    assert problem in run.stderr
    assert "Traceback" not in run.stderr
    assert not list((tmp_path / "out").glob("*.template.json"))
