"""The JSON schema with which editors validate settings files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from stacks.settings.schema import SCHEMA, settings_schema
from tests.stacks.conftest import ROOT

ACCOUNTS = "accounts: {dev: {id: '111111111111', region: us-east-1}}\n"


def problems(content: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    return [error.json_path for error in validator.iter_errors(content)]


def test_the_committed_schema_is_that_of_the_settings() -> None:
    assert SCHEMA.read_text() == settings_schema(), "run `python -m stacks schema`"


def test_the_command_writes_the_schema() -> None:
    subprocess.run([sys.executable, "-m", "stacks", "schema"], cwd=ROOT, check=True)

    assert SCHEMA.read_text() == settings_schema()


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_the_files_of_this_repository_name_the_schema_and_follow_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]

    assert first == "# yaml-language-server: $schema=settings.schema.json"
    assert not problems(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("accounts: {dev: {id: '1', region: us-east-1}}", "$.accounts.dev.id"),
        ("accounts: {dev: {id: '111111111111', region: moon}}", "$.accounts.dev.region"),
        (ACCOUNTS + "projects: [{name: Churn}]", "$.projects[0].name"),
        (ACCOUNTS + "projects: [{name: churn, removal: burn}]", "$.projects[0].removal"),
        (ACCOUNTS + "projects: [{name: churn, colour: red}]", "$.projects[0]"),
        (ACCOUNTS + "defaults: {prefix: -x}", "$.defaults.prefix"),
        (ACCOUNTS + "defaults: {tags: {'aws:x': y}}", "$.defaults.tags"),
    ],
)
def test_an_editor_marks_invalid_values(content: str, place: str) -> None:
    assert problems(yaml.safe_load(content)) == [place]


def test_every_text_says_what_is_allowed() -> None:
    """The type alone, such as `string`, does not help the user."""
    schema = json.loads(settings_schema())
    texts = [
        (name, key, value)
        for name, model in schema["$defs"].items()
        for key, value in model.get("properties", {}).items()
        if value.get("type") == "string"
    ]

    assert len(texts) >= 8
    assert not [one for one in texts if not {"pattern", "enum"} & one[2].keys()]
