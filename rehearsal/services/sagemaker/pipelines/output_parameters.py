"""Output parameters of Lambda and Callback steps.

Source: "OutputParameter" of the API reference, and "Lambda step" and "Callback step" of the
developer guide.
"""

from collections.abc import Mapping
from typing import Any

from rehearsal.services.sagemaker.pipelines.value_types import output_types
from rehearsal.services.sagemaker.pipelines.values import text_of, value_of_text

MAX_VALUE = 1024
"""Characters of the value of an output parameter."""


class OutputError(Exception):
    """The output of a step is not what its OutputParameters declare; the text says why."""


def typed_outputs(step: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the declared output parameters of a step, each with its type.

    Args:
        step: a Lambda or Callback step.
        given: what the step has put out, by name.

    Raises:
        OutputError: a parameter is missing, too long or of another type.
    """
    values = {}
    for name, kind in output_types(step).items():
        if name not in given:
            known = ", ".join(sorted(given)) or "none"
            raise OutputError(f"there is no output parameter {name}; got {known}")
        value = given[name]
        if value is None or isinstance(value, dict | list):
            raise OutputError(f"output parameter {name} must be of type {kind}; got {value!r}")
        text = text_of(value)
        if len(text) > MAX_VALUE:
            raise OutputError(
                f"output parameter {name} has {len(text)} characters, allowed are {MAX_VALUE}"
            )
        try:
            values[name] = value_of_text(kind, text)
        except ValueError as error:
            raise OutputError(
                f"output parameter {name} must be of type {kind}; got {value!r}"
            ) from error
    return values


def listed_outputs(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns output parameters as the metadata of a step shows them."""
    return [{"Name": name, "Value": text_of(value)} for name, value in values.items()]
