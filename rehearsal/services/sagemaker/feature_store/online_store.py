"""Online store of feature groups: the latest record of each identifier."""

import datetime
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.framework.platform import Platform, Scope
from rehearsal.services.sagemaker.feature_store.feature_values import Value


@dataclass(frozen=True)
class StoredRecord:
    """A record with its event time; a soft-deleted record keeps its identifier only."""

    values: Mapping[str, Value]
    event_time: datetime.datetime
    expires_at: datetime.datetime | None = None
    is_deleted: bool = False

    def is_expired(self) -> bool:
        """Returns True if the time to live has passed."""
        return self.expires_at is not None and self.expires_at <= datetime.datetime.now(
            datetime.UTC
        )


class OnlineStore:
    """The records of all feature groups, and the groups themselves.

    A group is the record of the control plane, so that its status and schema are current.
    """

    KEPT = ("_groups", "_records")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._groups: dict[tuple[Scope, str], Mapping[str, Any]] = {}
        self._records: dict[tuple[Scope, str], dict[str, StoredRecord]] = {}

    def add_group(self, scope: Scope, group: Mapping[str, Any]) -> None:
        """Adds a group, without records."""
        with self._lock:
            self._groups[scope, group["FeatureGroupName"]] = group
            self._records[scope, group["FeatureGroupName"]] = {}

    def remove_group(self, scope: Scope, name: str) -> None:
        """Removes a group and all its records."""
        with self._lock:
            self._groups.pop((scope, name), None)
            self._records.pop((scope, name), None)

    def group(self, scope: Scope, name: str) -> Mapping[str, Any] | None:
        """Returns a group that accepts records, or None if no group has this name."""
        with self._lock:
            return self._groups.get((scope, name))

    def names(self, scope: Scope) -> list[str]:
        """Returns the names of the groups of an account and region."""
        with self._lock:
            return [name for place, name in self._groups if place == scope]

    def get(self, scope: Scope, name: str, identifier: str) -> StoredRecord | None:
        """Returns the latest record, also a soft-deleted one; removes an expired one."""
        with self._lock:
            records = self._records.get((scope, name), {})
            record = records.get(identifier)
            if record is not None and record.is_expired():
                del records[identifier]
                return None
            return record

    def put(self, scope: Scope, name: str, identifier: str, record: StoredRecord) -> bool:
        """Stores a record if its event time is later than that of the present one."""
        with self._lock:
            present = self.get(scope, name, identifier)
            if present is not None and record.event_time <= present.event_time:
                return False
            self._records[scope, name][identifier] = record
            return True

    def remove(self, scope: Scope, name: str, identifier: str) -> None:
        """Removes a record (hard delete)."""
        with self._lock:
            self._records.get((scope, name), {}).pop(identifier, None)

    def identifiers(self, scope: Scope, name: str, *, with_deleted: bool) -> list[str]:
        """Returns the identifiers of a group's records, in the order of their first appearance."""
        with self._lock:
            known = list(self._records.get((scope, name), {}))
            found = ((identifier, self.get(scope, name, identifier)) for identifier in known)
            return [
                identifier
                for identifier, record in found
                if record is not None and (with_deleted or not record.is_deleted)
            ]


# SageMaker and the Feature Store runtime are two services of one platform and share its store.
_stores: weakref.WeakValueDictionary[Path, OnlineStore] = weakref.WeakValueDictionary()
_stores_lock = threading.Lock()


def online_store_of(platform: Platform) -> OnlineStore:
    """Returns the online store of a platform."""
    key = platform.state_directory.absolute()
    with _stores_lock:
        store = _stores.get(key)
        if store is None:
            store = _stores[key] = OnlineStore()
        return store
