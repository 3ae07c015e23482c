"""Writer of the offline store: buffers records and writes them with the group's role.

AWS writes within 15 minutes. The rehearsal writes within a second, so that users need not wait.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import Scope
from rehearsal.framework.workers import Workers
from rehearsal.services.sagemaker.feature_store import offline_files, offline_tables
from rehearsal.services.sagemaker.feature_store.offline_files import Row

BUFFER_SECONDS = 1.0
_log = logging.getLogger("rehearsal.sagemaker")


class OfflineWriter:
    """Buffers rows for a moment, then writes those of each group together.

    Args:
        identity: SageMaker, which assumes the roles of feature groups.
        workers: the threads of the service.
    """

    def __init__(self, identity: ServiceIdentity, workers: Workers) -> None:
        self._identity = identity
        self._workers = workers
        self._lock = threading.Lock()
        self._waiting: dict[tuple[Scope, str], tuple[Any, list[Row]]] = {}

    def append(self, scope: Scope, group: Any, row: Row) -> None:
        """Adds a row; the first one in an empty buffer starts the writing."""
        key = (scope, group["FeatureGroupName"])
        with self._lock:
            idle = not self._waiting
            self._waiting.setdefault(key, (group, []))[1].append(row)
        if idle:
            self._workers.start("write the offline store", self._flush)

    def _flush(self) -> None:
        self._workers.closing.wait(BUFFER_SECONDS)
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for (scope, _), (group, rows) in waiting.items():
            self._write(scope, group, rows)

    def _write(self, scope: Scope, group: Any, rows: Sequence[Row]) -> None:
        try:
            self._store(scope, group, rows)
        except Exception as error:
            # Any failure must end in a status: it is how the caller learns that records of the
            # online store are missing in the offline store.
            _log.warning("Offline store of %s: %s", group["FeatureGroupName"], error)
            group["OfflineStoreStatus"] = {"Status": "Blocked", "BlockedReason": str(error)[:1024]}
        else:
            group["OfflineStoreStatus"] = {"Status": "Active"}

    def _store(self, scope: Scope, group: Mapping[str, Any], rows: Sequence[Row]) -> None:
        session = self._identity.role_session(scope, group["RoleArn"], group["FeatureGroupArn"])
        config = group["OfflineStoreConfig"]
        if config["TableFormat"] != "Iceberg":
            offline_files.write_rows(
                session.client("s3"),
                offline_tables.data_location(group),
                group["FeatureDefinitions"],
                rows,
            )
            return
        from rehearsal.services.sagemaker.feature_store import (
            offline_iceberg,  # loaded on demand: it takes two seconds
        )

        names = config["DataCatalogConfig"]
        offline_iceberg.append_rows(
            session,
            location=offline_tables.table_location(group),
            database=names["Database"],
            table=names["TableName"],
            group=group,
            rows=rows,
        )
