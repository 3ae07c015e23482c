"""The permissions boundary of a role of a stack."""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import iam

from rehearsal.ministack.registry import resource_handler

_BOUNDARY = {
    "why": "A role of a stack loses its permissions boundary.",
    "until": "ministack keeps PermissionsBoundary of AWS::IAM::Role.",
}


@resource_handler("AWS::IAM::Role", "create", **_BOUNDARY)
def create_role(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    created = previous(logical_id, props, stack_name)
    _set_boundary(created[0], props)
    return created


@resource_handler("AWS::IAM::Role", "update", **_BOUNDARY)
def update_role(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
    logical_id: str | None = None,
) -> Any:
    updated = previous(physical_id, old_props, new_props, stack_name, logical_id)
    _set_boundary(updated[0], new_props)
    return updated


def _set_boundary(role_name: str, properties: Mapping[str, Any]) -> None:
    iam._roles[role_name]["PermissionsBoundary"] = properties.get("PermissionsBoundary")
