"""EventBridge: events of our services, and targets that ministack accepts but does not reach."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ministack import app
from ministack.services import cloudwatch, eventbridge

from rehearsal.aws.adapter.scope import current_scope, in_scope
from rehearsal.aws.event_targets import Delivery, deliver, delivers
from rehearsal.aws.platform import Platform, Scope

_log = logging.getLogger("rehearsal.events")


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


def install_targets(platform: Platform) -> None:
    """Delivers to the targets of `event_targets`, with the role of the target."""
    stock = eventbridge._invoke_target

    def invoke(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
        arn = target.get("Arn", "")
        if not delivers(arn):
            stock(target, event, rule, view)
            return
        delivery = Delivery(
            target_arn=arn,
            role_arn=target.get("RoleArn"),
            rule_arn=rule.get("Arn", ""),
            content=_content(target, event, rule, view),
            parameters=target,
            service_principal=_principal(rule),
        )
        scope = current_scope()
        threading.Thread(
            target=_deliver, args=(platform, scope, delivery, rule, target), daemon=True
        ).start()

    eventbridge._invoke_target = invoke


def _principal(rule: dict[str, Any]) -> str:
    """EventBridge Scheduler starts its targets through the same door as EventBridge's rules."""
    scheduled = str(rule.get("Arn", "")).startswith("arn:aws:scheduler:")
    return "scheduler.amazonaws.com" if scheduled else "events.amazonaws.com"


def _content(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any) -> str | None:
    """What the target is given instead of the event, None when it is given the event itself."""
    if target.get("InputTransformer"):
        view = view or eventbridge._pattern_event_view(event)
        rendered: str = eventbridge._apply_input_transformer(target["InputTransformer"], rule, view)
        return rendered
    given: str | None = target.get("Input")
    return given


def _deliver(
    platform: Platform,
    scope: Scope,
    delivery: Delivery,
    rule: dict[str, Any],
    target: dict[str, Any],
) -> None:
    try:
        deliver(platform, delivery)
    except Exception as error:
        # EventBridge tells nobody but its metric and the dead-letter queue.
        _log.error("Rule %s did not reach %s: %s", rule.get("Name"), delivery.target_arn, error)
        _count_failure(scope, rule)
        _dead_letter(scope, target, delivery, error)


def _count_failure(scope: Scope, rule: dict[str, Any]) -> None:
    datum = {
        "MetricName": "FailedInvocations",
        "Dimensions": [{"Name": "RuleName", "Value": rule.get("Name", "")}],
        "Value": 1.0,
        "Unit": "Count",
    }
    request = {"Namespace": "AWS/Events", "MetricData": [datum]}
    with in_scope(scope):
        cloudwatch._put_metric_data({}, request, is_cbor=False, is_json=True)


def _dead_letter(
    scope: Scope, target: dict[str, Any], delivery: Delivery, error: Exception
) -> None:
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue_arn:
        return
    with in_scope(scope):
        body = delivery.content or json.dumps({"error": str(error)})
        eventbridge._dispatch_to_sqs(eventbridge.parse_arn(queue_arn), body)
