"""States of alarms: their evaluation, their changes with events and actions, their history."""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.clock import Clock
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.store import Store
from rehearsal.framework.timeline import timelines_of
from rehearsal.framework.workers import Workers
from rehearsal.services.cloudwatch import alarm_rules
from rehearsal.services.cloudwatch.alarm_actions import AlarmActions, Change
from rehearsal.services.cloudwatch.alarm_evaluation import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    Finding,
    compact,
    evaluate,
    queries_of,
    step_of,
)
from rehearsal.services.cloudwatch.alarm_messages import event_detail, state_of
from rehearsal.services.cloudwatch.metric_queries import period_of
from rehearsal.services.cloudwatch.metric_store import MetricStore

Alarm = dict[str, Any]
_TICK_SECONDS = 1.0
# AWS evaluates once a minute; until then, a state that a caller set stays.
_HELD_SECONDS = 60.0
_MAX_HISTORY_ITEMS = 2000
METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"
PAGE_SIZE = 100
_ACTIONS = {ALARM: "AlarmActions", OK: "OKActions", INSUFFICIENT_DATA: "InsufficientDataActions"}
_log = logging.getLogger("rehearsal.cloudwatch")


class AlarmStates:
    """The alarms of every account and region, their states and their history.

    Args:
        platform: the AWS around the service.
        lock: the service's lock.
        clock: the present time.
        metrics: the metrics that alarms watch.
        actions: performs the actions of alarms.
    """

    KEPT = ("_history", "_held")

    def __init__(
        self,
        platform: Platform,
        lock: threading.RLock,
        clock: Clock,
        metrics: MetricStore,
        actions: AlarmActions,
    ) -> None:
        self.alarms: Store[Alarm] = Store()
        self._platform = platform
        self._lock = lock
        self._clock = clock
        self._metrics = metrics
        self._actions = actions
        self._history: list[tuple[Scope, dict[str, Any]]] = []
        self._held: dict[tuple[Scope, str], datetime.datetime] = {}
        self._timelines = timelines_of(platform)
        self._workers = Workers()

    def start(self) -> None:
        self._workers.start("alarms", self._tick_until_closed)

    def close(self) -> None:
        self._workers.close(timeout=1.0)

    def tick(self) -> None:
        """Evaluates every metric alarm."""
        with self._lock:
            known = [
                (scope, alarm["AlarmName"])
                for scope, alarm in self.alarms.everywhere()
                if "AlarmRule" not in alarm
            ]
        for scope, name in known:
            self.evaluate_alarm(scope, name)

    def evaluate_alarm(self, scope: Scope, name: str) -> None:
        """Evaluates a metric alarm."""
        now = self._clock()
        with self._lock:
            alarm = self.alarms.of(scope).get(name)
            if alarm is None or self._held.get((scope, name), now) > now:
                return
            self._held.pop((scope, name), None)
            timeline, moments = self._timelines.of(scope, name), [now.timestamp()]
            if timeline is not None:
                moments = timeline.evaluations(now.timestamp(), step_of(alarm))
            for moment in moments:
                try:
                    finding = evaluate(alarm, self._metrics, scope, moment, timeline)
                except AwsError as problem:
                    _log.error("Alarm %s cannot be evaluated: %s", name, problem)
                    return
                if finding is not None and finding.state != alarm["StateValue"]:
                    self._change(scope, alarm, finding)

    def evaluate_held(self, scope: Scope) -> None:
        """Evaluates the metric alarms whose time a rollout moves."""
        for name in self._timelines.held(scope):
            self.evaluate_alarm(scope, name)

    def evaluate_all(self, scope: Scope) -> None:
        """Evaluates the metric alarms of a scope that has new data, ahead of the clock."""
        with self._lock:
            names = [
                name for name, alarm in self.alarms.of(scope).items() if "AlarmRule" not in alarm
            ]
        for name in names:
            self.evaluate_alarm(scope, name)

    def set_state(self, scope: Scope, alarm: Alarm, finding: Finding) -> None:
        """Sets a state for a caller; it stays until AWS would evaluate the alarm again."""
        with self._lock:
            held = _HELD_SECONDS
            if "AlarmRule" not in alarm:
                held = min(held, float(period_of(queries_of(alarm))))
            until = self._clock() + datetime.timedelta(seconds=held)
            self._held[scope, alarm["AlarmName"]] = until
            self._change(scope, alarm, finding)

    def evaluate_composites(self, scope: Scope, changed: Alarm | None = None) -> None:
        """Evaluates the composite alarms that depend on a changed alarm, or all of them."""
        with self._lock:
            for name, alarm in list(self.alarms.of(scope).items()):
                if "AlarmRule" not in alarm or alarm is changed:
                    continue
                rule = alarm_rules.parse(alarm["AlarmRule"])
                if changed is None or changed["AlarmName"] in rule.alarms():
                    self._evaluate_composite(scope, name, rule, changed)

    def _evaluate_composite(
        self, scope: Scope, name: str, rule: alarm_rules.Rule, changed: Alarm | None
    ) -> None:
        alarm = self.alarms.of(scope)[name]
        state = ALARM if rule.holds(lambda child: self._state(scope, child)) else OK
        if state == alarm["StateValue"] or self._held.get((scope, name), self._clock()) > (
            self._clock()
        ):
            return
        children = [changed] if changed else []
        triggering = [{"arn": child["AlarmArn"], "state": _brief(child)} for child in children]
        arn = triggering[0]["arn"] if triggering else alarm["AlarmArn"]
        moment = self._clock().strftime("%A %d %B, %Y %H:%M:%S UTC")
        reason = f"{arn} transitioned to {children[0]['StateValue'] if children else state} at "
        self._change(
            scope, alarm, Finding(state, reason + moment, {"triggeringAlarms": triggering})
        )

    def _state(self, scope: Scope, name: str) -> str | None:
        child = self.alarms.of(scope).get(name)
        return child["StateValue"] if child else None

    def _change(self, scope: Scope, alarm: Alarm, finding: Finding) -> None:
        """Changes the state of an alarm; the caller holds the lock."""
        before, old = state_of(alarm), alarm["StateValue"]
        now = self._clock()
        alarm.update(
            StateValue=finding.state,
            StateReason=finding.reason,
            StateReasonData=compact(finding.data) if finding.data else None,
            StateUpdatedTimestamp=now,
        )
        if finding.state == old:
            return
        alarm["StateTransitionedTimestamp"] = now
        self.record(
            scope,
            alarm,
            "StateUpdate",
            f"Alarm updated from {old} to {finding.state}",
            {
                "version": "1.0",
                "oldState": _history_state(before),
                "newState": _history_state(state_of(alarm)),
            },
        )
        self._platform.emit_event(
            scope,
            source="aws.cloudwatch",
            detail_type="CloudWatch Alarm State Change",
            detail=event_detail(alarm, before),
            resources=[alarm["AlarmArn"]],
        )
        actions = list(alarm.get(_ACTIONS[finding.state]) or [])
        if actions and alarm.get("ActionsEnabled", True):
            self._act(actions, Change(scope, dict(alarm), before))
        self.evaluate_composites(scope, alarm)

    def _act(self, actions: list[str], change: Change) -> None:
        def perform() -> None:
            for action in actions:
                result = self._actions.perform(action, change)
                failed = result["actionState"] == "Failed"
                summary = (
                    f'Failed to execute action {action}. Received error: "{result["error"]}"'
                    if failed
                    else f"Successfully executed action {action}"
                )
                if failed:
                    _log.error("Alarm %s: %s", change.alarm["AlarmName"], summary)
                self.record(change.scope, change.alarm, "Action", summary, result)

        self._workers.start("alarm actions", perform)

    def record(
        self,
        scope: Scope,
        alarm: Mapping[str, Any],
        item_type: str,
        summary: str,
        data: Mapping[str, Any],
    ) -> None:
        """Adds an item to the history of alarms."""
        item = {
            "AlarmName": alarm["AlarmName"],
            "AlarmType": COMPOSITE if "AlarmRule" in alarm else METRIC,
            "Timestamp": self._clock(),
            "HistoryItemType": item_type,
            "HistorySummary": summary,
            "HistoryData": compact(data),
        }
        with self._lock:
            self._history.append((scope, item))
            del self._history[:-_MAX_HISTORY_ITEMS]

    def describe_alarm_history(self, request: Request, context: Context) -> Response:
        types = request.get("AlarmTypes") or [METRIC]
        start, end = request.get("StartDate"), request.get("EndDate")
        with self._lock:
            found = [
                dict(item)
                for scope, item in self._history
                if scope == context.scope
                and request.get("AlarmName") in (None, item["AlarmName"])
                and request.get("HistoryItemType") in (None, item["HistoryItemType"])
                and (item["AlarmType"] in types or "AlarmName" in request)
                and (start is None or item["Timestamp"] >= start)
                and (end is None or item["Timestamp"] <= end)
            ]
        if request.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            found.reverse()
        shown, more = page(
            found, request, size=PAGE_SIZE, size_member="MaxRecords", error="InvalidNextToken"
        )
        return {"AlarmHistoryItems": shown, **more}

    def remove(self, scope: Scope, name: str) -> Alarm:
        """Removes an alarm and returns it."""
        with self._lock:
            self._held.pop((scope, name), None)
            self._timelines.drop(scope, name)
            return self.alarms.of(scope).pop(name)

    def _tick_until_closed(self) -> None:
        while not self._workers.closing.wait(_TICK_SECONDS):
            self.tick()


def _history_state(state: Mapping[str, Any]) -> dict[str, Any]:
    names = {"value": "stateValue", "reason": "stateReason", "reasonData": "stateReasonData"}
    return {names[name]: value for name, value in state.items() if name in names}


def _brief(alarm: Mapping[str, Any]) -> dict[str, str]:
    state = state_of(alarm)
    return {"value": state["value"], "timestamp": state["timestamp"]}
