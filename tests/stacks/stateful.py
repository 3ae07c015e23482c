"""Stateful resources of the stacks, and the properties whose change replaces them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

RECORD = Path(__file__).with_name("stateful_resources.json")
_KEPT = ("Retain", "RetainExceptOnCreate")

Record = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Type and digests of create-only properties, by stack and logical id."""


def stateful(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the resources of a template that outlive their stack, by their logical ids."""
    return {
        key: {"type": one["Type"], "fixed": dict(_fixed(one))}
        for key, one in sorted(template["Resources"].items())
        if one.get("DeletionPolicy") in _KEPT
    }


def replaced(before: Record, after: Record) -> list[str]:
    """Returns the stateful resources that a deployment would replace or abandon, with the cause."""
    found = []
    for stack, resources in before.items():
        for key, old in resources.items():
            new = after.get(stack, {}).get(key)
            if new is None or new["type"] != old["type"]:
                found.append(f"{stack}.{key}: its logical id is gone")
                continue
            found += [
                f"{stack}.{key}: {name} has changed, which CloudFormation cannot update"
                for name in sorted({*old["fixed"], *new["fixed"]})
                if old["fixed"].get(name) != new["fixed"].get(name)
            ]
    return found


def _fixed(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields the create-only properties that a resource has, with digests of their values."""
    for path in create_only(resource["Type"]):
        value: Any = resource.get("Properties", {})
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            text = json.dumps(value, sort_keys=True)
            yield "/".join(path), hashlib.sha256(text.encode()).hexdigest()[:10]


@cache
def create_only(kind: str) -> list[list[str]]:
    """Returns the paths of the create-only properties of a type, from CloudFormation's schema."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    found = schema.get("createOnlyProperties", [])
    return [path.removeprefix("/properties/").split("/") for path in sorted(found)]
