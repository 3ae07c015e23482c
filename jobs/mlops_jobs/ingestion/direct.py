"""Direct writes into the offline store, with the newest records in the online store."""

from collections.abc import Iterable, Iterator
from typing import Any

from mlops_jobs.ingestion.files import File
from mlops_jobs.ingestion.offline import OfflineWriter
from mlops_jobs.ingestion.progress import Progress
from mlops_jobs.ingestion.schema import GroupSchema, Row
from mlops_jobs.ingestion.writer import RecordWriter


class DirectWriter:
    """Writes files into the offline store at once, and their newest records with PutRecord.

    A record that PutRecord writes is in the offline store after up to 15 minutes, too late for a
    training set that is read by the next step of a pipeline. The online store keeps one record of
    each identifier, so only the newest one of a file is sent there.

    Args:
        s3: boto3 client of S3.
        runtime: boto3 client of the Feature Store runtime.
        schema: features of the group.
        progress: count of the written records, and the failures.
        concurrency: number of objects, or of records, that are written concurrently.

    Raises:
        InputError: the group has no offline store, or an Iceberg table.
    """

    def __init__(
        self, s3: Any, runtime: Any, schema: GroupSchema, progress: Progress, concurrency: int
    ) -> None:
        self._schema, self._progress = schema, progress
        self._runtime, self._concurrency = runtime, concurrency
        self._offline = OfflineWriter(s3, schema, progress, concurrency)

    def write(self, file: File, rows: Iterable[Row]) -> None:
        """Writes the rows of a file, unless one of its rows is a failure.

        Args:
            file: the file.
            rows: valid rows, each with its place; reading them may add failures.

        Raises:
            InputError: AWS rejects an object, denies a call, or too many records fail.
        """
        failed, newest = len(self._progress.failures), dict[str, Row]()
        self._offline.write(file, self._noted(rows, newest))
        if len(self._progress.failures) > failed or not self._schema.online:
            return
        online = Progress()  # its records are counted already
        writer = RecordWriter(
            self._runtime, self._schema, online, self._concurrency, ("OnlineStore",)
        )
        writer.write(file, newest.values())
        self._progress.failures += online.failures

    def _noted(self, rows: Iterable[Row], newest: dict[str, Row]) -> Iterator[Row]:
        for place, row in rows:
            if self._schema.online:
                identifier = row[self._schema.record_identifier]
                before = newest.get(identifier)
                if before is None or self._schema.order(row) >= self._schema.order(before[1]):
                    newest[identifier] = (place, row)
            yield place, row
