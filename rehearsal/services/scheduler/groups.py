"""Groups of schedules, and their tags."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service

DEFAULT = "default"
_PAGE = 100


class ScheduleGroups(Service):
    """Create-, Get-, List-, DeleteScheduleGroup, and tags, which only groups have."""

    name = "scheduler"
    namespace = "scheduler"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._groups: dict[tuple[Scope, str], dict[str, Any]] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if "ResourceArn" in request:
            return [request["ResourceArn"]]
        if operation.endswith("ScheduleGroup"):
            return [_arn(scope, request["Name"])]
        return ["*"]

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            return dict(self._tags.get(arn, {}))

    def create_schedule_group(self, request: Request, context: Context) -> Response:
        name, arn = request["Name"], _arn(context.scope, request["Name"])
        if request.get("Tags"):
            self.platform.authorize(context.caller_arn, "scheduler:TagResource", arn, context.scope)
        with self.lock:
            if name == DEFAULT or (context.scope, name) in self._groups:
                message = f"Schedule group {name} already exists."
                raise AwsError("ConflictException", message, 409)
            self._groups[context.scope, name] = _group(context.scope, name)
            self._tags[arn] = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
        return {"ScheduleGroupArn": arn}

    def get_schedule_group(self, request: Request, context: Context) -> Response:
        return dict(self.group(context.scope, request["Name"]))

    def list_schedule_groups(self, request: Request, context: Context) -> Response:
        self.group(context.scope, DEFAULT)
        with self.lock:
            found = [
                dict(group)
                for (scope, name), group in sorted(
                    self._groups.items(), key=lambda item: item[0][1]
                )
                if scope == context.scope and name.startswith(request.get("NamePrefix", ""))
            ]
        return page(found, request, "ScheduleGroups")

    def delete_schedule_group(self, request: Request, context: Context) -> Response:
        """Removes a group; its schedules go with it."""
        group = self.group(context.scope, request["Name"])
        if group["Name"] == DEFAULT:
            message = "The default schedule group cannot be deleted."
            raise AwsError("ValidationException", message)
        with self.lock:
            self._groups.pop((context.scope, group["Name"]), None)
            self._tags.pop(group["Arn"], None)
        return {}

    def tag_resource(self, request: Request, context: Context) -> Response:
        self._group_of(request["ResourceArn"], context.scope)
        with self.lock:
            tags = self._tags.setdefault(request["ResourceArn"], {})
            tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return {}

    def untag_resource(self, request: Request, context: Context) -> Response:
        self._group_of(request["ResourceArn"], context.scope)
        with self.lock:
            for key in request["TagKeys"]:
                self._tags.get(request["ResourceArn"], {}).pop(key, None)
        return {}

    def list_tags_for_resource(self, request: Request, context: Context) -> Response:
        self._group_of(request["ResourceArn"], context.scope)
        with self.lock:
            tags = dict(self._tags.get(request["ResourceArn"], {}))
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def group(self, scope: Scope, name: str) -> dict[str, Any]:
        """A group; the default one is always there. Raises AwsError for one that is not."""
        with self.lock:
            if name == DEFAULT:
                return self._groups.setdefault((scope, name), _group(scope, name))
            if (scope, name) not in self._groups:
                message = f"Schedule group {name} does not exist."
                raise AwsError("ResourceNotFoundException", message, 404)
            return self._groups[scope, name]

    def _group_of(self, arn: str, scope: Scope) -> dict[str, Any]:
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind != "schedule-group":
            message = f"{arn}: only schedule groups have tags."
            raise AwsError("ValidationException", message)
        return self.group(scope, name)


def page(entries: list[Any], request: Request, member: str) -> dict[str, Any]:
    """A page of a list, with NextToken when more follow."""
    try:
        start = int(request.get("NextToken") or 0)
    except ValueError:
        raise AwsError("ValidationException", "NextToken was not given by this service") from None
    end = start + int(request.get("MaxResults") or _PAGE)
    more = {"NextToken": str(end)} if end < len(entries) else {}
    return {member: entries[start:end], **more}


def _group(scope: Scope, name: str) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC)
    return {
        "Name": name,
        "Arn": _arn(scope, name),
        "State": "ACTIVE",
        "CreationDate": now,
        "LastModificationDate": now,
    }


def _arn(scope: Scope, name: str) -> str:
    return scope.arn("scheduler", f"schedule-group/{name}")
