"""EventBridge: events of our services, and targets that ministack accepts but does not reach."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ministack import app
from ministack.services import eventbridge

from rehearsal.events.targets import takes_events
from rehearsal.framework.platform import Platform, Scope
from rehearsal.ministack.events.metrics import Publisher
from rehearsal.ministack.events.rule_deliveries import RuleDelivery
from rehearsal.ministack.scope import current_scope, in_scope


def emit(
    scope: Scope,
    *,
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    resources: Sequence[str],
) -> None:
    """Puts an event of a service on the default bus; in order, without waiting for targets."""
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


def install_targets(platform: Platform, publisher: Publisher) -> None:
    """Delivers with the role of the target, or as its policy allows; retries; dead letters."""
    stop = threading.Event()

    def invoke(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
        view = view or eventbridge._pattern_event_view(event)
        whole = json.dumps(view.event_with_detail())
        delivery = RuleDelivery(
            platform=platform,
            publisher=publisher,
            scope=current_scope(),
            rule=rule,
            target=target,
            event=event,
            whole_event=whole,
            content=_content(target, rule, view, whole),
        )
        threading.Thread(target=delivery.run, args=(stop,), daemon=True).start()

    eventbridge._invoke_target = invoke


def _content(target: dict[str, Any], rule: dict[str, Any], view: Any, whole: str) -> str | None:
    """What the target is given; None when it takes no event and has no input of its own."""
    if target.get("InputTransformer"):
        rendered: str = eventbridge._apply_input_transformer(target["InputTransformer"], rule, view)
        return rendered
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return _part(json.loads(whole), target["InputPath"], whole)
    return whole if takes_events(target.get("Arn", "")) else None


def _part(event: Any, path: str, whole: str) -> str:
    """The part of the event that a path of names leads to; the event when it leads nowhere."""
    for name in filter(None, path.removeprefix("$").split(".")):
        if not isinstance(event, dict) or name not in event:
            return whole
        event = event[name]
    return json.dumps(event)
