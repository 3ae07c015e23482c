"""Operations on alarms."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.clock import Clock
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.tags import Tags
from rehearsal.services.cloudwatch import alarm_rules
from rehearsal.services.cloudwatch.alarm_checks import check_actions, check_metric_alarm
from rehearsal.services.cloudwatch.alarm_evaluation import INSUFFICIENT_DATA, Finding, queries_of
from rehearsal.services.cloudwatch.alarm_states import (
    COMPOSITE,
    METRIC,
    PAGE_SIZE,
    Alarm,
    AlarmStates,
)
from rehearsal.services.cloudwatch.metric_store import dimensions


class Alarms:
    """Operations on metric alarms and composite alarms.

    Args:
        lock: the service's lock.
        clock: the present time.
        tags: the service's tags.
        states: the alarms and their states.
    """

    def __init__(
        self, lock: threading.RLock, clock: Clock, tags: Tags, states: AlarmStates
    ) -> None:
        self._lock = lock
        self._clock = clock
        self._tags = tags
        self._states = states

    def put_metric_alarm(self, request: Request, context: Context) -> Response:
        check_metric_alarm(request)
        self._put(request, context)
        self._states.evaluate_alarm(context.scope, request["AlarmName"])
        return {}

    def put_composite_alarm(self, request: Request, context: Context) -> Response:
        check_actions(request)
        rule = alarm_rules.parse(request["AlarmRule"])
        unknown = [n for n in rule.alarms() if n not in self._states.alarms.of(context.scope)]
        if unknown:
            message = f"Could not save the composite alarm as alarms {unknown} do not exist"
            raise AwsError("ValidationError", message)
        self._put(request, context)
        self._states.evaluate_composites(context.scope)
        return {}

    def describe_alarms(self, request: Request, context: Context) -> Response:
        for member, describe in (
            ("ChildrenOfAlarmName", self._children),
            ("ParentsOfAlarmName", self._parents),
        ):
            if member in request:
                return describe(context.scope, request)
        self._states.evaluate_held(context.scope)
        names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix", "")
        # "If you omit this parameter, only metric alarms are returned."
        types = request.get("AlarmTypes") or [METRIC]
        found = [
            alarm
            for alarm in self._of(context.scope)
            if (names is None or alarm["AlarmName"] in names)
            and alarm["AlarmName"].startswith(prefix)
            and request.get("StateValue") in (None, alarm["StateValue"])
            and _has_action(alarm, request.get("ActionPrefix"))
            and _type(alarm) in types
        ]
        return _shown(found, request)

    def _children(self, scope: Scope, request: Request) -> Response:
        """Returns the alarms in the rule of a composite alarm."""
        known = {alarm["AlarmName"]: alarm for alarm in self._of(scope)}
        rule = known.get(request["ChildrenOfAlarmName"], {}).get("AlarmRule")
        names = alarm_rules.parse(rule).alarms() if rule else []
        return _shown([known[name] for name in names if name in known], request, _OF_CHILDREN)

    def _parents(self, scope: Scope, request: Request) -> Response:
        """Returns the composite alarms whose rules name an alarm."""
        name = request["ParentsOfAlarmName"]
        found = [
            alarm
            for alarm in self._of(scope)
            if "AlarmRule" in alarm and name in alarm_rules.parse(alarm["AlarmRule"]).alarms()
        ]
        return _shown(found, request, _OF_PARENTS)

    def describe_alarms_for_metric(self, request: Request, context: Context) -> Response:
        wanted = (
            request["Namespace"],
            request["MetricName"],
            dimensions(request.get("Dimensions")),
        )
        found = []
        for alarm in self._of(context.scope):
            if _type(alarm) != METRIC:
                continue
            for query in queries_of(alarm):
                metric = query.get("MetricStat", {}).get("Metric")
                if metric and wanted == (
                    metric["Namespace"],
                    metric["MetricName"],
                    dimensions(metric.get("Dimensions")),
                ):
                    found.append(alarm)
                    break
        return {"MetricAlarms": found}

    def delete_alarms(self, request: Request, context: Context) -> Response:
        names = request["AlarmNames"]
        with self._lock:
            known = self._states.alarms.of(context.scope)
            missing = [name for name in names if name not in known]
            if missing:
                raise _not_found(", ".join(missing))
            self._reject_children(context.scope, names)
            for name in names:
                alarm = self._states.remove(context.scope, name)
                self._tags.drop(alarm["AlarmArn"])
                self._states.record(
                    context.scope,
                    alarm,
                    "ConfigurationUpdate",
                    f'Alarm "{name}" deleted',
                    {"version": "1.0", "type": "Delete"},
                )
        return {}

    def enable_alarm_actions(self, request: Request, context: Context) -> Response:
        self._enable(request, context, enabled=True)
        return {}

    def disable_alarm_actions(self, request: Request, context: Context) -> Response:
        self._enable(request, context, enabled=False)
        return {}

    def set_alarm_state(self, request: Request, context: Context) -> Response:
        with self._lock:
            alarm = self._states.alarms.of(context.scope).get(request["AlarmName"])
        if alarm is None:
            raise _not_found(request["AlarmName"])
        data = request.get("StateReasonData")
        given = json.loads(data) if data else {}
        finding = Finding(request["StateValue"], request["StateReason"], given)
        self._states.set_state(context.scope, alarm, finding)
        return {}

    def _put(self, request: Request, context: Context) -> None:
        name, now = request["AlarmName"], self._clock()
        arn = context.scope.arn("cloudwatch", f"alarm:{name}")
        alarms = self._states.alarms.of(context.scope)
        if name not in alarms:
            self._tags.authorize(context, arn, request.get("Tags"))
        with self._lock:
            before = alarms.get(name)
            if before is not None and ("AlarmRule" in before) != ("AlarmRule" in request):
                message = f"An alarm of another type with the name {name} exists."
                raise AwsError("ValidationError", message)
            alarm: Alarm = {
                "ActionsEnabled": True,
                "OKActions": [],
                "AlarmActions": [],
                "InsufficientDataActions": [],
                **copy.deepcopy(dict(request)),
            }
            if "AlarmRule" not in alarm and not alarm.get("Metrics"):
                alarm.setdefault("Dimensions", [])
            tags = alarm.pop("Tags", None)
            initial = {
                "StateValue": INSUFFICIENT_DATA,
                "StateReason": "Unchecked: Initial alarm creation",
                "StateUpdatedTimestamp": now,
                "StateTransitionedTimestamp": now,
            }
            state = {key: before[key] for key in _STATE if key in before} if before else initial
            alarm |= {"AlarmArn": arn, "AlarmConfigurationUpdatedTimestamp": now, **state}
            alarms[name] = alarm
            # Tags are set when an alarm is created; an update ignores them.
            if before is None:
                self._tags.put(arn, tags)
        verb = "updated" if before else "created"
        data = {"version": "1.0", "type": "Update" if before else "Create"}
        self._states.record(
            context.scope, alarm, "ConfigurationUpdate", f'Alarm "{name}" {verb}', data
        )

    def _enable(self, request: Request, context: Context, *, enabled: bool) -> None:
        with self._lock:
            for name in request["AlarmNames"]:
                alarm = self._states.alarms.of(context.scope).get(name)
                if alarm is not None:
                    alarm["ActionsEnabled"] = enabled

    def _reject_children(self, scope: Scope, names: list[str]) -> None:
        for alarm in self._of(scope):
            if "AlarmRule" not in alarm or alarm["AlarmName"] in names:
                continue
            used = sorted(set(alarm_rules.parse(alarm["AlarmRule"]).alarms()) & set(names))
            if used:
                message = (
                    f"Cannot delete {', '.join(used)} as there are composite alarm(s) depending on "
                    f"it: {alarm['AlarmName']}"
                )
                raise AwsError("ValidationError", message)

    def _of(self, scope: Scope) -> list[Alarm]:
        with self._lock:
            found = [dict(alarm) for alarm in self._states.alarms.of(scope).values()]
        return sorted(found, key=lambda alarm: str(alarm["AlarmName"]))


_STATE = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)


# DescribeAlarms limits what it returns of the children and parents of composite alarms.
_OF_CHILDREN = ("AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp")
_OF_PARENTS = ("AlarmName", "AlarmArn")


def _shown(
    found: Sequence[Alarm], request: Request, members: Sequence[str] | None = None
) -> Response:
    """Returns a page of alarms, by their types; only some members of each if `members` is given."""
    kept, more = page(
        found, request, size=PAGE_SIZE, size_member="MaxRecords", error="InvalidNextToken"
    )
    lists: dict[str, list[Alarm]] = {METRIC: [], COMPOSITE: []}
    for alarm in kept:
        limited = alarm if members is None else {name: alarm[name] for name in members}
        lists[_type(alarm)].append(limited)
    return {**{f"{kind}s": alarms for kind, alarms in lists.items()}, **more}


def _type(alarm: Mapping[str, Any]) -> str:
    return COMPOSITE if "AlarmRule" in alarm else METRIC


def _has_action(alarm: Mapping[str, Any], prefix: str | None) -> bool:
    names = ("AlarmActions", "OKActions", "InsufficientDataActions")
    given = [action for name in names for action in alarm.get(name) or ()]
    return prefix is None or any(action.startswith(prefix) for action in given)


def _not_found(names: str) -> AwsError:
    return AwsError("ResourceNotFound", f"Unknown alarm: {names}", 404)
