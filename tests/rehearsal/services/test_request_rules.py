"""Each rule rejects its failing request and accepts its passing one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.shapes import ShapeReader
from rehearsal.framework.rules.rule import Call, Catalogue, Example, Rule
from rehearsal.server.rule_table import COMMAND, catalogues, table
from tests.rehearsal.model_requests import changed, input_of, model_of, smallest

ROOT = Path(__file__).parents[3]
MIN_RULES = 150
REGION = "us-east-1"
CATALOGUES = catalogues()
RULES = [
    pytest.param(catalogue, rule, id=f"{catalogue.service}.{rule.name}")
    for catalogue in CATALOGUES
    for rule in catalogue.rules
]


def request_of(catalogue: Catalogue, rule: Rule, example: Example) -> tuple[str, dict[str, Any]]:
    operation = example.operation or rule.operations[0]
    shape = input_of(catalogue.service, operation)
    return operation, changed(shape, smallest(shape), example.changes)


def call_of(catalogue: Catalogue, rule: Rule, example: Example) -> Call:
    operation, request = request_of(catalogue, rule, example)
    return Call(operation, request, lambda name, _: example.state.get(name), REGION)


def test_the_documented_rules_are_those_of_the_catalogue() -> None:
    page = (ROOT / "docs/rules.md").read_text()
    assert page == table(), f"run {COMMAND}"


def test_there_are_rules() -> None:
    assert sum(len(one.rules) for one in CATALOGUES) >= MIN_RULES


@pytest.mark.parametrize(("catalogue", "rule"), RULES)
def test_the_operations_of_a_rule_exist(catalogue: Catalogue, rule: Rule) -> None:
    assert rule.operations
    assert set(rule.operations) <= set(model_of(catalogue.service).operation_names)


@pytest.mark.parametrize(("catalogue", "rule"), RULES)
def test_the_model_accepts_what_a_rule_rejects(catalogue: Catalogue, rule: Rule) -> None:
    """Otherwise the rule would state a fact of the model again."""
    for example in (rule.fails, rule.passes):
        operation, request = request_of(catalogue, rule, example)
        assert problems(catalogue.service, operation, request) == []


@pytest.mark.parametrize(("catalogue", "rule"), RULES)
def test_a_failing_request_breaks_its_rule(catalogue: Catalogue, rule: Rule) -> None:
    call = call_of(catalogue, rule, rule.fails)

    broken = catalogue.evaluate(call)

    assert broken is not None, "the request breaks no rule"
    assert broken[0].name == rule.name
    with pytest.raises(AwsError) as error:
        catalogue.enforce(call)
    assert error.value.code == catalogue.code(rule)
    assert error.value.message == broken[1]


@pytest.mark.parametrize(("catalogue", "rule"), RULES)
def test_a_passing_request_breaks_no_rule(catalogue: Catalogue, rule: Rule) -> None:
    broken = catalogue.evaluate(call_of(catalogue, rule, rule.passes))

    assert broken is None, f"{broken[0].name}: {broken[1]}"


@pytest.mark.parametrize(("catalogue", "rule"), RULES)
def test_each_rule_cites_aws(catalogue: Catalogue, rule: Rule) -> None:
    assert len(rule.source) > 4
    assert rule.text.endswith(".")


def problems(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    """Returns what the model of a service rejects in a request."""
    reader = ShapeReader()
    reader.read(input_of(service, operation), _on_the_wire(request))
    return reader.problems


def _on_the_wire(value: Any) -> Any:
    if hasattr(value, "timestamp"):
        return value.timestamp()
    if isinstance(value, dict):
        return {name: _on_the_wire(item) for name, item in value.items()}
    return [_on_the_wire(item) for item in value] if isinstance(value, list) else value
