"""The model card JSON schema, made of the schema of AWS::SageMaker::ModelCard.

Both say the same: the one in snake_case ("Model card JSON schema" in the developer guide), the
other in PascalCase.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from rehearsal.cloudformation.resource_schemas import schema_of
from rehearsal.framework.platform import AwsError

_TYPE = "AWS::SageMaker::ModelCard"
_WORD = re.compile(r"(?<=[a-zA-Z])(?=[A-Z])")
_MOST_PROBLEMS = 3
# Names below these are the customer's own.
_FREE = ("custom_details", "metadata")


def check_content(text: str) -> None:
    """Refuses content that is no model card."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _refusal(f"it is not JSON ({error})") from None
    found = [
        f"{'.'.join(map(str, error.absolute_path)) or 'the content'}: {error.message}"
        for error in _validator().iter_errors(content)
    ]
    if found:
        raise _refusal("; ".join(sorted(found)[:_MOST_PROBLEMS]))


def to_json_content(content: Mapping[str, Any]) -> str:
    """The content of a template's resource as the API takes it."""
    return json.dumps(_renamed(content, snake_case))


def snake_case(name: str) -> str:
    """`XAxisName` as `x_axis_name`."""
    return _WORD.sub("_", name).lower()


@cache
def _validator() -> Any:
    import jsonschema  # for who writes a card, not at each start

    schema: Any = schema_of(_TYPE)
    definitions = {name: _in_snake_case(node) for name, node in schema["definitions"].items()}
    return jsonschema.Draft7Validator({**definitions["Content"], "definitions": definitions})


def _in_snake_case(node: Any) -> Any:
    """A schema whose properties are named as the API names them."""
    if isinstance(node, list):
        return [_in_snake_case(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    # What CloudFormation limits as text, the API limits as text, too; an object has no length.
    kept = {name: value for name, value in node.items() if name != "description"}
    if kept.get("type") == "object":
        kept = {
            name: value for name, value in kept.items() if name not in ("maxLength", "minLength")
        }
    changed = {name: _in_snake_case(value) for name, value in kept.items()}
    if isinstance(kept.get("properties"), Mapping):
        changed["properties"] = {
            snake_case(name): _in_snake_case(value) for name, value in kept["properties"].items()
        }
    if isinstance(kept.get("required"), list):
        changed["required"] = [snake_case(name) for name in kept["required"]]
    return changed


def _renamed(value: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, rename) for item in value]
    if not isinstance(value, Mapping):
        return value
    renamed = {}
    for name, item in value.items():
        new = rename(name)
        renamed[new] = item if new in _FREE else _renamed(item, rename)
    return renamed


def _refusal(reason: str) -> AwsError:
    message = f"Model card content does not follow the model card JSON schema: {reason}."
    return AwsError("ValidationException", message)
