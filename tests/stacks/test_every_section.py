"""Every stack of the platform: what all of them have in common."""

import filecmp
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.judges import PACKS, checkov_findings, lint_findings, open_findings
from tests.model_approval import approving_statements, boundaries
from tests.stacks.sections import DEFAULTS, STACKS, Platform, synthesise

STATEFUL = (
    "AWS::CodeArtifact::Domain",
    "AWS::CodeArtifact::Repository",
    "AWS::CodeCommit::Repository",
    "AWS::ECR::Repository",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::FeatureGroup",
    "AWS::SageMaker::MlflowApp",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::SageMaker::Space",
    "AWS::SageMaker::UserProfile",
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The platform that retains its data, with all default settings."""
    folder = tmp_path_factory.mktemp("kept") / "settings"
    return synthesise(folder, {"defaults": DEFAULTS})


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The platform of a sandbox, which deletes its data."""
    folder = tmp_path_factory.mktemp("temporary") / "settings"
    return synthesise(folder, {"defaults": {"removal": "destroy"}})


def test_each_section_has_a_stack(kept: Platform) -> None:
    assert sorted(kept.stacks) == sorted(STACKS)


def test_no_stack_exports_or_imports_a_value(kept: Platform, temporary: Platform) -> None:
    """CloudFormation neither changes nor deletes an export in use."""
    for platform in (kept, temporary):
        assert len(platform.files()) == len(STACKS) + 1
        for file in platform.files():
            document = yaml.safe_load(file.read_text())  # JSON is YAML
            exported = [one for one in document.get("Outputs", {}).values() if "Export" in one]
            assert not exported, file
            assert "Fn::ImportValue" not in json.dumps(document), file


def test_a_stack_is_deployed_after_the_stacks_that_it_reads(kept: Platform) -> None:
    published = {
        one["Properties"]["Name"]: name
        for name in STACKS
        for one in kept.resources(name, "AWS::SSM::Parameter").values()
    }
    for name in STACKS:
        needed = {str(one.node.id) for one in kept.stacks[name].dependencies}
        read = {
            published[parameter["Default"]]
            for parameter in kept.template(name)["Parameters"].values()
            if parameter["Type"] == "AWS::SSM::Parameter::Value<String>"
            if not parameter["Default"].startswith("/cdk-bootstrap/")
        }
        assert read == needed, name


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_has_what_the_settings_give_to_all(kept: Platform, name: str) -> None:
    stack, template = kept.stacks[name], kept.template(name)

    assert stack.stack_name == f"ml-{name}"
    assert stack.termination_protection is True
    assert stack.tags.tag_values() == {"owner": "ml-platform"}
    assert "hnb659fds" not in json.dumps(template)
    roles = kept.resources(name, "AWS::IAM::Role").values()
    boundaries = [json.dumps(one["Properties"].get("PermissionsBoundary")) for one in roles]
    # Roles of users have a narrower boundary, which their stack defines.
    own = [one for one in boundaries if "OrgBoundary" not in one]
    assert all("Boundary" in one and "Ref" in one for one in own), own
    assert not own or name in ("People", "Project-churn")


def test_data_outlives_its_stack_but_not_a_creation_that_fails(kept: Platform) -> None:
    for name in STACKS:
        for key, one in kept.template(name)["Resources"].items():
            assert one.get("DeletionPolicy") != "Retain", f"{name}.{key}"
            if one["Type"] in STATEFUL:
                assert one["DeletionPolicy"] == "RetainExceptOnCreate", f"{name}.{key}"


def test_a_temporary_platform_only_leaves_flow_logs(temporary: Platform) -> None:
    left = [
        f"{name}.{key}"
        for name in STACKS
        for key, one in temporary.template(name)["Resources"].items()
        if one.get("DeletionPolicy", "Delete") != "Delete"
    ]

    assert left == ["Network.NetworkFlowLogGroup4F8CEEEF"]


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: str(pack.__name__))
def test_a_security_pack_finds_nothing_open(kept: Platform, temporary: Platform, pack: Any) -> None:
    assert not open_findings(pack, kept.app)
    assert not open_findings(pack, temporary.app)


def test_cfn_lint_finds_nothing(kept: Platform, temporary: Platform) -> None:
    for file in [*kept.files(), *temporary.files()]:
        assert lint_findings(file.read_text(), ["us-east-1"]) == []


def test_checkov_finds_nothing_open(kept: Platform, temporary: Platform, tmp_path: Path) -> None:
    for platform in (kept, temporary):
        for file in platform.files():
            shutil.copy(file, tmp_path / f"{platform.directory.parents[1].name}-{file.name}")

    found = checkov_findings(tmp_path)
    assert len(found) == 2 * (len(STACKS) + 1)
    assert not any(found.values()), found


def test_no_role_approves_models_except_reviewers(kept: Platform) -> None:
    for name in STACKS:
        template = kept.template(name)
        found = set(approving_statements(template)) - boundaries(template)
        assert all("eviewer" in str(one) for one in found), (name, found)


def test_two_syntheses_write_the_same_templates(kept: Platform, tmp_path: Path) -> None:
    again = synthesise(tmp_path / "settings", {"defaults": DEFAULTS})

    names = [file.name for file in kept.files()]
    _, different, missing = filecmp.cmpfiles(kept.directory, again.directory, names, shallow=False)
    assert not [*different, *missing]
