"""Whatever replaces a named resource changes its name, in every example."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_constructs._content_name import create_only
from tests.docs.custom_names import EXCEPTIONS, named_resources, schema
from tests.docs.synthesis import FILES, define, synthesis, title

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


@each_example
def test_the_properties_that_replace_a_resource_are_known(file: Path) -> None:
    """Where a schema has others now, `create_only.json` has to follow it."""
    kinds = {kind for kind in synthesis(file).resource_types() if not kind.startswith("Custom::")}
    current = {
        kind: sorted(
            {
                path.removeprefix("/properties/").split("/")[0]
                for path in schema(kind).get("createOnlyProperties", ())
            }
        )
        for kind in kinds - {"AWS::CDK::Metadata"}
    }

    known = {kind: list(create_only().get(kind, ())) for kind in current}
    assert known == current


def test_each_exception_is_one_of_an_example() -> None:
    met = {
        exception
        for file in FILES
        for named in named_resources(synthesis(file).stack)
        for name in named.create_only()
        for exception in named.exceptions(name)
    }

    assert sorted(EXCEPTIONS.keys() - met) == []
