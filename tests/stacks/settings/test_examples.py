"""The settings files of this repository."""

import json
from pathlib import Path

import jsonschema
import pytest

from mlops_constructs.yaml_document import YamlDocument
from stacks.settings import load_settings
from stacks.settings.deployments import deployments
from stacks.settings.schema import SCHEMA, settings_schema
from tests.stacks.conftest import ROOT

CONFIG = ROOT / "config"
FILES = sorted([*CONFIG.glob("*.yaml"), *CONFIG.glob("examples/*.yaml")])
SETTINGS = [path for path in FILES if path.stem != "people"]


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.name)
def test_a_file_is_valid_for_the_models_and_the_schema_that_it_names(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    (name,) = [word for word in first.split() if word.startswith("$schema=")]
    assert first.startswith("# yaml-language-server: ")
    assert (path.parent / name.removeprefix("$schema=")).resolve() == SCHEMA
    document = YamlDocument.read(path)

    assert load_settings(path).accounts
    jsonschema.validate(document.content, json.loads(settings_schema()))


def test_the_sandbox_is_short_and_in_one_account() -> None:
    path = CONFIG / "examples/sandbox.yaml"
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]

    assert len(lines) <= 15
    assert len(load_settings(path).accounts) == 1


def test_the_company_promotes_to_other_accounts() -> None:
    settings = load_settings(CONFIG / "examples/company.yaml")

    found = [(one.account.alias, one.stack_name) for one in deployments(settings)]

    assert found == [
        ("dev", "Foundation"),
        ("staging", "Foundation"),
        ("prod", "Foundation"),
        ("dev", "Network"),
        ("dev", "Studio"),
        ("dev", "People"),
        ("dev", "FeatureStore"),
        ("dev", "ProjectTemplates"),
        ("dev", "Project-churn"),
        ("staging", "ProjectTarget-churn-staging"),
        ("prod", "ProjectTarget-churn-prod"),
        ("dev", "Budgets"),
    ]


def test_the_organisation_has_teams_an_existing_network_and_two_regions() -> None:
    settings = load_settings(CONFIG / "examples/organisation.yaml")

    stacks = {(one.account.alias, one.stack_name) for one in deployments(settings)}

    assert ("risk", "ml-Network") not in stacks
    assert ("sales", "ml-Network") in stacks
    assert ("prod", "ml-ProjectTarget-churn-prod") in stacks
    assert ("prod-ireland", "ml-Foundation") in stacks
    assert ("tooling", "ml-PlatformPipeline") in stacks
