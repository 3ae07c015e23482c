"""Requests with required members alone: no operation fails for a member that may be missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from rehearsal.framework.platform import AwsError
from rehearsal.framework.service import Service
from rehearsal.services.codebuild import CodeBuild
from rehearsal.services.codecommit import CodeCommit
from rehearsal.services.codepipeline import CodePipeline
from rehearsal.services.sagemaker.service import SageMaker
from rehearsal.services.servicecatalog import ServiceCatalog
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane

SERVICES = (CodeBuild, CodeCommit, CodePipeline, SageMaker, ServiceCatalog)


def minimal(shape: Shape) -> Any:
    """A value with the required members of a shape."""
    members = getattr(shape, "members", None)
    if members is not None:
        required = getattr(shape, "required_members", ())
        return {name: minimal(members[name]) for name in required}
    if shape.type_name == "list":
        return [minimal(shape.member)]  # type: ignore[attr-defined]
    if shape.type_name == "map":
        return {}
    enum = getattr(shape, "enum", None)
    values = {"string": enum[0] if enum else "x", "boolean": False, "blob": b"x"}
    return values.get(shape.type_name, shape.metadata.get("min", 1))


def operations() -> Iterator[tuple[type[Service], OperationModel]]:
    for kind in SERVICES:
        model = ServiceModel(Loader().load_service_model(kind.name, "service-2"), kind.name)
        service = made(kind, Path("/nonexistent"))
        for name in model.operation_names:
            if service.operation(xform_name(name)) is not None:
                yield kind, model.operation_model(name)
        service.close()


def made(kind: type[Service], directory: Path) -> Service:
    platform = FakePlatform(directory)
    if kind is SageMaker:
        service: Service = SageMaker(platform, FakeDataPlane())
        service.peers = {"servicecatalog": ServiceCatalog(platform)}
        return service
    return kind(platform)


@pytest.mark.parametrize(
    ("kind", "operation"),
    [pytest.param(*one, id=f"{one[0].name}-{one[1].name}") for one in operations()],
)
def test_an_optional_member_may_be_missing(
    kind: type[Service], operation: OperationModel, tmp_path: Path
) -> None:
    service = made(kind, tmp_path)
    request = minimal(operation.input_shape) if operation.input_shape else {}
    implementation = service.operation(xform_name(operation.name))
    assert implementation is not None

    try:
        assert service.resource_arns(operation.name, request, SCOPE)
        service.condition_keys(operation.name, request, SCOPE)
        assert isinstance(implementation(request, CALLER), dict | None)
    except AwsError as error:
        assert error.code != "InternalFailure"  # an error is allowed, not required
    finally:
        service.close()
