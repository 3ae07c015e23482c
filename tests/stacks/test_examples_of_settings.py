"""The example settings: what every stack of an organisation has in common."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
import yaml

import app
from stacks.settings import load_settings
from tests.judges import open_findings
from tests.stacks.sections import CONTEXT, ROOT

EXAMPLES = ROOT / "config" / "examples"
STACKS = {
    "sandbox": {"sandbox": ["Project-churn", "ProjectTemplates"]},
    "company": {
        "dev": [
            "Budgets",
            "FeatureStore",
            "Foundation",
            "Network",
            "People",
            "Project-churn",
            "ProjectTemplates",
            "Studio",
        ],
        "prod": ["Foundation", "ProjectTarget-churn-prod"],
        "staging": ["Foundation", "ProjectTarget-churn-staging"],
    },
}


@pytest.fixture(scope="module")
def synthesised(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, cdk.App]:
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(EXAMPLES, folder / "config")
    found = {}
    for path in sorted((folder / "config").glob("*.yaml")):
        if path.stem == "people":
            continue
        settings = load_settings(path)
        one = cdk.App(outdir=str(folder / path.stem), analytics_reporting=False, context=CONTEXT)
        app.add_all(one, settings, path.name)
        one.synth()
        found[path.stem] = one
    return found


def stacks(found: cdk.App) -> list[cdk.Stack]:
    return [one for one in found.node.find_all() if isinstance(one, cdk.Stack)]


def documents(found: cdk.App) -> list[tuple[Path, Any]]:
    """Returns all templates of an app, those of projects included."""
    files = [
        *Path(found.outdir).rglob("*.template.json"),
        *Path(found.outdir).rglob("asset.*.yaml"),
    ]
    return [(file, yaml.safe_load(file.read_text())) for file in files]  # JSON is YAML


@pytest.mark.parametrize("name", STACKS)
def test_an_example_has_the_stacks_of_its_sections(
    synthesised: Mapping[str, cdk.App], name: str
) -> None:
    ids: dict[str, list[str]] = {}
    for one in stacks(synthesised[name]):
        path = one.node.path.split("/")
        ids.setdefault(path[0] if len(path) > 1 else name, []).append(one.node.id)

    assert {alias: sorted(found) for alias, found in ids.items()} == STACKS[name]


@pytest.mark.parametrize("name", ["sandbox", "company", "organisation"])
def test_no_stack_of_an_example_exports_or_imports_a_value(
    synthesised: Mapping[str, cdk.App], name: str
) -> None:
    found = documents(synthesised[name])
    assert len(found) >= 2

    for file, document in found:
        assert "Fn::ImportValue" not in json.dumps(document), file
        outputs = document.get("Outputs", {})
        assert [key for key, one in outputs.items() if "Export" in one] == [], file


@pytest.mark.parametrize("name", ["company", "organisation"])
def test_every_stack_of_an_example_is_tagged_and_protected(
    synthesised: Mapping[str, cdk.App], name: str
) -> None:
    for one in stacks(synthesised[name]):
        assert one.tags.tag_values()["owner"] == "ml-platform", one.node.path
        assert one.termination_protection, one.node.path


@pytest.mark.parametrize("name", ["sandbox", "company", "organisation"])
def test_cdk_nag_finds_nothing_open_in_an_example(
    synthesised: Mapping[str, cdk.App], name: str
) -> None:
    assert not open_findings(cdk_nag.AwsSolutionsChecks, synthesised[name])
