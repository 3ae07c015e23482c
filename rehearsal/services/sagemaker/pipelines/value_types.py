"""Types of the values in a definition, which CreatePipeline compares with what each place takes.

A reference has the type of its parameter, of the property in the Describe response, or of the
output parameter of a step. Pipelines converts nothing but in `Std:Join`, whose value is a string.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from rehearsal.services.sagemaker.pipelines.references import (
    CHECK_PROPERTIES,
    is_variable,
    parse_reference,
    property_shape,
)

STRING, INTEGER, FLOAT, BOOLEAN = "String", "Integer", "Float", "Boolean"
DATE_TIME = "DateTime"
"""The type of a time in a Describe response."""

PRIMITIVES = (STRING, INTEGER, FLOAT, BOOLEAN)
FUNCTIONS = ("Std:Join", "Std:JsonGet")
_SHAPES = {
    "string": STRING,
    "integer": INTEGER,
    "long": INTEGER,
    "float": FLOAT,
    "double": FLOAT,
    "boolean": BOOLEAN,
    "timestamp": DATE_TIME,
}


@dataclass(frozen=True)
class Types:
    """The types of what the references of a definition name.

    Args:
        parameters: the types of the parameters, by name.
        steps: the steps, by name.
        report: takes problems with the form of functions.
    """

    parameters: Mapping[str, str]
    steps: Mapping[str, Mapping[str, Any]]
    report: list[str] = field(default_factory=list)

    def of(self, value: Any) -> str | None:
        """Returns the type of a value; None if only the run can determine it."""
        if is_variable(value):
            name, argument = next(iter(value.items()))
            if name == "Get":
                return self._of_reference(argument)
            return STRING if name == "Std:Join" else None
        if isinstance(value, bool):
            return BOOLEAN
        if isinstance(value, int):
            return INTEGER
        if isinstance(value, float):
            return FLOAT
        return STRING if isinstance(value, str) else None

    def _of_reference(self, text: Any) -> str | None:
        try:
            reference = parse_reference(text)
        except (TypeError, ValueError):
            return None
        if reference.root == "Parameters":
            return self.parameters.get(reference.name)
        if reference.root == "Execution":
            return STRING
        step = self.steps.get(reference.name)
        if step is None or reference.property_file is not None:
            return None
        if reference.path and reference.path[0] == "OutputParameters":
            return output_types(step).get(str(reference.path[-1]))
        if step["Type"] in CHECK_PROPERTIES:
            return STRING
        if step["Type"] == "Condition":
            return BOOLEAN
        shape = property_shape(step, reference.path)
        return None if isinstance(shape, str | None) else type_of_shape(shape)

    def of_side(self, value: Any) -> str | None:
        """Returns the type of one side of a condition; None if only the run can determine it.

        The values of a map, such as HyperParameters, are compared with numbers, too:
        test_workflow.py of the SageMaker SDK.
        """
        found = self.of(value)
        if found == STRING and is_variable(value) and "Get" in value:
            reference = parse_reference(value["Get"])
            step = self.steps.get(reference.name)
            if reference.root == "Steps" and step is not None and reference.path:
                parent = property_shape(step, reference.path[:-1])
                return None if isinstance(parent, MapShape) else found
        return found

    def check_assigned(self, value: Any, wanted: str, where: str) -> None:
        """Reports a reference or function whose type is not that of the place.

        Args:
            value: a reference or function.
            wanted: the type of the place.
            where: the place.
        """
        found = self.of(value)
        if found is None or found == wanted or (wanted, found) == (FLOAT, INTEGER):
            return
        name, argument = next(iter(value.items()))
        what = f"property reference [{argument}]" if name == "Get" else f"function [{name}]"
        advice = ""
        if wanted == STRING and found in (*PRIMITIVES, DATE_TIME):
            advice = ": convert it with Std:Join (to_string() of the SageMaker Python SDK)"
        self.report.append(
            f"Cannot assign {what} to argument of type [{wanted}]. ({where} has a value of type "
            f"{found}{advice}.)"
        )

    def check(self, value: Any, wanted: str, where: str) -> None:
        """Reports a value, reference or function whose type is not that of the place.

        Args:
            value: the value; None is not checked.
            wanted: the type of the place.
            where: the place.
        """
        if is_variable(value):
            self.check_assigned(value, wanted, where)
        elif value is not None and self.of(value) != wanted:
            self.report.append(f"{where}: {value!r} is not of type {wanted}.")

    def check_functions(self, node: Any, where: str) -> None:
        """Reports problems with the form of the functions below a node."""
        for function, path in _functions(node, where):
            name, argument = next(iter(function.items()))
            if name not in FUNCTIONS:
                known = ", ".join(FUNCTIONS)
                self.report.append(f"{path}: {name} is not implemented; known: Get, {known}.")
            elif not isinstance(argument, dict):
                self.report.append(f"{path}: {name} takes an object; got {argument!r}.")
            elif name == "Std:Join":
                self._check_join(argument, path)
            else:
                self._check_json_get(argument, path)

    def _check_join(self, argument: Mapping[str, Any], path: str) -> None:
        self._check_members(argument, {"On", "Values"}, path)
        if not isinstance(argument.get("On", ""), str):
            self.report.append(f"{path}.On: expected a string, got {argument['On']!r}.")
        values = argument.get("Values")
        if not isinstance(values, list):
            self.report.append(f"Expecting start of Json Array. ({path}.Values: got {values!r}.)")
            return
        for index, value in enumerate(values):
            place = f"{path}.Values[{index}]"
            if not is_variable(value) and self.of(value) is None:
                self.report.append(f"{place}: Std:Join joins single values; got {value!r}.")
            elif self.of(value) in ("Object", "Array", "Map"):
                self.check_assigned(value, STRING, place)

    def _check_json_get(self, argument: Mapping[str, Any], path: str) -> None:
        self._check_members(argument, {"PropertyFile", "S3Uri", "Path"}, path)
        if ("PropertyFile" in argument) == ("S3Uri" in argument):
            self.report.append(f"{path}: Std:JsonGet takes either PropertyFile or S3Uri.")
        if "PropertyFile" in argument and not _names_property_file(argument["PropertyFile"]):
            self.report.append(f"{path}.PropertyFile: expected a reference to a property file.")
        for member in ("S3Uri", "Path"):
            value = argument.get(member, "")
            if is_variable(value):
                self.check_assigned(value, STRING, f"{path}.{member}")
            elif not isinstance(value, str):
                self.report.append(f"{path}.{member}: expected a string, got {value!r}.")
        if "Path" not in argument:
            self.report.append(f"{path}: Std:JsonGet needs Path.")

    def _check_members(self, argument: Mapping[str, Any], known: set[str], path: str) -> None:
        for member in sorted(argument.keys() - known):
            self.report.append(f"{path}: unknown member {member}; known: {', '.join(known)}.")


def type_of_shape(shape: Shape) -> str:
    """Returns the type of a shape in the words of pipeline definitions."""
    if isinstance(shape, StructureShape):
        return "Object"
    if isinstance(shape, ListShape):
        return "Array"
    if isinstance(shape, MapShape):
        return "Map"
    return _SHAPES.get(shape.type_name, STRING)


def output_types(step: Mapping[str, Any]) -> dict[str, str]:
    """Returns the types of the output parameters of a Lambda or Callback step, by name."""
    return {
        output["OutputName"]: output.get("OutputType", STRING)
        for output in step.get("OutputParameters") or ()
    }


def _names_property_file(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"Get"}:
        return False
    try:
        return parse_reference(value["Get"]).property_file is not None
    except (TypeError, ValueError):
        return False


def _functions(node: Any, where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yields the functions below a node, except those in the branches of a condition."""
    if isinstance(node, dict):
        if is_variable(node) and "Get" not in node:
            yield node, where
        for name, child in node.items():
            if name not in ("IfSteps", "ElseSteps"):
                yield from _functions(child, f"{where}.{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _functions(child, f"{where}[{index}]")
