"""SageMaker's API as botocore describes it: shapes of responses and documented errors."""

from collections.abc import Mapping
from typing import Any, cast

from botocore.model import ListShape, OperationModel, ServiceModel, StructureShape

from rehearsal.framework import service_models


def service_model(service: str = "sagemaker") -> ServiceModel:
    """Returns the API description of the installed botocore.

    Args:
        service: botocore's name of the service. Defaults to SageMaker.
    """
    return service_models.service_model(service)


def operation(name: str, service: str = "sagemaker") -> OperationModel:
    """Returns an operation by its API name, such as `CreateModel`."""
    return service_model(service).operation_model(name)


def output_shape(name: str, service: str = "sagemaker") -> StructureShape:
    """Returns the shape of the response of an operation."""
    return cast(StructureShape, operation(name, service).output_shape)


def input_shape(name: str, service: str = "sagemaker") -> StructureShape:
    """Returns the shape of the request of an operation."""
    return cast(StructureShape, operation(name, service).input_shape)


def summary_shape(name: str, member: str) -> StructureShape:
    """Returns the shape of one entry in the response of a List operation."""
    listed = cast(ListShape, output_shape(name).members[member])
    return cast(StructureShape, listed.member)


def select(record: Mapping[str, Any], shape: StructureShape) -> dict[str, Any]:
    """Returns the members of a record that a shape has and that have a value."""
    return {name: record[name] for name in shape.members if record.get(name) is not None}


def documents_error(name: str, code: str) -> bool:
    """Returns True if an operation documents an error code."""
    return any(
        shape.metadata.get("error", {}).get("code", shape.name) == code
        for shape in operation(name).error_shapes
    )
