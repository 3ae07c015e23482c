"""Events of the rehearsal's services, and the delivery of events to the targets of rules."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ministack import app
from ministack.services import eventbridge

from rehearsal.events.targets import takes_events
from rehearsal.framework.platform import Scope
from rehearsal.ministack.events.rule_deliveries import RuleDelivery
from rehearsal.ministack.registry import PERMANENT, patch
from rehearsal.ministack.request_scope import current_scope, in_scope
from rehearsal.ministack.runtime import Runtime


def emit(
    scope: Scope,
    *,
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    resources: Sequence[str] = (),
) -> None:
    """Puts an event of a service on the default bus, in order; does not wait for targets."""
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, default=str),
        "Resources": list(resources),
    }

    def put() -> None:
        with in_scope(scope):
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    loop = app._MAIN_LOOP
    if loop is None:
        raise RuntimeError("events can be emitted once the server runs")
    # On the loop, where ministack changes the rules that this reads.
    loop.call_soon_threadsafe(put)


@patch(
    "ministack.services.eventbridge:_invoke_target",
    why=(
        "Events are delivered without the role of the target or the policy of the resource, "
        "without retries and dead letters, and to no service of the rehearsal."
    ),
    until=PERMANENT,
)
def invoke(
    previous: object,
    target: dict[str, Any],
    event: Any,
    rule: dict[str, Any],
    view: Any = None,
    *,
    runtime: Runtime,
) -> None:
    view = view or eventbridge._pattern_event_view(event)
    whole = json.dumps(view.event_with_detail())
    delivery = RuleDelivery(
        platform=runtime.platform,
        publisher=runtime.publisher,
        scope=current_scope(),
        rule=rule,
        target=target,
        event=event,
        whole_event=whole,
        content=_content(target, rule, view, whole),
    )
    # A delivery ends with the process.
    threading.Thread(target=delivery.run, args=(threading.Event(),), daemon=True).start()


def _content(target: dict[str, Any], rule: dict[str, Any], view: Any, whole: str) -> str | None:
    """Returns the input of the target, or None if it takes no event and has no Input."""
    if target.get("InputTransformer"):
        rendered: str = eventbridge._apply_input_transformer(target["InputTransformer"], rule, view)
        return rendered
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return _part(json.loads(whole), target["InputPath"], whole)
    return whole if takes_events(target.get("Arn", "")) else None


def _part(event: Any, path: str, whole: str) -> str:
    """Returns the part of the event at a path of names, or the event if there is no such part."""
    for name in filter(None, path.removeprefix("$").split(".")):
        if not isinstance(event, dict) or name not in event:
            return whole
        event = event[name]
    return json.dumps(event)
