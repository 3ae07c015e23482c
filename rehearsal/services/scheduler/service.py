"""EventBridge Scheduler: schedules and their groups, and the thread that runs what is due."""

from __future__ import annotations

import copy
import datetime
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.scheduler import rules
from rehearsal.services.scheduler.groups import DEFAULT, ScheduleGroups, page
from rehearsal.services.scheduler.invocation import PRINCIPAL, Invocation

Clock = Callable[[], datetime.datetime]
_Key = tuple[Scope, str, str]  # scope, group, name
# Nothing wakes the clock when a schedule's time comes but the clock itself.
_LONGEST_SLEEP_SECONDS = 1.0


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Scheduler(ScheduleGroups):
    """Create-, Get-, Update-, List-, DeleteSchedule, and the same for groups.

    Args:
        platform: The AWS around the service.
        clock: The present time.
        start: Runs an invocation; on a thread of its own by default.
    """

    def __init__(
        self,
        platform: Platform,
        clock: Clock = utc_now,
        start: Callable[[Invocation], None] | None = None,
    ) -> None:
        super().__init__(platform)
        self._clock = clock
        self._begin = start or self._on_a_thread
        self._schedules: dict[_Key, dict[str, Any]] = {}
        self._due: dict[_Key, datetime.datetime | None] = {}
        self._stop = threading.Event()

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if operation in ("CreateSchedule", "GetSchedule", "UpdateSchedule", "DeleteSchedule"):
            group = request.get("GroupName") or DEFAULT
            return [scope.arn("scheduler", f"schedule/{group}/{request['Name']}")]
        return super().resource_arns(operation, request, scope)

    def create_schedule(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        record = self._accept(request, context)
        with self.lock:
            if key in self._schedules:
                message = f"Schedule {request['Name']} already exists."
                raise AwsError("ConflictException", message, 409)
            self._put(key, record, created=record["LastModificationDate"])
        return {"ScheduleArn": record["Arn"]}

    def update_schedule(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        before = self._find(key)
        record = self._accept(request, context)
        with self.lock:
            self._put(key, record, created=before["CreationDate"])
        return {"ScheduleArn": record["Arn"]}

    def get_schedule(self, request: Request, context: Context) -> Response:
        return copy.deepcopy(self._find(_key(context.scope, request)))

    def delete_schedule(self, request: Request, context: Context) -> Response:
        key = _key(context.scope, request)
        with self.lock:
            self._find(key)
            self._forget(key)
        return {}

    def list_schedules(self, request: Request, context: Context) -> Response:
        with self.lock:
            found = [
                record
                for (scope, group, name), record in sorted(self._schedules.items(), key=_order)
                if scope == context.scope
                and request.get("GroupName") in (None, group)
                and name.startswith(request.get("NamePrefix", ""))
                and request.get("State") in (None, record["State"])
            ]
        summaries = ("Arn", "CreationDate", "GroupName", "LastModificationDate", "Name", "State")
        return page(
            [
                {name: record[name] for name in summaries}
                | {"Target": {"Arn": record["Target"]["Arn"]}}
                for record in found
            ],
            request,
            "Schedules",
        )

    def delete_schedule_group(self, request: Request, context: Context) -> Response:
        answer = super().delete_schedule_group(request, context)
        with self.lock:
            for key in [k for k in self._schedules if k[:2] == (context.scope, request["Name"])]:
                self._forget(key)
        return answer

    def tick(self) -> None:
        """Starts everything that is due."""
        now = self._clock()
        with self.lock:
            due = [(key, moment) for key, moment in self._due.items() if moment and moment <= now]
        for key, moment in due:
            self._invoke(key, moment, now)

    def start(self) -> None:
        threading.Thread(target=self._tick_until_closed, name="scheduler", daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def _tick_until_closed(self) -> None:
        while not self._stop.wait(self._sleep_seconds()):
            self.tick()

    def _sleep_seconds(self) -> float:
        now = self._clock()
        with self.lock:
            waits = [(moment - now).total_seconds() for moment in self._due.values() if moment]
        return max(0.0, min([_LONGEST_SLEEP_SECONDS, *waits]))

    def _invoke(self, key: _Key, moment: datetime.datetime, now: datetime.datetime) -> None:
        with self.lock:
            record = self._schedules.get(key)
            if record is None or self._due.get(key) != moment:
                return  # it was changed or deleted meanwhile
            group_arn = self.group(key[0], key[1])["Arn"]
            # Times that passed while the process was busy are not made up for.
            following = self._following(record, now)
            self._due[key] = following
            if following is None and record["ActionAfterCompletion"] == "DELETE":
                self._forget(key)
        self._begin(Invocation(key[0], record, group_arn, moment))

    def _on_a_thread(self, invocation: Invocation) -> None:
        def run() -> None:
            invocation.run(self.platform, self._stop)

        threading.Thread(target=run, name=invocation.schedule["Name"], daemon=True).start()

    def _accept(self, request: Request, context: Context) -> dict[str, Any]:
        now = self._clock()
        rules.check(request, now)
        group = self.group(context.scope, request.get("GroupName") or DEFAULT)
        role = request["Target"]["RoleArn"]
        self._check_role(context, role, group["Arn"])
        name = request["Name"]
        defaults = {
            "GroupName": group["Name"],
            "State": "ENABLED",
            "ActionAfterCompletion": "NONE",
            "ScheduleExpressionTimezone": "UTC",
        }
        retries = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
        record = {**defaults, **copy.deepcopy(dict(request))}
        record.pop("ClientToken", None)
        record["Target"]["RetryPolicy"] = retries | record["Target"].get("RetryPolicy", {})
        record["Arn"] = context.scope.arn("scheduler", f"schedule/{group['Name']}/{name}")
        record["LastModificationDate"] = now
        return record

    def _check_role(self, context: Context, role_arn: str, group_arn: str) -> None:
        self.platform.check_pass_role(context, role_arn, PRINCIPAL)
        try:
            self.platform.service_credentials(
                role_arn,
                service_principal=PRINCIPAL,
                session_name="scheduler",
                source_arn=group_arn,
            )
        except AwsError:
            raise AwsError(
                "ValidationException",
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
                f"role. {role_arn} does not trust {PRINCIPAL} for the source {group_arn}.",
            ) from None

    def _put(self, key: _Key, record: dict[str, Any], created: datetime.datetime) -> None:
        record["CreationDate"] = created
        self._schedules[key] = record
        before = record["LastModificationDate"] - datetime.timedelta(microseconds=1)
        self._due[key] = self._following(record, before)

    def _following(
        self, record: Mapping[str, Any], after: datetime.datetime
    ) -> datetime.datetime | None:
        """When a schedule is due next; None when it is not any more."""
        if record["State"] != "ENABLED":
            return None
        start, end = record.get("StartDate"), record.get("EndDate")
        if start and start > after:
            after = start - datetime.timedelta(microseconds=1)
        due = rules.expression(record, record["LastModificationDate"]).after(after)
        return None if due is None or (end and due > end) else due

    def _find(self, key: _Key) -> dict[str, Any]:
        with self.lock:
            if key not in self._schedules:
                message = f"Schedule {key[2]} does not exist."
                raise AwsError("ResourceNotFoundException", message, 404)
            return self._schedules[key]

    def _forget(self, key: _Key) -> None:
        self._schedules.pop(key, None)
        self._due.pop(key, None)


def _key(scope: Scope, request: Mapping[str, Any]) -> _Key:
    return scope, request.get("GroupName") or DEFAULT, request["Name"]


def _order(item: tuple[_Key, Any]) -> tuple[str, str]:
    return item[0][1], item[0][2]
