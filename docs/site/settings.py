"""Reference of the settings, from their JSON schema."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docs.site.links import ROOT

_SCHEMA = ROOT / "config/settings.schema.json"
_MAX_SHOWN = 6  # values of an enumeration; the description has longer ones

_SEVERAL = "x-several"  # marks a value that can also be a list of such values


@dataclass(frozen=True)
class Key:
    """A key of the settings; `path` has `[]` behind lists."""

    path: str
    schema: Mapping[str, Any]
    required: bool
    description: str


def all_keys(schema: Mapping[str, Any] | None = None) -> Iterator[Key]:
    """Yields every key, each before those below it.

    Args:
        schema: a schema with its `$defs`. Defaults to that of the settings.
    """
    whole = schema if schema is not None else json.loads(_SCHEMA.read_text())
    yield from _below(whole, whole, "")


def page() -> str:
    """Returns the text of the page."""
    lines = [
        "# Settings",
        "",
        "The keys of `config/*.yaml`. `[]` denotes each item of a list, `ALIAS` an account.",
        "Every file is validated before synthesis; editors validate and complete it with",
        "`config/settings.schema.json`, from which this page is generated.",
        "",
    ]
    section = None
    for key in all_keys():
        top = re.split(r"[.[]", key.path)[0]
        if top != section:
            section = top
            lines += ["", f"## {top}", ""]
            if key.description:
                lines += [_text(key.description), ""]
            lines += ["| key | type | default | description |", "|---|---|---|---|"]
        lines.append(
            f'| <code id="{_anchor(key.path)}">{key.path}</code> | {_type(key.schema)} '
            f"| {_default(key)} | {_cell(key)} |"
        )
    return "\n".join(lines) + "\n"


def _anchor(path: str) -> str:
    return "settings-" + path.replace("[]", "").replace(".", "-")


def _below(whole: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[Key]:
    required = schema.get("required", [])
    for name, raw in schema.get("properties", {}).items():
        resolved, suffix = _resolve(whole, raw)
        below = f"{path}{name}{suffix}"
        described = raw.get("description") or resolved.get("description", "")
        merged = {**resolved, **{key: raw[key] for key in ("default",) if key in raw}}
        yield Key(below, merged, name in required, described)
        if "properties" in resolved:
            yield from _below(whole, resolved, f"{below}.")


def _resolve(whole: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Returns the schema behind references, alternatives with null, lists and names.

    The text denotes the items of the list or of the mapping.
    """
    if "$ref" in schema:
        return _resolve(whole, whole["$defs"][schema["$ref"].rpartition("/")[2]])
    for alternatives in (schema.get("anyOf"), schema.get("oneOf"), schema.get("allOf")):
        given = [one for one in alternatives or () if not _is_nothing(one)]
        if _is_one_or_more(given):
            resolved, _ = _resolve(whole, given[0])
            return {**resolved, _SEVERAL: True}, ""
        if len(given) == 1:
            return _resolve(whole, given[0])
    if schema.get("type") == "array" and "items" in schema:
        resolved, _ = _resolve(whole, schema["items"])
        return resolved, "[]"
    for named in schema.get("patternProperties", {}).values():
        resolved, _ = _resolve(whole, named)
        if "properties" in resolved:
            return resolved, ".ALIAS"
    return schema, ""


def _is_nothing(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "null" or schema.get("const") is False


def _is_one_or_more(alternatives: Sequence[Mapping[str, Any]]) -> bool:
    """Returns True for a value, or a list of such values."""
    if len(alternatives) == 1 and "anyOf" in alternatives[0]:
        return _is_one_or_more([one for one in alternatives[0]["anyOf"] if not _is_nothing(one)])
    return len(alternatives) == 2 and alternatives[1].get("items") == alternatives[0]


def _is_shown(schema: Mapping[str, Any]) -> bool:
    return 0 < len(schema.get("enum", ())) <= _MAX_SHOWN


def _type(schema: Mapping[str, Any]) -> str:
    if schema.get(_SEVERAL):
        one = _type({**schema, _SEVERAL: False})
        return f"{one}, or a list of {one}s"
    if len(schema.get("enum", ())) > _MAX_SHOWN:
        return str(schema.get("type", "string"))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema or "oneOf" in schema:
        shown = [_type(one) for one in schema.get("anyOf") or schema["oneOf"]]
        return " or ".join(dict.fromkeys(shown))
    return str(schema.get("type", "any")).replace("object", "mapping")


def _default(key: Key) -> str:
    if key.required:
        return "required"
    value = key.schema.get("default")
    if isinstance(value, dict) or (
        isinstance(value, list) and value and "properties" in key.schema
    ):
        return "none" if not value else "as below"
    return "none" if value in (None, {}, [], "") else f"`{json.dumps(value)}`"


def _cell(key: Key) -> str:
    parts = [_text(key.description)]
    inner = key.schema.get("description", "")
    if (
        inner
        and inner != key.description
        and "properties" not in key.schema
        and not _is_shown(key.schema)
    ):
        parts.append(f"Allowed: {_text(inner).removesuffix('.')}.")
    return " ".join(part for part in parts if part)


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
