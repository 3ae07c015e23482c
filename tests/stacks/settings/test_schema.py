"""The JSON schema with which editors validate settings files."""

import copy
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from mlops_constructs.yaml_document import YamlDocument
from stacks.settings import Settings
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


def properties() -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yields each key with its schema, and True if it is required."""
    schema = json.loads(settings_schema())
    for name, model in {"Settings": schema, **schema["$defs"]}.items():
        for key, value in model.get("properties", {}).items():
            yield f"{name}.{key}", value, key in model.get("required", [])


def test_every_key_has_a_description_and_a_default_unless_it_is_required() -> None:
    found = list(properties())

    assert len(found) > 100
    assert not [key for key, value, _ in found if not value.get("description")]
    assert not [key for key, value, required in found if required == ("default" in value)]


def test_descriptions_state_the_default() -> None:
    assert not [
        key
        for key, value, required in properties()
        if not required and "Defaults to" not in value.get("description", "")
    ]


def mutations(content: Any, dice: random.Random) -> Any:
    """Returns a copy of settings in which one to three values are others, or of another kind."""
    changed = copy.deepcopy(content)
    for _ in range(dice.randint(1, 3)):
        places: list[tuple[Any, Any]] = []
        waiting = [changed]
        while waiting:
            value = waiting.pop()
            keys = list(value) if isinstance(value, dict) else range(len(value))
            places += [(value, key) for key in keys]
            waiting += [value[key] for key in keys if isinstance(value[key], dict | list)]
        if not places:
            return changed
        owner, key = dice.choice(places)
        match dice.randrange(4):
            case 0:
                del owner[key]
            case 1 if isinstance(owner, dict):
                owner[dice.choice(["colour", "in", "name", "Dev", ""])] = dice.choice(VALUES)
            case 2 if isinstance(owner[key], str):
                owner[key] = dice.choice(["", " ", "A", owner[key].upper(), owner[key] * 20])
            case _:
                owner[key] = copy.deepcopy(dice.choice(VALUES))
    return changed


VALUES: list[Any] = [
    None, "10.0.0.0/16", True, 0, -1, 1, 3, 2.5, 10**9, 10**10, "", "x", "12", "dev", "retain",
    [], [1], ["x"], [None], {}, {"x": 1}, {"name": "x"}, [{}],
]  # fmt: skip


@pytest.mark.parametrize("example", ["sandbox", "company", "organisation"])
def test_the_models_reject_what_the_schema_rejects(example: str) -> None:
    """An editor that accepts a file does not promise a deployment, but what it marks is wrong."""
    content = YamlDocument.read(ROOT / f"config/examples/{example}.yaml").content
    validator = jsonschema.Draft202012Validator(json.loads(settings_schema()))
    dice = random.Random(example)  # noqa: S311 - reproducible, not secret
    marked = 0
    for _ in range(400):
        changed = mutations(content, dice)
        if validator.is_valid(changed):
            continue
        marked += 1
        with pytest.raises(ValidationError):
            Settings.model_validate(changed)
            raise AssertionError(changed)
    assert marked > 100
