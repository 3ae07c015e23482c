"""Brings records to the offline store: gathered, and written with the group's role.

AWS writes within 15 minutes; here it takes a second, so that a person who tries it out need not
wait.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import Platform, Scope
from rehearsal.framework.workers import Workers
from rehearsal.services.sagemaker.feature_store import offline_files, offline_tables
from rehearsal.services.sagemaker.feature_store.offline_files import Row

GATHER_SECONDS = 1.0
_PRINCIPAL = "sagemaker.amazonaws.com"
_log = logging.getLogger("rehearsal.sagemaker")


class OfflineWriter:
    """Gathers rows for a moment, then writes those of each group together."""

    def __init__(self, platform: Platform, workers: Workers) -> None:
        self._platform = platform
        self._workers = workers
        self._lock = threading.Lock()
        self._waiting: dict[tuple[Scope, str], tuple[Any, list[Row]]] = {}

    def append(self, scope: Scope, group: Any, row: Row) -> None:
        """Adds a row; the first one of a moment starts the writing."""
        key = (scope, group["FeatureGroupName"])
        with self._lock:
            idle = not self._waiting
            self._waiting.setdefault(key, (group, []))[1].append(row)
        if idle:
            self._workers.start("write the offline store", self._gather)

    def _gather(self) -> None:
        self._workers.closing.wait(GATHER_SECONDS)
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for (scope, _), (group, rows) in waiting.items():
            self._write(scope, group, rows)

    def _write(self, scope: Scope, group: Any, rows: Sequence[Row]) -> None:
        try:
            self._store(scope, group, rows)
        except Exception as error:
            # Whatever it is, only the status can tell it: who looks at the group sees why records
            # of its online store are not in the offline one.
            _log.warning("The offline store of %s: %s", group["FeatureGroupName"], error)
            group["OfflineStoreStatus"] = {"Status": "Blocked", "BlockedReason": str(error)[:1024]}
        else:
            group["OfflineStoreStatus"] = {"Status": "Active"}

    def _store(self, scope: Scope, group: Mapping[str, Any], rows: Sequence[Row]) -> None:
        credentials = self._platform.service_credentials(
            group["RoleArn"],
            service_principal=_PRINCIPAL,
            session_name="SageMakerFeatureStore",
            source_arn=group["FeatureGroupArn"],
        )
        session = self._platform.session(credentials, scope.region)
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
            offline_iceberg,  # takes two seconds to load
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
