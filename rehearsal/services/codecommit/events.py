"""Events about the references of repositories.

Source: https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import Platform
from rehearsal.git.smart_http import ReferenceUpdate
from rehearsal.services.codecommit.records import RepositoryRecord

Listener = Callable[[RepositoryRecord, Sequence[ReferenceUpdate], str], None]


class ReferenceEvents:
    """Emits an event for each reference that changes.

    Args:
        platform: the AWS around the service.
        lock: the service's lock.
    """

    def __init__(self, platform: Platform, lock: threading.RLock) -> None:
        self._platform = platform
        self._lock = lock
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Adds a listener, which is called after the events were emitted."""
        self._listeners.append(listener)

    def branch_changed(
        self,
        record: RepositoryRecord,
        branch: str,
        old: str | None,
        new: str | None,
        caller_arn: str,
    ) -> None:
        """Reports the change of a branch, from one commit to another."""
        update = ReferenceUpdate(full_name=f"refs/heads/{branch}", old_commit=old, new_commit=new)
        self.changed(record, [update], caller_arn)

    def changed(
        self, record: RepositoryRecord, updates: Sequence[ReferenceUpdate], caller_arn: str
    ) -> None:
        """Reports changes of references; the first branch becomes the default branch."""
        with self._lock:
            record.modified = utc_now()
            for update in updates:
                if record.default_branch is None and update.kind == "branch" and update.new_commit:
                    record.default_branch = update.name
                    record.git.set_default_branch(update.name)
        for update in updates:
            self._platform.emit_event(
                record.scope,
                source="aws.codecommit",
                detail_type="CodeCommit Repository State Change",
                resources=[record.arn],
                detail=_detail(record, update, caller_arn),
            )
        for listener in self._listeners:
            listener(record, updates, caller_arn)


def _detail(record: RepositoryRecord, update: ReferenceUpdate, caller_arn: str) -> dict[str, str]:
    if update.old_commit is None:
        event = "referenceCreated"
    elif update.new_commit is None:
        event = "referenceDeleted"
    else:
        event = "referenceUpdated"
    detail = {
        "event": event,
        "repositoryName": record.name,
        "repositoryId": record.repository_id,
        "referenceType": update.kind,
        "referenceName": update.name,
        "referenceFullName": update.full_name,
        "callerUserArn": caller_arn,
    }
    if update.new_commit:
        detail["commitId"] = update.new_commit
    if update.old_commit:
        detail["oldCommitId"] = update.old_commit
    return detail
