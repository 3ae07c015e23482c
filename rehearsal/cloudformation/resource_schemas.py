"""CloudFormation's registry schemas, which cfn-lint has for each region."""

import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


def _schema_directory() -> Path:
    """Returns the directory of cfn-lint's schemas, without the import, which takes seconds."""
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ImportError("cfn-lint is not installed: pip install cfn-lint")
    return Path(spec.origin).parent / "data" / "schemas"


_SCHEMAS = _schema_directory()


@cache
def _digests(region: str) -> dict[str, str]:
    path = _SCHEMAS / "providers" / f"{region}.json"
    if not path.exists():
        raise ValueError(f"{region} is not a region that cfn-lint has schemas for")
    digests: dict[str, str] = json.loads(path.read_bytes())
    return digests


@cache
def schema_of(type_name: str, region: str = "us-east-1") -> Mapping[str, Any] | None:
    """Returns the registry schema of a resource type, or None if the region lacks the type.

    Args:
        type_name: the resource type.
        region: the region. Defaults to us-east-1.

    Raises:
        ValueError: cfn-lint has no schemas for the region.
    """
    digest = _digests(region).get(type_name)
    if digest is None:
        return None
    schema: dict[str, Any] = json.loads((_SCHEMAS / "resources" / f"{digest}.json").read_bytes())
    return schema


def create_only_properties(type_name: str) -> frozenset[str]:
    """Returns the top-level properties whose change needs a replacement."""
    return _top_level(type_name, "createOnlyProperties")


def conditional_create_only_properties(type_name: str) -> frozenset[str]:
    """Returns the top-level properties whose change needs a replacement under some conditions."""
    paths = _paths(type_name, "conditionalCreateOnlyProperties")
    return frozenset(path[0] for path in paths)


def read_only_properties(type_name: str) -> frozenset[str]:
    """Returns the top-level properties that only the service sets."""
    return _top_level(type_name, "readOnlyProperties")


def nested_create_only_properties(type_name: str) -> tuple[tuple[str, ...], ...]:
    """Returns the paths of properties below the top level whose change needs a replacement."""
    paths = _paths(type_name, "createOnlyProperties")
    return tuple(path for path in paths if len(path) > 1)


def tag_property(type_name: str) -> tuple[str, str] | None:
    """Returns the property that has the tags of a resource, and its type: `list` or `map`."""
    schema = schema_of(type_name) or {}
    properties = schema.get("properties", {})
    tagging = schema.get("tagging") or {}
    name = str(tagging.get("tagProperty", "/properties/Tags")).rsplit("/", 1)[-1]
    if name not in properties or tagging.get("taggable") is False:
        return None
    kind = resolve(schema, properties[name]).get("type")
    return (name, "list" if kind == "array" else "map")


def resolve(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the node that a local `$ref` points to."""
    while "$ref" in node:
        target: Any = schema
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _paths(type_name: str, keyword: str) -> list[tuple[str, ...]]:
    pointers = (schema_of(type_name) or {}).get(keyword, [])
    return [tuple(str(p).removeprefix("/properties/").split("/")) for p in pointers]


def _top_level(type_name: str, keyword: str) -> frozenset[str]:
    return frozenset(path[0] for path in _paths(type_name, keyword) if len(path) == 1)
