"""Applications of EMR Serverless: the settings of job runs, and whether they may start."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.store import Store
from rehearsal.framework.tags import Tags

PAGE_SIZE = 50
SETTINGS = (
    *("name", "releaseLabel", "type", "initialCapacity", "maximumCapacity", "architecture"),
    *("autoStartConfiguration", "autoStopConfiguration", "networkConfiguration"),
    *("runtimeConfiguration", "monitoringConfiguration"),
)
_DEFAULTS: dict[str, Any] = {
    "architecture": "X86_64",
    "autoStartConfiguration": {"enabled": True},
    "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 15},
}
_SUMMARY = ("name", "arn", "releaseLabel", "type", "state", "stateDetails", "architecture")
_ID_CHARACTERS = string.ascii_lowercase + string.digits
Record = dict[str, Any]


class Applications:
    """Operations on applications.

    An application starts and stops at once. It does not stop by itself when it is idle, as nothing
    is billed.

    Args:
        lock: the lock of the service.
        tags: the tags of the service.
    """

    def __init__(self, lock: threading.RLock, tags: Tags) -> None:
        self._lock = lock
        self._tags = tags
        self._applications: Store[Record] = Store()
        self.has_active_runs: Callable[[Scope, str], bool] = lambda scope, name: False

    def create_application(self, request: Request, context: Context) -> Response:
        scope = context.scope
        with self._lock:
            known = self._applications.of(scope)
            for record in known.values():
                if record["clientToken"] == request["clientToken"]:
                    return _identity(record)
            identifier = new_id()
            arn = application_arn(scope, identifier)
            self._tags.authorize(context, arn, request.get("tags"))
            given = {name: request[name] for name in SETTINGS if name in request}
            moment = utc_now()
            record = {
                **_DEFAULTS,
                **given,
                "applicationId": identifier,
                "arn": arn,
                "state": "CREATED",
                "stateDetails": "",
                "createdAt": moment,
                "updatedAt": moment,
                "clientToken": request["clientToken"],
            }
            known[identifier] = record
            self._tags.put(arn, request.get("tags"))
            return _identity(record)

    def get_application(self, request: Request, context: Context) -> Response:
        with self._lock:
            record = self.find(context.scope, request["applicationId"])
            shown = {name: value for name, value in record.items() if name != "clientToken"}
            return {"application": {**shown, "tags": self._tags.shown(record["arn"])}}

    def list_applications(self, request: Request, context: Context) -> Response:
        states = request.get("states")
        with self._lock:
            found = [
                {
                    "id": record["applicationId"],
                    "createdAt": record["createdAt"],
                    "updatedAt": record["updatedAt"],
                    **{name: record[name] for name in _SUMMARY if name in record},
                }
                for record in self._applications.of(context.scope).values()
                if not states or record["state"] in states
            ]
        shown, more = paged(found, request)
        return {"applications": shown, **more}

    def update_application(self, request: Request, context: Context) -> Response:
        with self._lock:
            record = self.find(context.scope, request["applicationId"])
            if record["state"] not in ("CREATED", "STOPPED"):
                raise _conflict(record, "updated", "CREATED or STOPPED")
            record.update({name: request[name] for name in SETTINGS if name in request})
            record["updatedAt"] = utc_now()
        return self.get_application(request, context)

    def start_application(self, request: Request, context: Context) -> Response:
        with self._lock:
            self.set_state(self.find(context.scope, request["applicationId"]), "STARTED")
        return {}

    def stop_application(self, request: Request, context: Context) -> Response:
        with self._lock:
            record = self.find(context.scope, request["applicationId"])
            if self.has_active_runs(context.scope, record["applicationId"]):
                raise AwsError(
                    "ConflictException",
                    f"Application {record['applicationId']} has active job runs: cancel them "
                    "first, or wait until they end.",
                    409,
                )
            self.set_state(record, "STOPPED")
        return {}

    def delete_application(self, request: Request, context: Context) -> Response:
        with self._lock:
            record = self.find(context.scope, request["applicationId"])
            if record["state"] not in ("CREATED", "STOPPED"):
                raise _conflict(record, "deleted", "CREATED or STOPPED")
            self.set_state(record, "TERMINATED")
            self._tags.drop(record["arn"])
        return {}

    def find(self, scope: Scope, identifier: str) -> Record:
        """Returns an application.

        Raises:
            AwsError: ResourceNotFoundException: it does not exist.
        """
        with self._lock:
            found = self._applications.of(scope).get(identifier)
            if found is None or found["state"] == "TERMINATED":
                message = f"Application {identifier} does not exist"
                raise AwsError("ResourceNotFoundException", message, 404)
            return found

    def ready(self, scope: Scope, identifier: str) -> Record:
        """Returns an application that accepts a job run; it starts if it may start by itself.

        Raises:
            AwsError: it does not exist, or it is not started.
        """
        with self._lock:
            record = self.find(scope, identifier)
            if record["state"] != "STARTED":
                if not record["autoStartConfiguration"].get("enabled", True):
                    raise AwsError(
                        "ValidationException",
                        f"Application {identifier} is in the state {record['state']} and does not "
                        "start automatically: start it first.",
                    )
                self.set_state(record, "STARTED")
            return record

    def set_state(self, record: Record, state: str) -> None:
        """Changes the state of an application."""
        record.update(state=state, updatedAt=utc_now())


def application_arn(scope: Scope, identifier: str) -> str:
    """Returns the ARN of an application."""
    return scope.arn("emr-serverless", f"/applications/{identifier}")


def new_id() -> str:
    """Returns an identifier, as `00f1r8q1...`."""
    return "00" + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(14))


def paged(found: list[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
    """Returns a page of entries, and the token of the next one."""
    names = {"size_member": "maxResults", "token_member": "nextToken"}
    return page(found, request, size=PAGE_SIZE, **names)


def _identity(record: Record) -> Response:
    return {name: record[name] for name in ("applicationId", "name", "arn") if name in record}


def _conflict(record: Record, verb: str, states: str) -> AwsError:
    return AwsError(
        "ConflictException",
        f"Application {record['applicationId']} cannot be {verb} in the state {record['state']}: "
        f"it must be {states}.",
        409,
    )
