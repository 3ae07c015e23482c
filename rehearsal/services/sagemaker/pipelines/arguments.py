"""Validation of step arguments against the request shapes of SageMaker's API."""

from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from rehearsal.framework.protocols.patterns import matches
from rehearsal.services.sagemaker import service_model
from rehearsal.services.sagemaker.pipelines.references import is_variable
from rehearsal.services.sagemaker.pipelines.value_types import Types, type_of_shape

# Pipelines generate the names of the resources that a step creates.
_GENERATED = {
    "ProcessingJobName",
    "TrainingJobName",
    "HyperParameterTuningJobName",
    "TransformJobName",
    "ModelName",
    "EndpointConfigName",
    "EndpointName",
}
# CreatePipeline accepts "*": test_model_create_and_registration.py of the SageMaker SDK.
_WITHOUT_PATTERN = ("ContentType", "ResponseMIMEType")
_SHOWN = 160


# Pipelines reject these members: "Unknown Argument member".
_NOT_IN_PIPELINES = {"CreateModelPackage": ("ModelPackageName",)}


def check_arguments(operation: str, arguments: Any, where: str, types: Types) -> None:
    """Reports every difference between a step's Arguments and the operation's request.

    Args:
        operation: the API name of the operation.
        arguments: the Arguments of the step.
        where: the name of the step.
        types: the types of references, whose report takes the differences.
    """
    for member in _NOT_IN_PIPELINES.get(operation, ()):
        if member in arguments:
            problem = "Pipelines generate the name"
            types.report.append(f"Unknown Argument member '{member}'. ({where}: {problem}.)")
    name = _own_name(operation)
    _Check(types, generated=name if name in _GENERATED else "").check(
        arguments, service_model.input_shape(operation), where
    )


def check_shape(value: Any, shape: Shape, where: str, types: Types, generated: str) -> None:
    """Reports every difference between a value and a shape of another service.

    Args:
        value: the value.
        shape: the shape.
        where: the path of the value.
        types: the types of references, whose report takes the differences.
        generated: a required member that Pipelines supply.
    """
    _Check(types, generated=generated).check(value, shape, where)


def _own_name(operation: str) -> str:
    return f"{operation.removeprefix('Create')}Name"


class _Check:
    """Walks a value along a shape. A reference fits a shape of its type."""

    def __init__(self, types: Types, *, generated: str) -> None:
        self._types = types
        self._report = types.report
        self._generated = generated

    def check(self, value: Any, shape: Shape, path: str) -> None:
        if is_variable(value):
            self._variable(value, shape, path)
        elif isinstance(shape, StructureShape):
            self._structure(value, shape, path)
        elif isinstance(shape, ListShape):
            self._list(value, shape, path)
        elif isinstance(shape, MapShape):
            self._map(value, shape, path)
        elif shape.type_name == "string":
            self._string(value, shape, path)
        elif shape.type_name == "boolean":
            if not isinstance(value, bool):
                self._add(path, f"expected a boolean, got {value!r}")
        elif shape.type_name in ("integer", "long", "float", "double"):
            self._number(value, shape, path)

    def _add(self, path: str, problem: str) -> None:
        self._report.append(f"{path}: {problem}.")

    def _variable(self, value: Mapping[str, Any], shape: Shape, path: str) -> None:
        if isinstance(shape, ListShape):
            given = next(iter(value.values()))
            self._parse(f"Expecting start of Json Array. ({path} is a list; got {given}.)")
        elif isinstance(shape, StructureShape):
            name = next(iter(value))
            known = ", ".join(sorted(shape.members))[:_SHOWN]
            self._parse(f"Unknown Argument member '{name}'. ({path} is an object of {known}.)")
        else:
            self._types.check_assigned(value, type_of_shape(shape), path)

    def _parse(self, problem: str) -> None:
        """Reports a problem that begins with AWS's words."""
        self._report.append(problem)

    def _structure(self, value: Any, shape: StructureShape, path: str) -> None:
        if not isinstance(value, dict):
            self._parse(f"Expecting start of Json Object. ({path}: got {value!r}.)")
            return
        for name, member in value.items():
            if name in shape.members:
                self.check(member, shape.members[name], f"{path}.{name}")
            else:
                known = ", ".join(sorted(shape.members))[:_SHOWN]
                place = f"{path}.{name}: unknown member of {shape.name}; known: {known}"
                self._parse(f"Unknown Argument member '{name}'. ({place}.)")
        for name in shape.required_members:
            supplied = shape.members[name].metadata.get("idempotencyToken")
            if name not in value and name != self._generated and not supplied:
                self._add(f"{path}.{name}", f"required by {shape.name}")

    def _list(self, value: Any, shape: ListShape, path: str) -> None:
        if not isinstance(value, list):
            self._parse(f"Expecting start of Json Array. ({path}: got {value!r}.)")
            return
        self._length(len(value), "items", shape, path)
        for index, item in enumerate(value):
            self.check(item, shape.member, f"{path}[{index}]")

    def _map(self, value: Any, shape: MapShape, path: str) -> None:
        if not isinstance(value, dict):
            self._parse(f"Expecting start of Json Object. ({path}: got {value!r}.)")
            return
        for key, item in value.items():
            self.check(key, shape.key, f"{path}<{key}>")
            self.check(item, shape.value, f"{path}.{key}")

    def _string(self, value: Any, shape: Shape, path: str) -> None:
        if not isinstance(value, str):
            self._add(path, f"expected a string, got {value!r}")
            return
        enum = getattr(shape, "enum", None)
        if enum and value not in enum:
            self._parse(
                f"Model Validation failed: Value '{value}' for '{shape.name}' failed to satisfy "
                f"enum value set: [{', '.join(enum)[:_SHOWN]}]. ({path}.)"
            )
        self._length(len(value), "characters", shape, path)
        pattern = shape.metadata.get("pattern")
        if shape.name in _WITHOUT_PATTERN:
            return
        if pattern and not matches(pattern, value):
            self._add(path, f"{value!r} does not match {pattern}")

    def _number(self, value: Any, shape: Shape, path: str) -> None:
        whole = shape.type_name in ("integer", "long")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or (whole and int(value) != value):
            self._add(path, f"expected {shape.type_name}, got {value!r}")
            return
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            self._add(path, f"{value} is outside {low}..{high}")

    def _length(self, length: int, unit: str, shape: Shape, path: str) -> None:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if length < (low or 0) or (high is not None and length > high):
            self._add(path, f"{length} {unit}, allowed {low or 0}..{high}")
