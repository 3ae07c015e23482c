"""Scheduled actions, which change the bounds of a target at a time."""

from __future__ import annotations

import datetime
import threading
import uuid
from typing import Any

from rehearsal.framework.clock import Clock, utc_now
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.schedule_expressions import InvalidExpressionError, parse
from rehearsal.framework.service import Request, Response
from rehearsal.services.application_autoscaling.activities import Activities
from rehearsal.services.application_autoscaling.records import (
    INVALID_TOKEN,
    PAGE_SIZE,
    Record,
    TargetKey,
    Targets,
    key_of,
    selected,
)
from rehearsal.services.application_autoscaling.targets import no_target

Moment = datetime.datetime


class ScheduledActions:
    """Operations on scheduled actions.

    Args:
        lock: the service's lock.
        targets: the scalable targets.
        activities: changes capacities.
        clock: the present time. Defaults to the system's clock.
    """

    KEPT = ("_actions", "_due")

    def __init__(
        self,
        lock: threading.RLock,
        targets: Targets,
        activities: Activities,
        clock: Clock = utc_now,
    ) -> None:
        self._clock = clock
        self._lock = lock
        self._targets = targets
        self._activities = activities
        self._actions: dict[tuple[TargetKey, str], Record] = {}
        self._due: dict[tuple[TargetKey, str], Moment | None] = {}

    def put_scheduled_action(self, request: Request, context: Context) -> Response:
        key, name = key_of(context.scope, request), request["ScheduledActionName"]
        with self._lock:
            if key not in self._targets:
                raise no_target(request)
            existing = self._actions.get((key, name))
        action: Record = {
            "ScheduledActionARN": context.scope.arn(
                "autoscaling",
                f"scheduledAction:{uuid.uuid4()}:resource/{key.namespace}/{key.resource}"
                f":scheduledActionName/{name}",
            ),
            "CreationTime": utc_now(),
            **(existing or {}),
            **request,
        }
        _check_action(action)
        with self._lock:
            self._actions[key, name] = action
            self._due[key, name] = _next(action, self._clock())
        return {}

    def describe_scheduled_actions(self, request: Request, context: Context) -> Response:
        names = request.get("ScheduledActionNames")
        wanted = [request["ResourceId"]] if "ResourceId" in request else None
        with self._lock:
            found = [
                dict(action)
                for (key, name), action in self._actions.items()
                if key.scope == context.scope
                and selected(action, request, wanted)
                and (not names or name in names)
            ]
        entries, more = page(found, request, size=PAGE_SIZE, error=INVALID_TOKEN)
        return {"ScheduledActions": entries, **more}

    def delete_scheduled_action(self, request: Request, context: Context) -> Response:
        key, name = key_of(context.scope, request), request["ScheduledActionName"]
        with self._lock:
            found = self._actions.pop((key, name), None)
            self._due.pop((key, name), None)
        if found is None:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scheduled action found for service namespace: {key.namespace}, resource ID: "
                f"{key.resource}, scalable dimension: {key.dimension}, scheduled action: {name}",
            )
        return {}

    def delete_of(self, key: TargetKey) -> None:
        """Deletes the scheduled actions of a target."""
        with self._lock:
            for entry in [entry for entry in self._actions if entry[0] == key]:
                del self._actions[entry]
                self._due.pop(entry, None)

    def run_due(self, now: Moment) -> None:
        """Runs the actions that are due at a time."""
        with self._lock:
            due = [entry for entry, when in self._due.items() if when is not None and when <= now]
            actions = [(entry, self._actions[entry]) for entry in due]
            for entry, action in actions:
                self._due[entry] = _next(action, now)
        for (key, name), action in actions:
            self._run(key, name, action)

    def _run(self, key: TargetKey, name: str, action: Record) -> None:
        """Sets the bounds, and changes a capacity outside of them."""
        target = self._targets.get(key)
        if target is None or target["SuspendedState"].get("ScheduledScalingSuspended"):
            return
        bounds = {k: v for k, v in action.get("ScalableTargetAction", {}).items() if v is not None}
        words = [
            f"{word} capacity to {bounds[member]}"
            for word, member in (("min", "MinCapacity"), ("max", "MaxCapacity"))
            if member in bounds
        ]
        cause = f"scheduled action name {name} was triggered"
        activity = self._activities.begin_activity(key, f"Setting {' and '.join(words)}", cause)
        with self._lock:
            changed = {**target, **bounds}
            if changed["MinCapacity"] > changed["MaxCapacity"]:
                failure = "Maximum capacity cannot be less than minimum capacity"
            else:
                self._targets[key] = changed
                failure = ""
        if failure:
            self._activities.end_activity(activity, "Failed", failure)
            return
        self._activities.end_activity(
            activity, "Successful", f"Successfully set {' and '.join(words)}"
        )
        self._activities.keep_within_bounds(key)


def _check_action(action: Record) -> None:
    if not action.get("Schedule"):
        raise AwsError("ValidationException", "Schedule must be set for a new scheduled action")
    if not action.get("ScalableTargetAction"):
        message = "ScalableTargetAction must be set with MinCapacity, MaxCapacity or both"
        raise AwsError("ValidationException", message)
    try:
        _next(action, utc_now())
    except InvalidExpressionError as error:
        raise AwsError("ValidationException", str(error)) from error


def _next(action: Record, after: Moment) -> Moment | None:
    """Returns when an action is due next, or None if it is over."""
    start, end = action.get("StartTime"), action.get("EndTime")
    zone = action.get("Timezone", "UTC")
    expression = parse(action["Schedule"], zone=zone, anchor=start or action["CreationTime"])
    earliest = after
    if start is not None and start > after:
        earliest = start - datetime.timedelta(microseconds=1)
    due: Any = expression.after(earliest)
    return None if due is None or (end is not None and due > end) else due
