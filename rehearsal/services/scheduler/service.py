"""EventBridge Scheduler: schedules and their groups, and the thread that invokes what is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rehearsal.framework.clock import Clock, clock_of
from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import Platform, Scope
from rehearsal.framework.service import Request, Service
from rehearsal.framework.tags import TagOperations
from rehearsal.framework.workers import Workers
from rehearsal.services.scheduler.groups import ScheduleGroups, group_arn
from rehearsal.services.scheduler.invocation import PRINCIPAL, Invocation
from rehearsal.services.scheduler.request_rules import SCHEDULER
from rehearsal.services.scheduler.schedules import Schedules, schedule_arn

# A schedule's time arrives without a notification, so the thread looks again this often.
_MAX_SLEEP_SECONDS = 1.0


class Scheduler(Service):
    """Schedules and schedule groups.

    Args:
        platform: the AWS around the service.
        clock: the present time. Defaults to the clock of the platform.
        invoke: runs an invocation. Defaults to None: runs it on a separate thread.
    """

    name = "scheduler"
    namespace = "scheduler"
    rules = SCHEDULER

    def __init__(
        self,
        platform: Platform,
        clock: Clock | None = None,
        invoke: Callable[[Invocation], None] | None = None,
    ) -> None:
        super().__init__(platform)
        self._invoke = invoke or self._invoke_on_thread
        self._workers = Workers()
        identity = ServiceIdentity(platform, PRINCIPAL, "scheduler")
        groups = ScheduleGroups(
            self.lock, self.tags, lambda scope, group: self._schedules.delete_group(scope, group)
        )
        self._schedules = Schedules(self.lock, clock or clock_of(platform), identity, groups.find)
        self.compose(self._schedules, groups, TagOperations(self.tags, groups.find_by_arn))

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if "ResourceArn" in request:
            return [request["ResourceArn"]]
        if operation in ("CreateSchedule", "GetSchedule", "UpdateSchedule", "DeleteSchedule"):
            return [schedule_arn(scope, request)]
        if operation.endswith("ScheduleGroup"):
            return [group_arn(scope, request["Name"])]
        return ["*"]

    def tick(self) -> None:
        """Invokes the targets of all schedules that are due."""
        for invocation in self._schedules.take_due():
            self._invoke(invocation)

    def start(self) -> None:
        self._workers.start("scheduler", self._tick_until_closed)

    def close(self) -> None:
        self._workers.close(timeout=1.0)

    def _tick_until_closed(self) -> None:
        while not self._workers.closing.wait(self._sleep_seconds()):
            self.tick()

    def _sleep_seconds(self) -> float:
        return max(0.0, min([_MAX_SLEEP_SECONDS, *self._schedules.seconds_to_next()]))

    def _invoke_on_thread(self, invocation: Invocation) -> None:
        def run() -> None:
            invocation.run(self.platform, self._workers.closing)

        self._workers.start(invocation.schedule["Name"], run)
