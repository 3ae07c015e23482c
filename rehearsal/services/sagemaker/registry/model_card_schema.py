"""The model card JSON schema, derived from the schema of AWS::SageMaker::ModelCard.

The two differ in case only: snake_case ("Model card JSON schema" in the developer guide) and
PascalCase.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from rehearsal.cloudformation.resource_schemas import schema_of
from rehearsal.framework.platform import AwsError

_TYPE = "AWS::SageMaker::ModelCard"
_WORD = re.compile(r"(?<=[a-zA-Z])(?=[A-Z])")
_MAX_PROBLEMS = 3
# Names below these are chosen by the customer.
_FREE = ("custom_details", "metadata")


def check_content(text: str) -> None:
    """Validates the content of a model card.

    Raises:
        AwsError: ValidationException, if it does not follow the schema.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _invalid(f"it is not JSON ({error})") from None
    found = [
        f"{'.'.join(map(str, error.absolute_path)) or 'the content'}: {error.message}"
        for error in _validator().iter_errors(content)
    ]
    if found:
        raise _invalid("; ".join(sorted(found)[:_MAX_PROBLEMS]))


def check_card(request: Mapping[str, Any]) -> None:
    """Validates the model card of a model package, if the request has one.

    Its schema is that of a model card without the details of a package.

    Raises:
        AwsError: ValidationException, if it does not follow the schema.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema
    """
    content = request.get("ModelCard", {}).get("ModelCardContent")
    if content is None:
        return
    check_content(content)
    if "model_package_details" in json.loads(content):
        raise _invalid("model_package_details is unknown in the card of a model package")


def to_json_content(content: Mapping[str, Any]) -> str:
    """Returns the content of a template's resource as the API expects it."""
    return json.dumps(_renamed(content, snake_case))


def snake_case(name: str) -> str:
    """Returns `XAxisName` as `x_axis_name`."""
    return _WORD.sub("_", name).lower()


@cache
def _validator() -> Any:
    import jsonschema  # loaded on demand: most servers validate no card

    schema: Any = schema_of(_TYPE)
    definitions = {name: _in_snake_case(node) for name, node in schema["definitions"].items()}
    return jsonschema.Draft7Validator({**definitions["Content"], "definitions": definitions})


def _in_snake_case(node: Any) -> Any:
    """Returns a schema with the property names of the API."""
    if isinstance(node, list):
        return [_in_snake_case(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    # A length limits text in both schemas; an object has no length.
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


def _invalid(reason: str) -> AwsError:
    message = f"Model card content does not follow the model card JSON schema: {reason}."
    return AwsError("ValidationException", message)
