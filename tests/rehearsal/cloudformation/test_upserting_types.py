"""Resource types whose creation is an operation that also updates: what exists fails it."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from rehearsal import services
from rehearsal.cloudformation.resource_handler import ResourceHandler
from rehearsal.cloudformation.resource_schemas import schema_of
from rehearsal.cloudformation.resource_types import ResourceFailure, ResourceType
from tests.rehearsal.fakes import SCOPE

pytestmark = pytest.mark.unit


def _types() -> Iterator[ResourceType]:
    for module in pkgutil.walk_packages(services.__path__, f"{services.__name__}."):
        if module.name.endswith(".resource_types"):
            for one in getattr(importlib.import_module(module.name), "RESOURCE_TYPES", ()):
                if one.create.startswith(("Put", "Register")):
                    yield one


class _Client:
    """A client that finds a resource, or nothing, and keeps its calls."""

    def __init__(self, of: ResourceType, found: dict[str, Any] | None) -> None:
        self.meta = SimpleNamespace(
            service_model=botocore.session.Session().get_service_model(of.service)
        )
        self.calls: list[str] = []
        self._type = of
        self._found = found

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append(name)
            if name != xform_name(str(self._type.describe)):
                return {}
            if self._found is None:
                raise ClientError({"Error": {"Code": "ResourceNotFound", "Message": ""}}, name)
            return self._found

        return call


def _described(resource_type: ResourceType) -> dict[str, Any]:
    """Returns a response of `describe` with each value of the type."""
    response: dict[str, Any] = {}
    paths = (resource_type.ref, resource_type.arn, *resource_type.attributes.values())
    for path in paths:
        if isinstance(path, str):
            at: Any = response
            *parents, last = [part for part in path.split(".") if not part.isdigit()]
            for part in parents:
                at = at.setdefault(part, [{}])[0]
            at[last] = "any"
    return response


def _properties(resource_type: ResourceType) -> dict[str, Any]:
    schema = schema_of(resource_type.type_name) or {}
    known = dict.fromkeys(schema.get("required", []), "1")
    named = {resource_type.name_property: "named"} if resource_type.name_property else {}
    identified = {name: "1" for name in resource_type.identifier if name in schema["properties"]}
    return {**known, **identified, **named}


@pytest.mark.parametrize("of", [pytest.param(one, id=one.type_name) for one in _types()])
def test_a_resource_that_exists_is_not_written_over(of: ResourceType) -> None:
    client = _Client(of, _described(of))
    with pytest.raises(ResourceFailure, match="already exists"):
        ResourceHandler(of).create(client, SCOPE, _properties(of), "generated")
    assert client.calls == [xform_name(str(of.describe))]


@pytest.mark.parametrize("of", [pytest.param(one, id=one.type_name) for one in _types()])
def test_a_resource_that_does_not_exist_is_created(of: ResourceType) -> None:
    client = _Client(of, None)
    with pytest.raises(ResourceFailure):  # the response of the creation has no identifier
        ResourceHandler(of).create(client, SCOPE, _properties(of), "generated")
    assert client.calls[:2] == [xform_name(str(of.describe)), xform_name(of.create)]
