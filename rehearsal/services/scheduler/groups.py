"""Schedule groups."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.store import Store
from rehearsal.framework.tags import Tags

DEFAULT = "default"
PAGE_SIZE = 100


class ScheduleGroups:
    """Operations on schedule groups, the only resources of Scheduler that have tags.

    Args:
        lock: the service's lock.
        tags: the service's tags.
        delete_schedules: deletes the schedules of a group that is deleted.
    """

    def __init__(
        self, lock: threading.RLock, tags: Tags, delete_schedules: Callable[[Scope, str], None]
    ) -> None:
        self._lock = lock
        self._tags = tags
        self._delete_schedules = delete_schedules
        self._groups: Store[dict[str, Any]] = Store()

    def create_schedule_group(self, request: Request, context: Context) -> Response:
        name, arn = request["Name"], group_arn(context.scope, request["Name"])
        self._tags.authorize(context, arn, request.get("Tags"))
        with self._lock:
            groups = self._groups.of(context.scope)
            if name == DEFAULT or name in groups:
                message = f"Schedule group {name} already exists."
                raise AwsError("ConflictException", message, 409)
            groups[name] = _group(context.scope, name)
            self._tags.put(arn, request.get("Tags"))
        return {"ScheduleGroupArn": arn}

    def get_schedule_group(self, request: Request, context: Context) -> Response:
        return dict(self.find(context.scope, request["Name"]))

    def list_schedule_groups(self, request: Request, context: Context) -> Response:
        self.find(context.scope, DEFAULT)
        with self._lock:
            found = [
                dict(group)
                for name, group in sorted(self._groups.of(context.scope).items())
                if name.startswith(request.get("NamePrefix", ""))
            ]
        shown, more = page(found, request, size=PAGE_SIZE)
        return {"ScheduleGroups": shown, **more}

    def delete_schedule_group(self, request: Request, context: Context) -> Response:
        """Deletes a group and its schedules."""
        group = self.find(context.scope, request["Name"])
        if group["Name"] == DEFAULT:
            message = "The default schedule group cannot be deleted."
            raise AwsError("ValidationException", message)
        with self._lock:
            self._groups.of(context.scope).pop(group["Name"], None)
            self._tags.drop(group["Arn"])
            self._delete_schedules(context.scope, group["Name"])
        return {}

    def find(self, scope: Scope, name: str) -> dict[str, Any]:
        """Returns a group; the default group always exists.

        Raises:
            AwsError: ResourceNotFoundException, if there is no such group.
        """
        with self._lock:
            groups = self._groups.of(scope)
            if name == DEFAULT:
                return groups.setdefault(name, _group(scope, name))
            if name not in groups:
                message = f"Schedule group {name} does not exist."
                raise AwsError("ResourceNotFoundException", message, 404)
            return groups[name]

    def find_by_arn(self, arn: str, scope: Scope) -> dict[str, Any]:
        """Returns a group by its ARN.

        Raises:
            AwsError: the ARN is of another kind of resource, or the group does not exist.
        """
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind != "schedule-group":
            message = f"{arn}: only schedule groups have tags."
            raise AwsError("ValidationException", message)
        return self.find(scope, name)


def group_arn(scope: Scope, name: str) -> str:
    """Returns the ARN of a schedule group."""
    return scope.arn("scheduler", f"schedule-group/{name}")


def _group(scope: Scope, name: str) -> dict[str, Any]:
    now = utc_now()
    return {
        "Name": name,
        "Arn": group_arn(scope, name),
        "State": "ACTIVE",
        "CreationDate": now,
        "LastModificationDate": now,
    }
