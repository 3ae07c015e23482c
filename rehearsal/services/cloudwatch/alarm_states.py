"""Alarms and their history: evaluation by time, changes of state, and what follows from them."""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Platform, Scope
from rehearsal.framework.service import Service
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
)
from rehearsal.services.cloudwatch.alarm_messages import event_detail, state_of
from rehearsal.services.cloudwatch.metric_queries import period_of
from rehearsal.services.cloudwatch.metric_store import MetricStore

Alarm = dict[str, Any]
Clock = Callable[[], datetime.datetime]
_TICK_SECONDS = 1.0
# AWS evaluates once a minute: until then a state that somebody set stays.
_HELD_SECONDS = 60.0
_LONGEST_HISTORY = 2000
_ACTIONS = {ALARM: "AlarmActions", OK: "OKActions", INSUFFICIENT_DATA: "InsufficientDataActions"}
_log = logging.getLogger("rehearsal.cloudwatch")


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class AlarmStates(Service):
    """What alarms are, and the clock that evaluates them."""

    name = "cloudwatch"
    namespace = "cloudwatch"

    def __init__(self, platform: Platform, clock: Clock = utc_now) -> None:
        super().__init__(platform)
        self.clock = clock
        self.store = MetricStore()
        self._alarms: dict[tuple[Scope, str], Alarm] = {}
        self._history: list[tuple[Scope, dict[str, Any]]] = []
        self.tags: dict[str, dict[str, str]] = {}
        self._held: dict[tuple[Scope, str], datetime.datetime] = {}
        self._actions = AlarmActions(platform, lambda: self.peers)
        self._stop = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._tick_until_closed, name="alarms", daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def tick(self) -> None:
        """Evaluates every metric alarm."""
        with self.lock:
            keys = [key for key, alarm in self._alarms.items() if "AlarmRule" not in alarm]
        for scope, name in keys:
            self.evaluate_alarm(scope, name)

    def evaluate_alarm(self, scope: Scope, name: str) -> None:
        """Brings a metric alarm into the state that its data asks for."""
        now = self.clock()
        with self.lock:
            alarm = self._alarms.get((scope, name))
            if alarm is None or self._held.get((scope, name), now) > now:
                return
            self._held.pop((scope, name), None)
            try:
                finding = evaluate(alarm, self.store, scope, now.timestamp())
            except AwsError as problem:
                _log.error("Alarm %s cannot be evaluated: %s", name, problem)
                return
            if finding is not None and finding.state != alarm["StateValue"]:
                self._change(scope, alarm, finding)

    def evaluate_all(self, scope: Scope) -> None:
        """After new data: whoever waits for an alarm need not wait for the clock."""
        with self.lock:
            names = [
                name
                for (where, name), alarm in self._alarms.items()
                if where == scope and "AlarmRule" not in alarm
            ]
        for name in names:
            self.evaluate_alarm(scope, name)

    def set_state(self, scope: Scope, alarm: Alarm, finding: Finding) -> None:
        """A state that a caller sets; it stays until AWS would evaluate the alarm again."""
        with self.lock:
            held = _HELD_SECONDS
            if "AlarmRule" not in alarm:
                held = min(held, float(period_of(queries_of(alarm))))
            until = self.clock() + datetime.timedelta(seconds=held)
            self._held[scope, alarm["AlarmName"]] = until
            self._change(scope, alarm, finding)

    def evaluate_composites(self, scope: Scope, changed: Alarm | None = None) -> None:
        """Evaluates the composite alarms that look at a changed alarm, or all of them."""
        with self.lock:
            for (where, name), alarm in list(self._alarms.items()):
                if where != scope or "AlarmRule" not in alarm or alarm is changed:
                    continue
                rule = alarm_rules.parse(alarm["AlarmRule"])
                if changed is None or changed["AlarmName"] in rule.alarms():
                    self._evaluate_composite(scope, name, rule, changed)

    def _evaluate_composite(
        self, scope: Scope, name: str, rule: alarm_rules.Rule, changed: Alarm | None
    ) -> None:
        alarm = self._alarms[scope, name]
        state = ALARM if rule.holds(lambda child: self._state(scope, child)) else OK
        if state == alarm["StateValue"] or self._held.get((scope, name), self.clock()) > (
            self.clock()
        ):
            return
        children = [changed] if changed else []
        told = [{"arn": child["AlarmArn"], "state": _brief(child)} for child in children]
        arn = told[0]["arn"] if told else alarm["AlarmArn"]
        moment = self.clock().strftime("%A %d %B, %Y %H:%M:%S UTC")
        reason = f"{arn} transitioned to {children[0]['StateValue'] if children else state} at "
        self._change(scope, alarm, Finding(state, reason + moment, {"triggeringAlarms": told}))

    def _state(self, scope: Scope, name: str) -> str | None:
        child = self._alarms.get((scope, name))
        return child["StateValue"] if child else None

    def _change(self, scope: Scope, alarm: Alarm, finding: Finding) -> None:
        """The caller holds the lock."""
        before, old = state_of(alarm), alarm["StateValue"]
        now = self.clock()
        alarm.update(
            StateValue=finding.state,
            StateReason=finding.reason,
            StateReasonData=compact(finding.data) if finding.data else None,
            StateUpdatedTimestamp=now,
        )
        if finding.state == old:
            return
        alarm["StateTransitionedTimestamp"] = now
        self.remember(
            scope,
            alarm,
            "StateUpdate",
            f"Alarm updated from {old} to {finding.state}",
            {"version": "1.0", "oldState": _told(before), "newState": _told(state_of(alarm))},
        )
        self.platform.emit_event(
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
                told = self._actions.perform(action, change)
                failed = told["actionState"] == "Failed"
                summary = (
                    f'Failed to execute action {action}. Received error: "{told["error"]}"'
                    if failed
                    else f"Successfully executed action {action}"
                )
                if failed:
                    _log.error("Alarm %s: %s", change.alarm["AlarmName"], summary)
                self.remember(change.scope, change.alarm, "Action", summary, told)

        threading.Thread(target=perform, name="alarm actions", daemon=True).start()

    def remember(
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
            "AlarmType": "CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm",
            "Timestamp": self.clock(),
            "HistoryItemType": item_type,
            "HistorySummary": summary,
            "HistoryData": compact(data),
        }
        with self.lock:
            self._history.append((scope, item))
            del self._history[:-_LONGEST_HISTORY]

    def _tick_until_closed(self) -> None:
        while not self._stop.wait(_TICK_SECONDS):
            self.tick()


def _told(state: Mapping[str, Any]) -> dict[str, Any]:
    names = {"value": "stateValue", "reason": "stateReason", "reasonData": "stateReasonData"}
    return {names[name]: value for name, value in state.items() if name in names}


def _brief(alarm: Mapping[str, Any]) -> dict[str, str]:
    state = state_of(alarm)
    return {"value": state["value"], "timestamp": state["timestamp"]}
