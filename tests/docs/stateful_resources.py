"""Resources that remain after a stack of an example is deleted: logical ids and types."""

from __future__ import annotations

from pathlib import Path

from tests.docs.synthesis import FILES, synthesis

RECORD = Path(__file__).with_name("stateful_resources.json")


def stateful_resources() -> dict[str, dict[str, str]]:
    """Returns, per example, the resources that CloudFormation does not delete with the stack."""
    found = {}
    for file in FILES:
        example = synthesis(file)
        found[example.stack_name] = {
            logical_id: resource["Type"]
            for logical_id, resource in sorted(example.template["Resources"].items())
            if resource.get("DeletionPolicy", "Delete") != "Delete"
        }
    return found
