"""Policies of event buses, which allow other accounts to put events.

Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge

from rehearsal.ministack.registry import CLOUDFORMATION, patch, patch_value, resource_handler

_ACCOUNT = re.compile(r"\d{12}")
_TYPE = "AWS::Events::EventBusPolicy"
_BUS = {
    "why": "The Policy of AWS::Events::EventBus is dropped.",
    "until": "ministack applies the Policy of AWS::Events::EventBus.",
}
_NO_TYPE = {
    "why": f"ministack has no {_TYPE}.",
    "until": f"ministack has the resource type {_TYPE}.",
}


@patch(
    "ministack.services.eventbridge:_put_permission",
    why="Statements are kept as the request has them, and the Policy parameter is dropped.",
    until="ministack keeps the policy that PutPermission describes.",
)
def put_permission(previous: object, data: dict[str, Any]) -> Any:
    bus = data.get("EventBusName") or "default"
    eventbridge._ensure_default_bus()
    if bus not in eventbridge._event_buses:
        message = f"Event bus {bus} does not exist."
        return eventbridge.error_response_json("ResourceNotFoundException", message, 400)
    if "Policy" in data:
        _set_policy(bus, json.loads(data["Policy"]))
    else:
        _add(bus, data["StatementId"], _statement(bus, data))
    return eventbridge.json_response({})


@patch_value(f"{CLOUDFORMATION}.provisioners:_RESOURCE_HANDLERS[{_TYPE}]", **_NO_TYPE)
def handlers(previous: object) -> dict[str, Callable[..., Any]]:
    return {
        "create": lambda logical_id, properties, stack: _create(properties),
        "update": lambda physical_id, old, new, *rest: _create(new),
        "delete": _delete,
    }


@patch_value(f"{CLOUDFORMATION}.provisioners:_REPLACING_PROPERTIES[{_TYPE}]", **_NO_TYPE)
def replacing_properties(previous: object) -> tuple[str, ...]:
    return ("EventBusName", "StatementId")


@resource_handler("AWS::Events::EventBus", "create", **_BUS)
def create_bus(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    created = previous(logical_id, props, stack_name)
    _apply_policy(created[0], props)
    return created


@resource_handler("AWS::Events::EventBus", "update", **_BUS)
def update_bus(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
) -> Any:
    updated = previous(physical_id, old_props, new_props, stack_name)
    _apply_policy(updated[0], new_props)
    return updated


def _create(properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A template has a whole Statement, or the parameters of PutPermission."""
    bus, sid = properties.get("EventBusName") or "default", properties["StatementId"]
    eventbridge._ensure_default_bus()
    if bus not in eventbridge._event_buses:
        raise ValueError(f"Event bus {bus} does not exist.")
    given = properties.get("Statement")
    statement = json.loads(given) if isinstance(given, str) else given
    _add(bus, sid, dict(statement) if statement else _statement(bus, properties))
    return f"{bus}|{sid}", {}


def _delete(physical_id: str, properties: Mapping[str, Any]) -> None:
    bus, _, sid = physical_id.partition("|")
    policy = eventbridge._event_bus_policies.get(bus)
    if policy:
        kept = [one for one in policy["Statement"] if one.get("Sid") != sid]
        _set_policy(bus, {**policy, "Statement": kept})


def _apply_policy(bus: str, properties: Mapping[str, Any]) -> None:
    if "Policy" in properties:
        given = properties["Policy"]
        _set_policy(bus, json.loads(given) if isinstance(given, str) else given)


def _statement(bus: str, request: Mapping[str, Any]) -> dict[str, Any]:
    principal = request.get("Principal", "*")
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{principal}:root"}
        if _ACCOUNT.fullmatch(principal)
        else principal,
        "Action": request.get("Action", "events:PutEvents"),
        "Resource": f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/{bus}",
    }
    if condition := request.get("Condition"):
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement


def _add(bus: str, sid: str, statement: dict[str, Any]) -> None:
    policy = eventbridge._event_bus_policies.get(bus) or {}
    kept = [one for one in policy.get("Statement", []) if one.get("Sid") != sid]
    _set_policy(bus, {"Version": "2012-10-17", "Statement": [*kept, {"Sid": sid, **statement}]})


def _set_policy(bus: str, policy: Mapping[str, Any]) -> None:
    if policy.get("Statement"):
        eventbridge._event_bus_policies[bus] = dict(policy)
    else:
        eventbridge._event_bus_policies.pop(bus, None)
