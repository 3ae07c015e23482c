"""Ids of stateful resources are a contract: a changed one would replace what people keep in it."""

import json

from tests.docs.stateful_resources import RECORD, stateful_resources


def test_what_outlives_a_stack_keeps_its_logical_id() -> None:
    assert stateful_resources() == json.loads(RECORD.read_text())
