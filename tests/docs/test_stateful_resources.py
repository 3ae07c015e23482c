"""Logical ids of stateful resources, whose change would replace the resource and its data."""

import json

import pytest

from tests.docs.stateful_resources import RECORD, stateful_resources


def test_what_outlives_a_stack_keeps_its_logical_id(request: pytest.FixtureRequest) -> None:
    """`pytest --record` with this file writes the record after a change that replaces nothing."""
    if request.config.getoption("--record"):
        RECORD.write_text(json.dumps(stateful_resources(), indent=1) + "\n")

    assert stateful_resources() == json.loads(RECORD.read_text())
