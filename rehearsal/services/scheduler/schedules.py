"""Schedules, and the times at which they are due."""

from __future__ import annotations

import copy
import datetime
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.framework.clock import Clock
from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.scheduler import rules
from rehearsal.services.scheduler.groups import DEFAULT, PAGE_SIZE
from rehearsal.services.scheduler.invocation import Invocation

_Key = tuple[Scope, str, str]  # scope, group, name
_SUMMARY = ("Arn", "CreationDate", "GroupName", "LastModificationDate", "Name", "State")
_RETRIES = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
_DEFAULTS = {
    "State": "ENABLED",
    "ActionAfterCompletion": "NONE",
    "ScheduleExpressionTimezone": "UTC",
}


class Schedules:
    """Operations on schedules.

    Args:
        lock: the service's lock.
        clock: the present time.
        identity: the service as a principal.
        find_group: returns a schedule group of a scope by its name.
    """

    KEPT = ("_schedules", "_due")

    def __init__(
        self,
        lock: threading.RLock,
        clock: Clock,
        identity: ServiceIdentity,
        find_group: Callable[[Scope, str], Mapping[str, Any]],
    ) -> None:
        self._lock = lock
        self._clock = clock
        self._identity = identity
        self._find_group = find_group
        self._schedules: dict[_Key, dict[str, Any]] = {}
        self._due: dict[_Key, datetime.datetime | None] = {}

    def create_schedule(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        schedule = self._accept(request, context)
        with self._lock:
            if key in self._schedules:
                message = f"Schedule {request['Name']} already exists."
                raise AwsError("ConflictException", message, 409)
            self._put(key, schedule, created=schedule["LastModificationDate"])
        return {"ScheduleArn": schedule["Arn"]}

    def update_schedule(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        before = self._find(key)
        schedule = self._accept(request, context)
        with self._lock:
            self._put(key, schedule, created=before["CreationDate"])
        return {"ScheduleArn": schedule["Arn"]}

    def get_schedule(self, request: Request, context: Context) -> Response:
        return copy.deepcopy(self._find(_key(context.scope, request)))

    def delete_schedule(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        with self._lock:
            self._find(key)
            self._delete(key)
        return {}

    def list_schedules(self, request: Request, context: Context) -> Response:
        with self._lock:
            found = [
                {name: schedule[name] for name in _SUMMARY}
                | {"Target": {"Arn": schedule["Target"]["Arn"]}}
                for (scope, group, name), schedule in sorted(self._schedules.items(), key=_order)
                if scope == context.scope
                and request.get("GroupName") in (None, group)
                and name.startswith(request.get("NamePrefix", ""))
                and request.get("State") in (None, schedule["State"])
            ]
        shown, more = page(found, request, size=PAGE_SIZE)
        return {"Schedules": shown, **more}

    def delete_group(self, scope: Scope, group: str) -> None:
        """Deletes the schedules of a group."""
        with self._lock:
            for key in [known for known in self._schedules if known[:2] == (scope, group)]:
                self._delete(key)

    def take_due(self) -> Iterator[Invocation]:
        """Yields an invocation for each schedule that is due, and plans its next one."""
        now = self._clock()
        with self._lock:
            due = [(key, moment) for key, moment in self._due.items() if moment and moment <= now]
        for key, moment in due:
            if invocation := self._take(key, moment, now):
                yield invocation

    def seconds_to_next(self) -> list[float]:
        """Returns the seconds until each schedule is due; negative for one that is overdue."""
        now = self._clock()
        with self._lock:
            return [(moment - now).total_seconds() for moment in self._due.values() if moment]

    def _take(
        self, key: _Key, moment: datetime.datetime, now: datetime.datetime
    ) -> Invocation | None:
        with self._lock:
            schedule = self._schedules.get(key)
            if schedule is None or self._due.get(key) != moment:
                return None  # it was changed or deleted meanwhile
            group = self._find_group(key[0], key[1])
            # Invocations that were missed while the process was busy are skipped.
            following = _following(schedule, now)
            self._due[key] = following
            if following is None and schedule["ActionAfterCompletion"] == "DELETE":
                self._delete(key)
        return Invocation(key[0], schedule, group["Arn"], moment)

    def _accept(self, request: Request, context: Context) -> dict[str, Any]:
        now = self._clock()
        rules.check(request, now)
        group = self._find_group(context.scope, request.get("GroupName") or DEFAULT)
        self._check_role(context, request["Target"]["RoleArn"], group["Arn"])
        schedule = {**_DEFAULTS, "GroupName": group["Name"], **copy.deepcopy(dict(request))}
        schedule.pop("ClientToken", None)
        schedule["Target"]["RetryPolicy"] = _RETRIES | schedule["Target"].get("RetryPolicy", {})
        schedule["Arn"] = schedule_arn(context.scope, request)
        schedule["LastModificationDate"] = now
        return schedule

    def _check_role(self, context: Context, role_arn: str, group_arn: str) -> None:
        self._identity.check_role(context, role_arn)
        try:
            self._identity.assume(role_arn, group_arn)
        except AwsError:
            raise AwsError(
                "ValidationException",
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
                f"role. {role_arn} does not trust {self._identity.principal} for the source "
                f"{group_arn}.",
            ) from None

    def _put(self, key: _Key, schedule: dict[str, Any], created: datetime.datetime) -> None:
        schedule["CreationDate"] = created
        self._schedules[key] = schedule
        before = schedule["LastModificationDate"] - datetime.timedelta(microseconds=1)
        self._due[key] = _following(schedule, before)

    def _find(self, key: _Key) -> dict[str, Any]:
        with self._lock:
            if key not in self._schedules:
                message = f"Schedule {key[2]} does not exist."
                raise AwsError("ResourceNotFoundException", message, 404)
            return self._schedules[key]

    def _delete(self, key: _Key) -> None:
        self._schedules.pop(key, None)
        self._due.pop(key, None)


def schedule_arn(scope: Scope, request: Request) -> str:
    """Returns the ARN of the schedule that a request names."""
    group = request.get("GroupName") or DEFAULT
    return scope.arn("scheduler", f"schedule/{group}/{request['Name']}")


def _following(schedule: Mapping[str, Any], after: datetime.datetime) -> datetime.datetime | None:
    """Returns when a schedule is due next, or None if it is over or disabled."""
    if schedule["State"] != "ENABLED":
        return None
    start, end = schedule.get("StartDate"), schedule.get("EndDate")
    if start and start > after:
        after = start - datetime.timedelta(microseconds=1)
    due = rules.expression(schedule, schedule["LastModificationDate"]).after(after)
    return None if due is None or (end and due > end) else due


def _key(scope: Scope, request: Mapping[str, Any]) -> _Key:
    return scope, request.get("GroupName") or DEFAULT, request["Name"]


def _order(item: tuple[_Key, Any]) -> tuple[str, str]:
    return item[0][1], item[0][2]
