"""Policies of event buses: who may put events on them.

ministack keeps statements as they are asked for, and drops whole policies; here they are kept as
AWS describes them. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

from rehearsal.ministack.scope import current_scope
from rehearsal.ministack.stacks.stack_rows import wrap_row

_ACCOUNT = re.compile(r"\d{12}")
_TYPE = "AWS::Events::EventBusPolicy"
Row = Callable[..., Any]


def install() -> None:
    """Replaces PutPermission; adds AWS::Events::EventBusPolicy, and the Policy of a bus."""
    eventbridge._put_permission = _put_permission
    provisioners._RESOURCE_HANDLERS[_TYPE] = {
        "create": lambda logical_id, properties, stack: _create(properties),
        "update": lambda physical_id, old, new, *rest: _create(new),
        "delete": _delete,
    }
    provisioners._REPLACING_PROPERTIES[_TYPE] = ("EventBusName", "StatementId")
    wrap_row("AWS::Events::EventBus", create=_with_policy, update=_with_policy)


def _put_permission(request: dict[str, Any]) -> Any:
    bus = request.get("EventBusName") or "default"
    eventbridge._ensure_default_bus()
    if bus not in eventbridge._event_buses:
        message = f"Event bus {bus} does not exist."
        return eventbridge.error_response_json("ResourceNotFoundException", message, 400)
    if "Policy" in request:
        _keep(bus, json.loads(request["Policy"]))
    else:
        _add(bus, request["StatementId"], _statement(bus, request))
    return eventbridge.json_response({})


def _create(properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A template gives a whole Statement, or what PutPermission takes."""
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
        _keep(bus, {**policy, "Statement": kept})


def _with_policy(stock: Row) -> Row:
    def handle(*arguments: Any, **named: Any) -> Any:
        made = stock(*arguments, **named)
        # create(logical id, properties, stack), update(physical id, old, new, stack)
        properties = arguments[1] if len(arguments) == 3 else arguments[2]
        if "Policy" in properties:
            given = properties["Policy"]
            _keep(made[0], json.loads(given) if isinstance(given, str) else given)
        return made

    return handle


def _statement(bus: str, request: Mapping[str, Any]) -> dict[str, Any]:
    principal = request.get("Principal", "*")
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{principal}:root"}
        if _ACCOUNT.fullmatch(principal)
        else principal,
        "Action": request.get("Action", "events:PutEvents"),
        "Resource": current_scope().arn("events", f"event-bus/{bus}"),
    }
    if condition := request.get("Condition"):
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement


def _add(bus: str, sid: str, statement: dict[str, Any]) -> None:
    policy = eventbridge._event_bus_policies.get(bus) or {}
    kept = [one for one in policy.get("Statement", []) if one.get("Sid") != sid]
    _keep(bus, {"Version": "2012-10-17", "Statement": [*kept, {"Sid": sid, **statement}]})


def _keep(bus: str, policy: Mapping[str, Any]) -> None:
    if policy.get("Statement"):
        eventbridge._event_bus_policies[bus] = dict(policy)
    else:
        eventbridge._event_bus_policies.pop(bus, None)
