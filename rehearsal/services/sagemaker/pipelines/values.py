"""Values of a running pipeline: parameters, execution variables, properties of steps, functions."""

import copy
import datetime
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rehearsal.services.sagemaker.pipelines.definition import Definition
from rehearsal.services.sagemaker.pipelines.references import (
    JOB_VARIABLES,
    Reference,
    parse_path,
    parse_reference,
)

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

ReadObject = Callable[[str], bytes]
"""Reads an object by its S3 URI."""


class UnresolvedError(Exception):
    """A reference or function has no value; the text says why."""


class ParameterError(Exception):
    """A parameter of StartPipelineExecution is invalid."""


def given_parameters(entries: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Returns the texts of PipelineParameters by name.

    Raises:
        ParameterError: a parameter is given twice, or without a value.
    """
    given: dict[str, str] = {}
    for entry in entries:
        name, text = entry["Name"], entry["Value"]
        if name in given:
            raise ParameterError(f"Parameter {name} is given more than once.")
        if not text:
            # AWS's words, aws/sagemaker-python-sdk#4016; the API reference gives no minimum.
            raise ParameterError('[string "" is too short (length: 0, required minimum: 1)]')
        given[name] = text
    return given


def parameter_values(
    definition: Definition, given: Mapping[str, str], earlier: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Returns the parameters of an execution, from the request or their defaults.

    Args:
        definition: the definition.
        given: the texts of the request.
        earlier: values of an earlier execution, which replace the defaults. Defaults to none.

    Raises:
        ParameterError: for an unknown or missing parameter, a wrong type or enum value.
    """
    unknown = sorted(given.keys() - definition.parameters.keys())
    if unknown:
        known = ", ".join(definition.parameters) or "none"
        raise ParameterError(
            f"Unknown parameters: {', '.join(unknown)}; the pipeline has: {known}."
        )
    values = {}
    for name, parameter in definition.parameters.items():
        if name in given:
            values[name] = _converted(name, parameter.get("Type", "String"), given[name])
        elif name in (earlier or {}):
            values[name] = (earlier or {})[name]
        elif "DefaultValue" in parameter:
            values[name] = parameter["DefaultValue"]
        else:
            raise ParameterError(f"Parameter {name} has no default and must be given.")
        enum = parameter.get("EnumValues")
        if enum and values[name] not in enum:
            allowed = ", ".join(map(str, enum))
            raise ParameterError(f"Parameter {name} must be one of {allowed}; got {values[name]}.")
    return values


def _converted(name: str, kind: str, text: str) -> Any:
    """Returns the value of a parameter from its text."""
    try:
        return value_of_text(kind, text)
    except ValueError as error:
        raise ParameterError(f"Parameter {name} must be of type {kind}; got {text!r}.") from error


def value_of_text(kind: str, text: str) -> Any:
    """Returns the value of a type from its text.

    Raises:
        ValueError: the text is not of the type.
    """
    if kind == "Integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "Float" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "Boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "String":
        return text
    raise ValueError(f"{text!r} is not of type {kind}")


class Values:
    """The values of references and functions in a definition.

    Args:
        parameters: values by name.
        execution: execution variables by name.
        read_object: reads the S3 object of a property file.
    """

    def __init__(
        self, parameters: Mapping[str, Any], execution: Mapping[str, str], read_object: ReadObject
    ) -> None:
        self._parameters = parameters
        self._execution = execution
        self._read_object = read_object
        self._steps: dict[str, Mapping[str, Any]] = {}
        self._property_files: dict[tuple[str, str], tuple[str, str]] = {}

    def finished(self, step: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
        """Adds the properties of a successful step."""
        for file in step.get("PropertyFiles") or ():
            place = (file["OutputName"], file["FilePath"])
            self._property_files[step["Name"], file["PropertyFileName"]] = place
        self._steps[step["Name"]] = properties

    def of_job(self, name: str) -> "Values":
        """Returns these values with the variables for the name of a step's own job."""
        values = copy.copy(self)
        values._execution = {**self._execution, **dict.fromkeys(JOB_VARIABLES, name)}
        return values

    def resolve(self, node: Any) -> Any:
        """Returns a node with every reference and function replaced by its value."""
        if isinstance(node, list):
            return [self.resolve(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            name, argument = next(iter(node.items()))
            if name == "Get":
                return self._get(parse_reference(argument))
            if name == "Std:Join":
                return self._join(argument)
            if name == "Std:JsonGet":
                return self._json_get(argument)
            if name.startswith("Std:"):
                raise UnresolvedError(f"{name} is not implemented")
        return {name: self.resolve(value) for name, value in node.items()}

    def _get(self, reference: Reference) -> Any:
        if reference.root == "Parameters":
            return self._parameters[reference.name]
        if reference.root == "Execution":
            return self._execution[reference.name]
        if reference.name not in self._steps:
            raise UnresolvedError(f"{reference.text}: the step has not run")
        return follow(self._steps[reference.name], reference)

    def _join(self, argument: Mapping[str, Any]) -> str:
        return str(argument["On"]).join(text_of(self.resolve(item)) for item in argument["Values"])

    def _json_get(self, argument: Mapping[str, Any]) -> Any:
        if "S3Uri" in argument:
            uri = str(self.resolve(argument["S3Uri"]))
        else:
            uri = self._property_file(parse_reference(argument["PropertyFile"]["Get"]))
        try:
            value = json.loads(self._read_object(uri))
        except ValueError as error:
            raise UnresolvedError(f"{uri} is not JSON: {error}") from error
        path = str(self.resolve(argument["Path"]))
        try:
            parts = parse_path(path if path.startswith("[") else f".{path}")
        except ValueError as error:
            raise UnresolvedError(f"Std:JsonGet of {uri}: the path {error}") from error
        return follow(value, Reference("Path", "", parts, f"{path} of {uri}"))

    def _property_file(self, reference: Reference) -> str:
        name = reference.property_file
        place = self._property_files.get((reference.name, name or ""))
        if place is None:
            raise UnresolvedError(f"{reference.text}: the step has not run")
        output, path = place
        outputs = self._steps[reference.name].get("ProcessingOutputConfig", {}).get("Outputs", ())
        target = next((entry for entry in outputs if entry["OutputName"] == output), None)
        if target is None:
            known = ", ".join(entry["OutputName"] for entry in outputs) or "none"
            raise UnresolvedError(f"{reference.text}: no output is named {output}; known: {known}")
        return f"{target['S3Output']['S3Uri'].rstrip('/')}/{path}"


def follow(value: Any, reference: Reference) -> Any:
    """Returns the value at the path of a reference.

    Entries of a list are selected by name, as in `Outputs['train']`.
    """
    for part in reference.path:
        value = _enter(value, part, reference)
    return value


def _enter(value: Any, part: str | int, reference: Reference) -> Any:
    if isinstance(value, Mapping) and part in value:
        return value[part]
    if isinstance(value, list) and isinstance(part, str):
        return _named(value, part, reference)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    raise UnresolvedError(f"{reference.text}: there is no {part}")


def _named(entries: list[Any], name: str, reference: Reference) -> Any:
    for entry in entries:
        if isinstance(entry, Mapping) and name in [
            value for member, value in entry.items() if member.endswith("Name")
        ]:
            return entry
    raise UnresolvedError(f"{reference.text}: nothing is named {name}")


def text_of(value: Any) -> str:
    """Returns a value as text, as JSON writes it: true, not True; a time in ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(value)
