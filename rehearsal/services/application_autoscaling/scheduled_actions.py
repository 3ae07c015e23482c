"""Scheduled actions: bounds of a target that change by the clock."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform
from rehearsal.framework.schedule_expressions import InvalidExpressionError, parse
from rehearsal.framework.service import Request, Response
from rehearsal.services.application_autoscaling.execution import PolicyExecution
from rehearsal.services.application_autoscaling.records import (
    Record,
    TargetKey,
    key_of,
    moment,
    page,
    selected,
)
from rehearsal.services.application_autoscaling.targets import no_target

Moment = datetime.datetime


class ScheduledActions(PolicyExecution):
    """Put-, Describe- and DeleteScheduledAction, and running them when they are due."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._actions: dict[tuple[TargetKey, str], Record] = {}
        self._due: dict[tuple[TargetKey, str], Moment | None] = {}

    def put_scheduled_action(self, request: Request, context: Context) -> Response:
        key, name = key_of(context.scope, request), request["ScheduledActionName"]
        with self.lock:
            if key not in self.targets:
                raise no_target(request)
            existing = self._actions.get((key, name))
        action: Record = {
            "ScheduledActionARN": context.scope.arn(
                "autoscaling",
                f"scheduledAction:{uuid.uuid4()}:resource/{key.namespace}/{key.resource}"
                f":scheduledActionName/{name}",
            ),
            "CreationTime": moment(),
            **(existing or {}),
            **request,
        }
        _check_action(action)
        with self.lock:
            self._actions[key, name] = action
            self._due[key, name] = _next(action, moment())
        return {}

    def describe_scheduled_actions(self, request: Request, context: Context) -> Response:
        names = request.get("ScheduledActionNames")
        wanted = [request["ResourceId"]] if "ResourceId" in request else None
        with self.lock:
            found = [
                dict(action)
                for (key, name), action in self._actions.items()
                if key.scope == context.scope
                and selected(action, request, wanted)
                and (not names or name in names)
            ]
        entries, token = page(found, request)
        return {"ScheduledActions": entries, "NextToken": token}

    def delete_scheduled_action(self, request: Request, context: Context) -> Response:
        key, name = key_of(context.scope, request), request["ScheduledActionName"]
        with self.lock:
            found = self._actions.pop((key, name), None)
            self._due.pop((key, name), None)
        if found is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scheduled action found for service namespace: {key.namespace}, resource ID: "
                f"{key.resource}, scalable dimension: {key.dimension}, scheduled action: {name}",
            )
        return {}

    def forget_parts(self, key: TargetKey) -> None:
        super().forget_parts(key)
        with self.lock:
            for entry in [entry for entry in self._actions if entry[0] == key]:
                del self._actions[entry]
                self._due.pop(entry, None)

    def run_due(self, now: Moment) -> None:
        """Runs the actions that are due at a moment."""
        with self.lock:
            due = [entry for entry, when in self._due.items() if when is not None and when <= now]
            actions = [(entry, self._actions[entry]) for entry in due]
            for entry, action in actions:
                self._due[entry] = _next(action, now)
        for (key, name), action in actions:
            self._run(key, name, action)

    def _run(self, key: TargetKey, name: str, action: Record) -> None:
        """Sets the bounds, and a capacity that is now outside of them."""
        target = self.targets.get(key)
        if target is None or target["SuspendedState"].get("ScheduledScalingSuspended"):
            return
        bounds = {k: v for k, v in action.get("ScalableTargetAction", {}).items() if v is not None}
        words = [
            f"{word} capacity to {bounds[member]}"
            for word, member in (("min", "MinCapacity"), ("max", "MaxCapacity"))
            if member in bounds
        ]
        cause = f"scheduled action name {name} was triggered"
        activity = self.begin_activity(key, f"Setting {' and '.join(words)}", cause)
        with self.lock:
            changed = {**target, **bounds}
            if changed["MinCapacity"] > changed["MaxCapacity"]:
                failure = "Maximum capacity cannot be less than minimum capacity"
            else:
                self.targets[key] = changed
                failure = ""
        if failure:
            self.end_activity(activity, "Failed", failure)
            return
        self.end_activity(activity, "Successful", f"Successfully set {' and '.join(words)}")
        self.keep_within_bounds(key)


def _check_action(action: Record) -> None:
    if not action.get("Schedule"):
        raise AwsError("ValidationException", "Schedule must be set for a new scheduled action")
    if not action.get("ScalableTargetAction"):
        message = "ScalableTargetAction must be set with MinCapacity, MaxCapacity or both"
        raise AwsError("ValidationException", message)
    bounds = action["ScalableTargetAction"]
    smallest, largest = bounds.get("MinCapacity"), bounds.get("MaxCapacity")
    if smallest is not None and largest is not None and smallest > largest:
        message = f"Maximum capacity ({largest}) cannot be less than minimum capacity ({smallest})"
        raise AwsError("ValidationException", message)
    try:
        _next(action, moment())
    except InvalidExpressionError as error:
        raise AwsError("ValidationException", str(error)) from error


def _next(action: Record, after: Moment) -> Moment | None:
    """When an action is due next; None when it is over."""
    start, end = action.get("StartTime"), action.get("EndTime")
    zone = action.get("Timezone", "UTC")
    expression = parse(action["Schedule"], zone=zone, anchor=start or action["CreationTime"])
    earliest = after
    if start is not None and start > after:
        earliest = start - datetime.timedelta(microseconds=1)
    due: Any = expression.after(earliest)
    return None if due is None or (end is not None and due > end) else due
