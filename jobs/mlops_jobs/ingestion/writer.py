"""Concurrent writes of records into a feature group, with a list of failures."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.ingestion.schema import Record

_RECORDS_PER_THREAD = 50  # written before failures are counted
MAX_FAILURES = 1000
_LISTED_FAILURES = 3
_DENIED = 403


class Writer:
    """Writes records with PutRecord, into all stores of the group.

    PutRecord is used rather than BatchWriteRecord because CloudWatch counts its calls for each
    group, so that an alarm can detect a group without new records.

    Args:
        client: boto3 client of the Feature Store runtime; it retries throttled calls.
        group: name or ARN of the group.
        concurrency: number of records that are written concurrently.
    """

    def __init__(self, client: Any, group: str, concurrency: int) -> None:
        self._client, self._group, self._concurrency = client, group, concurrency
        self.written = 0
        self.failures: list[str] = []

    def fail(self, place: str, reason: str) -> None:
        """Records and logs a record that cannot be written.

        Args:
            place: file and line of the record.
            reason: reason of the failure.

        Raises:
            InputError: there are too many failures.
        """
        self.failures.append(f"{place}: {reason}")
        print(f"not written: {self.failures[-1]}")
        if len(self.failures) == MAX_FAILURES:
            raise InputError(f"stopped after {MAX_FAILURES} failures: {self.summary()}")

    def write(self, records: Iterable[tuple[str, Record]]) -> None:
        """Writes records.

        Args:
            records: records, each with its file and line.

        Raises:
            InputError: AWS denies a call, or too many records fail.
        """
        with ThreadPoolExecutor(self._concurrency) as pool:
            for piece in _pieces(iter(records), _RECORDS_PER_THREAD * self._concurrency):
                errors = pool.map(self._put, [record for _, record in piece])
                for (place, _), error in zip(piece, errors, strict=True):
                    if error is None:
                        self.written += 1
                    else:
                        self.fail(place, error)

    def summary(self) -> str:
        """Returns one line about the failures."""
        shown = " | ".join(self.failures[:_LISTED_FAILURES])
        return f"{len(self.failures)} records were not written, {self.written} were: {shown}"

    def _put(self, record: Record) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.put_record(FeatureGroupName=self._group, Record=record)
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _DENIED:
                raise InputError(f"AWS denied PutRecord: {error}") from error
            return str(error)
        except BotoCoreError as error:
            return str(error)
        return None


def _pieces(records: Iterator[tuple[str, Record]], size: int) -> Iterator[list[tuple[str, Record]]]:
    while piece := list(islice(records, size)):
        yield piece
