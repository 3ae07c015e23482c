"""Concurrent writes of records into all stores of a feature group."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.ingestion.files import File
from mlops_jobs.ingestion.progress import Progress
from mlops_jobs.ingestion.schema import GroupSchema, Row

_RECORDS_PER_THREAD = 50  # written before failures are counted
_DENIED = 403


class RecordWriter:
    """Writes records with PutRecord, into all stores of the group.

    PutRecord is used rather than BatchWriteRecord because CloudWatch counts its calls for each
    group, so that an alarm can detect a group without new records.

    Args:
        client: boto3 client of the Feature Store runtime; it retries throttled calls.
        schema: features of the group.
        progress: count of the written records, and the failures.
        concurrency: number of records that are written concurrently.
        stores: the stores that are written, such as `OnlineStore`. Defaults to none: all stores of
            the group.
    """

    def __init__(
        self,
        client: Any,
        schema: GroupSchema,
        progress: Progress,
        concurrency: int,
        stores: Sequence[str] = (),
    ) -> None:
        self._client, self._schema = client, schema
        self._progress, self._concurrency = progress, concurrency
        self._stores = {"TargetStores": list(stores)} if stores else {}

    def write(self, file: File, rows: Iterable[Row]) -> None:
        """Writes the rows of a file; those that AWS rejects are failures.

        Args:
            file: the file.
            rows: valid rows, each with its place.

        Raises:
            InputError: AWS denies a call, or too many records fail.
        """
        with ThreadPoolExecutor(self._concurrency) as pool:
            for piece in _pieces(iter(rows), _RECORDS_PER_THREAD * self._concurrency):
                errors = pool.map(self._put, [row for _, row in piece])
                for (place, _), error in zip(piece, errors, strict=True):
                    if error is None:
                        self._progress.written += 1
                    else:
                        self._progress.fail(place, error)

    def _put(self, row: dict[str, str]) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        record = [{"FeatureName": name, "ValueAsString": text} for name, text in row.items()]
        try:
            self._client.put_record(
                FeatureGroupName=self._schema.group, Record=record, **self._stores
            )
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _DENIED:
                raise InputError(f"AWS denied PutRecord: {error}") from error
            return str(error)
        except BotoCoreError as error:
            return str(error)
        return None


def _pieces(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while piece := list(islice(rows, size)):
        yield piece
