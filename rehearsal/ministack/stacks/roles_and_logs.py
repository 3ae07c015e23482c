"""Roles of a stack keep their permissions boundary, and log groups get the names that AWS gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import iam
from ministack.services.cloudformation import provisioners

from rehearsal.ministack.stacks.stack_rows import wrap_row

_LONGEST_LOG_GROUP_NAME = 512


def install() -> None:
    """Corrects ministack's rows of AWS::IAM::Role and AWS::Logs::LogGroup."""
    wrap_row("AWS::IAM::Role", create=_bounded_create, update=_bounded_update)
    wrap_row("AWS::Logs::LogGroup", create=_named_create, update=_named_update)


def _bounded_create(stock: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        made = stock(logical_id, properties, stack_name)
        _bound(made[0], properties)
        return made

    return create


def _bounded_update(stock: Callable[..., Any]) -> Callable[..., Any]:
    def update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any, **named: Any
    ) -> Any:
        made = stock(physical_id, old, new, *rest, **named)
        _bound(made[0], new)
        return made

    return update


def _bound(role_name: str, properties: dict[str, Any]) -> None:
    """ministack's row drops the property, and a role without its boundary may do too much."""
    iam._roles[role_name]["PermissionsBoundary"] = properties.get("PermissionsBoundary")


def _named_create(stock: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        generated = provisioners._physical_name(
            stack_name, logical_id, max_len=_LONGEST_LOG_GROUP_NAME
        )
        return stock(logical_id, {"LogGroupName": generated, **properties}, stack_name)

    return create


def _named_update(stock: Callable[..., Any]) -> Callable[..., Any]:
    def update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any, **named: Any
    ) -> Any:
        kept = {"LogGroupName": physical_id}
        return stock(physical_id, kept | old, kept | new, *rest, **named)

    return update
