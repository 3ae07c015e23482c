"""Direct writes into the offline store: Parquet files in hourly partitions.

PutRecord takes one record; a direct write takes the records of an hour together. It does not reach
the online store.

Source: "Offline store data format" and "Batch ingestion with Amazon SageMaker Feature Store Spark"
(direct ingestion) of SageMaker's developer guide.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.ingestion.files import File
from mlops_jobs.ingestion.progress import Progress
from mlops_jobs.ingestion.schema import GroupSchema, OfflineLocation, Row

MAX_BUFFERED_ROWS = 200_000
_MARK_LENGTH = 16

Hours = dict[datetime, list[dict[str, str]]]


class OfflineWriter:
    """Writes files whole: a file with a row that is not valid is not written.

    The names of the objects follow from the file, so a repeated run replaces its objects.

    Args:
        client: boto3 client of S3.
        schema: features of the group.
        progress: count of the written records, and the failures.
        concurrency: number of objects that are written concurrently.

    Raises:
        InputError: the group has no offline store, or an Iceberg table.
    """

    def __init__(
        self, client: Any, schema: GroupSchema, progress: Progress, concurrency: int
    ) -> None:
        self._client, self._schema = client, schema
        self._progress, self._concurrency = progress, concurrency
        self._location = _checked(schema)

    def write(self, file: File, rows: Iterable[Row]) -> None:
        """Writes the rows of a file, unless one of its rows is not valid.

        Args:
            file: the file.
            rows: valid rows, each with its place; reading them may add failures.

        Raises:
            InputError: AWS rejects an object.
        """
        failures, count, hours, buffered = len(self._progress.failures), 0, Hours(), 0
        with TemporaryDirectory() as directory:
            spool = _Spool(Path(directory), self._schema, file)
            for _, row in rows:
                hours.setdefault(self._schema.hour(row), []).append(row)
                count, buffered = count + 1, buffered + 1
                if buffered == MAX_BUFFERED_ROWS:
                    spool.add(hours)
                    hours, buffered = Hours(), 0
            spool.add(hours)
            if len(self._progress.failures) == failures:
                self._upload(spool)
                self._progress.written += count

    def _upload(self, spool: "_Spool") -> None:
        import boto3.exceptions

        encryption = {}
        if self._location.key_id is not None:
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._location.key_id}

        def put(name: str) -> None:
            self._client.upload_file(
                str(spool.folder / name),
                self._location.bucket,
                f"{self._location.prefix}/{name}",
                ExtraArgs=encryption,
            )

        try:
            with ThreadPoolExecutor(self._concurrency) as pool:
                list(pool.map(put, spool.names))
        except boto3.exceptions.S3UploadFailedError as error:
            raise InputError(f"the call to AWS failed: {error}") from error


class _Spool:
    """Parquet files of one ingested file, below their partitions."""

    def __init__(self, folder: Path, schema: GroupSchema, file: File) -> None:
        self.folder, self._schema, self._mark = folder, schema, file.mark[:_MARK_LENGTH]
        self.names: list[str] = []
        self._now = datetime.now(UTC)

    def add(self, hours: Hours) -> None:
        for hour, rows in sorted(hours.items()):
            name = (
                f"{hour:year=%Y/month=%m/day=%d/hour=%H}/"
                f"{hour:%Y%m%dT%H%M%SZ}_{self._mark}{len(self.names):06d}.parquet"
            )
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _frame(rows, self._schema.types, self._now).write_parquet(path, compression="snappy")
            self.names.append(name)


def _frame(rows: list[dict[str, str]], types: Mapping[str, str], now: datetime) -> Any:
    import polars

    kinds = {
        "String": polars.String(),
        "Integral": polars.Int64(),
        "Fractional": polars.Float64(),
    }
    columns = {name: [row.get(name) for row in rows] for name in types}
    moment = polars.lit(now, polars.Datetime("us", "UTC"))
    return (
        polars.DataFrame(columns, schema=dict.fromkeys(types, polars.String()))
        .cast({name: kinds[kind] for name, kind in types.items()})
        .with_columns(
            write_time=moment, api_invocation_time=moment, is_deleted=polars.lit(value=False)
        )
    )


def _checked(schema: GroupSchema) -> OfflineLocation:
    if schema.offline is None:
        raise InputError(
            f"{schema.group}: got a group without an offline store; allowed for direct writes: a "
            "group with one"
        )
    if schema.offline.table_format != "Glue":
        raise InputError(
            f"{schema.group}: got a table in the format {schema.offline.table_format}; allowed "
            "for direct writes: Glue; use --store all to write with PutRecord"
        )
    return schema.offline
