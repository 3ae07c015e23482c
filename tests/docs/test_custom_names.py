"""Each change that replaces a named resource changes its name, in every example."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops_constructs import _content_name
from tests.docs.custom_names import EXCEPTIONS, named_resources, schema
from tests.docs.synthesis import FILES, define, synthesis, title

TABLE = Path(_content_name.__file__).with_name("create_only.json")

each_example = pytest.mark.parametrize("file", FILES, ids=title)


@each_example
def test_a_change_that_replaces_a_named_resource_changes_its_name(file: Path) -> None:
    _, stack = define(file)
    stuck = []

    for named in named_resources(stack):
        for name in named.changeable():
            before = named.name
            named.change(name)
            if named.name == before:
                stuck.append(f"{named.resource.node.path} ({named.kind}) keeps its name: {name}")

    assert stuck == []


def test_the_properties_that_replace_a_resource_are_known(request: pytest.FixtureRequest) -> None:
    """`pytest --record` with this file writes the table after a new type or another schema."""
    kinds = {kind for file in FILES for kind in synthesis(file).resource_types()}
    properties = {
        kind: sorted(
            {
                path.removeprefix("/properties/").split("/")[0]
                for path in schema(kind).get("createOnlyProperties", ())
            }
        )
        for kind in sorted(kinds)
        if not kind.startswith(("Custom::", "AWS::CDK::"))
    }
    current = {kind: names for kind, names in properties.items() if names}
    if request.config.getoption("--record"):
        TABLE.write_text(json.dumps(current, indent=1) + "\n")

    assert json.loads(TABLE.read_text()) == current


def test_each_exception_is_one_of_an_example() -> None:
    met = {
        exception
        for file in FILES
        for named in named_resources(synthesis(file).stack)
        for name in named.create_only()
        for exception in named.exceptions(name)
    }

    assert sorted(EXCEPTIONS.keys() - met) == []
