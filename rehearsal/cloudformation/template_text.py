"""The text of a template: JSON, or YAML with the scalars that CloudFormation reads.

CloudFormation reads YAML 1.1 with few exceptions, and its parameters, conditions, mappings and
outputs are text: an unquoted `yes` is `true`, `010` is `8`, `1e3` is `1000.0`.

Source: CloudFormation User Guide, "CloudFormation template format" (YAML 1.1; no `binary`, `omap`,
`pairs`, `set` and `timestamp`, no aliases, no merges). Observed in AWS, by repository and thread of
GitHub: booleans (ASFHyP3/hyp3 2061), octal account ids
(aws-cloudformation/cloudformation-coverage-roadmap 745), floats (aws/serverless-application-model
200, aws/aws-cli 6908), keys and null (aws-cloudformation/cfn-lint 292 and 38).
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_SHORT_FORMS = (
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
)
_FUNCTIONS = {f"!{name}": f"Fn::{name}" for name in _SHORT_FORMS} | {
    "!Ref": "Ref",
    "!Condition": "Condition",
    "!GetAtt": "Fn::GetAtt",
}
# Sections whose scalars are text, and functions whose arguments are.
_TEXT_SECTIONS = ("Parameters", "Mappings", "Conditions", "Rules", "Outputs")
_TEXT_FUNCTIONS = ("Fn::Sub", "Fn::Join", "Fn::Split", "Fn::Base64", "Fn::ImportValue")
_TEXT_ATTRIBUTES = ("Type", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")


class TemplateTextError(ValueError):
    """A template that cannot be read; the text is CloudFormation's message."""


class Number(float):
    """A number with a fraction or an exponent, whose text is CloudFormation's: `5.0E8`."""

    def __str__(self) -> str:
        size = abs(float(self))
        if not math.isfinite(self):
            return float.__repr__(self).replace("inf", "Infinity").replace("nan", "NaN")
        if size == 0 or 1e-3 <= size < 1e7:
            return float.__repr__(self)
        # The shortest digits that identify the number, as Java prints them.
        shortest = Decimal(float.__repr__(self))
        digits = "".join(map(str, shortest.as_tuple().digits)).rstrip("0")
        sign = "-" if self < 0 else ""
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{shortest.adjusted()}"


def parse(text: str) -> dict[str, Any]:
    """Returns a template.

    Raises:
        TemplateTextError: the text is malformed, or has what CloudFormation does not accept.
    """
    text = text.strip()
    parsed = _from_json(text) if text.startswith("{") else _from_yaml(text)
    if not isinstance(parsed, dict):
        raise TemplateTextError("unsupported structure.")
    _reject_null(parsed)
    return with_text(parsed)


def parse_snippet(text: str) -> Any:
    """Returns the content of a file that a template includes; it has no short forms of functions.

    Raises:
        TemplateTextError: the text is malformed, or has what CloudFormation does not accept.
    """
    text = text.strip()
    return _from_json(text) if text.startswith("{") else _from_yaml(text, {})


def as_text(value: Any) -> Any:
    """Returns a value with each scalar in it as text."""
    if isinstance(value, Mapping):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return scalar_text(value)


def scalar_text(value: Any) -> Any:
    """Returns the text of a boolean or number; other values as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(Number(value) if isinstance(value, float) else value) if _numeric(value) else value


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _from_json(text: str) -> Any:
    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise TemplateTextError(_duplicate(name))
            found[name] = value
        return found

    def reject(constant: str) -> Any:
        raise TemplateTextError(f"JSON not well-formed: {constant} is not a JSON value.")

    try:
        return json.loads(
            text, object_pairs_hook=members, parse_float=Number, parse_constant=reject
        )
    except json.JSONDecodeError as error:
        raise TemplateTextError(
            f"JSON not well-formed. (line {error.lineno}, column {error.colno}): {error.msg}"
        ) from None


def _from_yaml(text: str, functions: Mapping[str, str] = _FUNCTIONS) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _malformed(mark, error.problem or "") from None
    except yaml.YAMLError as error:
        raise TemplateTextError(f"YAML not well-formed: {error}") from None
    finally:
        loader.dispose()
    return None if node is None else _Reader(functions).value(node, "")


def _malformed(mark: Any, problem: str) -> TemplateTextError:
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return TemplateTextError(f"YAML not well-formed.{where}" + (f": {problem}" if problem else ""))


class _Loader(yaml.SafeLoader):
    """A loader without aliases, whose scalars resolve as CloudFormation's do."""

    yaml_implicit_resolvers: dict[str | None, list[Any]] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise TemplateTextError(
                "Template error: YAML aliases are not allowed in CloudFormation templates "
                f"(line {mark.line + 1}, column {mark.column + 1})"
            )
        return super().compose_node(parent, index)


