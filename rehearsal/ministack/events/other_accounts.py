"""PutEvents to event buses of other accounts, by the policy of each bus.

Events name the account that put them.

Source: "Sending and receiving events between AWS accounts in Amazon EventBridge".
"""

import contextvars
import json
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.ministack.corrections.resource_arns import operation_of, request_of
from rehearsal.ministack.iam import identity
from rehearsal.ministack.iam.resource_policies import authorize_bus
from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import current_scope, in_scope
from rehearsal.ministack.routing import Handler, Response

_WHY = "The event bus of another account seems not to exist."
_UNTIL = "ministack puts events on buses of other accounts."
_MAX_ENTRIES = 10
_sender: contextvars.ContextVar[str | None] = contextvars.ContextVar("sender", default=None)


@patch("ministack.app:SERVICE_HANDLERS[events]", why=_WHY, until=_UNTIL, after="iam.pass_role")
async def handle(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    caller, entries = current_scope(), request_of(body).get("Entries")
    if operation_of(headers) != "PutEvents" or not isinstance(entries, list):
        return await previous(method, path, headers, body, query_params)
    owners = [_owner(entry, caller) for entry in entries]
    if len(entries) > _MAX_ENTRIES or all(owner == caller for owner in owners):
        return await previous(method, path, headers, body, query_params)
    found = identity.access_key(identity.caller_key_id(headers, query_params))
    results = []
    for entry, owner in zip(entries, owners, strict=True):
        try:
            if owner != caller and found is not None:
                authorize_bus(found.principal_arn, entry["EventBusName"], owner, entry)
        except AwsError as error:
            results.append({"ErrorCode": error.code, "ErrorMessage": error.message})
            continue
        token = _sender.set(caller.account)
        try:
            with in_scope(owner):
                alone = json.dumps({"Entries": [entry]}).encode()
                response = await previous(method, path, headers, alone, query_params)
        finally:
            _sender.reset(token)
        if response[0] != 200:
            return response
        results += json.loads(response[2])["Entries"]
    failed = sum("ErrorCode" in one for one in results)
    content = {"FailedEntryCount": failed, "Entries": results}
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode()


@patch(
    "ministack.services.eventbridge:_pattern_event_view",
    why="The account of an event is that of its bus.",
    until=_UNTIL,
)
def view(previous: Callable[..., Any], event: dict[str, Any]) -> Any:
    if sender := _sender.get():
        event["Account"] = sender
    return previous(event)


def _owner(entry: Mapping[str, Any], caller: Scope) -> Scope:
    """Returns where the bus of an entry is, of which the region is that of the request."""
    bus = entry.get("EventBusName") if isinstance(entry, Mapping) else None
    if not isinstance(bus, str) or not bus.startswith("arn:aws:events:"):
        return caller
    region, account = bus.split(":")[3:5] if bus.count(":") >= 5 else ("", "")
    return Scope(account, region) if region == caller.region and account else caller
