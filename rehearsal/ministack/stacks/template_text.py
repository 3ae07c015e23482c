"""The text of templates and their parameters, as CloudFormation reads and rejects them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.services.cloudformation import engine

from rehearsal.cloudformation import template_structure, template_text
from rehearsal.ministack.registry import CLOUDFORMATION, patch

_ENGINE = f"{CLOUDFORMATION}.engine"
_SCALARS = {
    "why": (
        "An unquoted `true` is the text `True`, and aliases, null, duplicate and numeric keys are "
        "accepted."
    ),
    "until": "ministack reads the scalars of templates as CloudFormation does.",
}
_TYPE = re.compile(
    r"String|Number|List<Number>|CommaDelimitedList"
    r"|(?:List<)?AWS::EC2::[A-Za-z0-9:]+>?|(?:List<)?AWS::Route53::HostedZone::Id>?"
    r"|AWS::SSM::Parameter::(?:Name|Value<(?:String|List<String>|CommaDelimitedList"
    r"|(?:List<)?AWS::[A-Za-z0-9:]+>?)>)"
)
_FORMAT_ERROR = "Template format error: "
_PARAMETER_PROPERTIES = frozenset(
    {
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    }
)
_SAM = "AWS::Serverless-2016-10-31"


@patch(f"{_ENGINE}:_parse_template", **_SCALARS)
def parse(previous: object, template_body: str) -> dict[str, Any]:
    template = template_text.parse(template_body)
    template_structure.check_sections(template)
    return template


@patch(f"{_ENGINE}:_parse_snippet", **_SCALARS)
def parse_snippet(previous: object, text: str) -> Any:
    try:
        return template_text.parse_snippet(text)
    except template_text.TemplateTextError as error:
        raise engine._IncludeError(
            f"{engine._INCLUDE_ERROR}The specified S3 object's content should be valid Yaml/JSON: "
            f"{error}"
        ) from None


@patch(f"{_ENGINE}:_apply_transforms", **_SCALARS)
def apply_transforms(
    previous: Callable[..., dict[str, Any]],
    template: dict[str, Any],
    provided_params: Any = None,
    previous_params: Any = None,
) -> dict[str, Any]:
    try:
        processed = previous(template, provided_params, previous_params)
    except Exception as error:
        if _SAM not in engine.declared_transforms(template):
            raise
        raise ValueError(f"Transform {_SAM} failed with: {_sam_problem(error)}") from None
    # An included file and an expanded macro have scalars too.
    return template_text.with_text(processed)


@patch(
    f"{_ENGINE}:_resolve_parameters",
    why="Values for parameters that do not exist, and parameters of any type, are accepted.",
    until="ministack rejects unknown parameters and types, each missing value at once.",
)
def resolve_parameters(
    previous: Callable[..., Any],
    template: Mapping[str, Any],
    provided_params: Sequence[Mapping[str, Any]],
    previous_params: Mapping[str, Any] | None = None,
) -> Any:
    definitions = template.get("Parameters") or {}
    _check_definitions(definitions)
    given = {str(one["Key"]): one for one in provided_params if "Key" in one}
    if unknown := [name for name in given if name not in definitions]:
        raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [
        name
        for name, definition in definitions.items()
        if "Default" not in definition
        and (name not in given or _has_no_previous(given[name], name, previous_params or {}))
    ]
    if missing:
        raise ValueError(f"Parameters: [{', '.join(missing)}] must have values")
    checked = {}
    for name, definition in definitions.items():
        allowed = definition.get("AllowedValues")
        if not allowed or definition["Type"].startswith("AWS::SSM::Parameter::Value<"):
            checked[name] = definition
            continue
        _check_allowed(name, definition, given.get(name), previous_params or {})
        checked[name] = {key: one for key, one in definition.items() if key != "AllowedValues"}
    return previous({**template, "Parameters": checked}, provided_params, previous_params)


@patch(
    f"{CLOUDFORMATION}.helpers:_error",
    why="A message that begins with `Template format error` gets these words twice.",
    until="ministack adds the words to messages that lack them only.",
)
def error(previous: Callable[..., Any], code: str, message: str, status: int = 400) -> Any:
    rest = message.removeprefix(_FORMAT_ERROR)
    if rest.startswith(("Template ", "Transform ", "Invalid template ")) and rest != message:
        message = rest
    return previous(code, message, status)


def _sam_problem(error: Exception) -> str:
    if isinstance(error.__cause__, ImportError):
        return "the package aws-sam-translator is not installed."
    causes = [str(getattr(one, "message", one)) for one in getattr(error, "causes", [])]
    return " ".join([str(getattr(error, "message", error)), *causes])


def _check_definitions(definitions: Mapping[str, Any]) -> None:
    for name, definition in definitions.items():
        if not isinstance(definition, Mapping):
            raise ValueError(f"{_FORMAT_ERROR}Every Parameters member must be an object: {name}")
        if "Type" not in definition:
            raise ValueError(f"{_FORMAT_ERROR}Every Parameters object must contain a Type member.")
        if unknown := [one for one in definition if one not in _PARAMETER_PROPERTIES]:
            raise ValueError(f"Invalid template parameter property '{unknown[0]}'")
        if isinstance(definition.get("Default", ""), list | dict):
            raise ValueError(f"{_FORMAT_ERROR}Every Default member must be a string.")
        if not isinstance(definition.get("AllowedValues", []), list):
            raise ValueError(f"{_FORMAT_ERROR}Every AllowedValues member must be a list.")
        if not _TYPE.fullmatch(str(definition["Type"])):
            raise ValueError(f"{_FORMAT_ERROR}Unrecognized parameter type: {definition['Type']}")


def _has_no_previous(
    given: Mapping[str, Any], name: str, previous_params: Mapping[str, Any]
) -> bool:
    return bool(given.get("UsePreviousValue")) and name not in previous_params


def _check_allowed(
    name: str,
    definition: Mapping[str, Any],
    given: Mapping[str, Any] | None,
    previous_params: Mapping[str, Any],
) -> None:
    """Checks the allowed values, which apply to each member of a list."""
    if given is None:
        value = definition["Default"]
    elif given.get("UsePreviousValue"):
        kept = previous_params.get(name, definition.get("Default", ""))
        value = kept["Value"] if isinstance(kept, Mapping) else kept
    else:
        value = given.get("Value", "")
    text = template_text.scalar_text(value)
    is_list = definition["Type"] == "CommaDelimitedList" or definition["Type"].startswith("List<")
    members = [one.strip() for one in str(text).split(",")] if is_list else [str(text)]
    allowed = [str(template_text.scalar_text(one)) for one in definition["AllowedValues"]]
    if any(one not in allowed for one in members):
        reason = definition.get("ConstraintDescription")
        raise ValueError(
            f"Parameter '{name}' failed to satisfy constraint: {reason}"
            if reason
            else f"Parameter '{name}' must be one of AllowedValues [{', '.join(allowed)}]"
        )