for _name, _pattern, _first in (
    (
        "bool",
        r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
        "yYnNtTfFoO",
    ),
    (
        "int",
        r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+"
        r"|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
        "-+0123456789",
    ),
    (
        "float",  # digits that are no octal number, such as 089, are a float
        r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("merge", "<<", "<"),
    ("null", r"~|null|Null|NULL|", "~nN"),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"^(?:{_pattern})$"), [*_first, ""])


class _Reader:
    """Makes values of nodes; errors name the path and line of a node.

    Args:
        functions: the intrinsic function of each tag.
    """

    def __init__(self, functions: Mapping[str, str]) -> None:
        self._functions = functions

    def value(self, node: Any, path: str) -> Any:
        if node.tag in self._functions:
            return self._function(node, path)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(item, f"{path}/{i}") for i, item in enumerate(node.value)]
        reader = _SCALARS.get(node.tag.removeprefix(_TAG)) if node.tag.startswith(_TAG) else None
        if not isinstance(node, yaml.ScalarNode) or reader is None:
            shown = node.tag.replace(_TAG, "!!")
            raise _malformed(node.start_mark, f"the tag {shown} is not supported here")
        try:
            return reader(node.value)
        except ValueError as error:
            raise _malformed(node.start_mark, str(error)) from None

    def _function(self, node: Any, path: str) -> dict[str, Any]:
        name = self._functions[node.tag]
        if isinstance(node, yaml.ScalarNode):
            if name == "Fn::GetAtt":
                logical_id, _, attribute = node.value.partition(".")
                return {name: [logical_id, attribute]}
            return {name: node.value}
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return {name: [self.value(item, f"{path}/{name}/{i}") for i, item in items]}
        return {name: self._mapping(node, f"{path}/{name}")}

    def _mapping(self, node: Any, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == f"{_TAG}merge":
                raise _malformed(key_node.start_mark, "YAML merges are not supported")
            key = self.value(key_node, path)
            if not isinstance(key, str):
                kind = (
                    "boolean" if isinstance(key, bool) else "numeric" if _numeric(key) else "null"
                )
                raise TemplateTextError(
                    f"[{path}] map keys must be strings; received {kind} "
                    f"[{scalar_text(key)}] instead (line {key_node.start_mark.line + 1})"
                )
            if key in found:
                mark = key_node.start_mark
                where = f"(line {mark.line + 1}, column {mark.column + 1})"
                raise TemplateTextError(f"{_duplicate(key)} {where}")
            found[key] = self.value(value_node, f"{path}/{key}")
        return found


def _duplicate(key: str) -> str:
    return f"Duplicate key {key}, for which AWS documents undefined behavior"


def _boolean(text: str) -> bool:
    return text.lower() in ("yes", "true", "on")


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    if ":" in digits:
        return int(_base_60(digits))
    if _OCTAL.fullmatch(text) and digits.lstrip("+-0"):
        return int(digits, 8)
    return int(digits, 0) if digits.strip("+-0") else 0


def _float(text: str) -> Number:
    digits = text.replace("_", "").lower()
    if _BASE_60.fullmatch(text):
        return Number(_base_60(digits))
    return Number(digits.replace(".inf", "inf").replace(".nan", "nan"))


def _base_60(digits: str) -> float:
    total = 0.0
    for part in digits.lstrip("+-").split(":"):
        total = total * 60 + float(part)
    return -total if digits.startswith("-") else total


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "merge": str,
    "int": _integer,
    "float": _float,
    "bool": _boolean,
    "null": lambda text: None,
}


def _reject_null(template: Mapping[str, Any]) -> None:
    if template.get("Resources", "") is None:
        raise TemplateTextError("At least one Resources member must be defined.")
    path = next(_nulls(template, ""), None)
    if path is not None:
        raise TemplateTextError(f"[{path}] 'null' values are not allowed in templates")


def _nulls(value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _nulls(item, f"{path}/{key}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _nulls(item, f"{path}/{position}")


def with_text(template: dict[str, Any]) -> dict[str, Any]:
    """Makes text of the scalars that CloudFormation reads as such; others keep their type.

    Args:
        template: the template, which is changed in place.
    """
    for section in ("AWSTemplateFormatVersion", "Description", *_TEXT_SECTIONS):
        if section in template:
            template[section] = as_text(template[section])
    resources = template.get("Resources")
    if not isinstance(resources, Mapping):
        return template
    for resource in resources.values():
        if isinstance(resource, dict):
            for name in _TEXT_ATTRIBUTES:
                if name in resource:
                    resource[name] = as_text(resource[name])
    template["Resources"] = _arguments_as_text(resources)
    return template


def _arguments_as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: as_text(item) if key in _TEXT_FUNCTIONS else _arguments_as_text(item)
            for key, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_arguments_as_text(item) for item in value]
    return value
