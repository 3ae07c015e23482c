"""Writes records into a feature group, many at a time, and keeps count of what failed."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from tabular.failure import InputError
from tabular.ingest.schema import Record

_PIECE = 50  # records for each thread, before failures are looked at
MOST_FAILURES = 1000
_SHOWN = 3
_DENIED = 403


class Writer:
    """Puts records with PutRecord, which writes to all stores that the group has.

    PutRecord and not BatchWriteRecord: CloudWatch counts it for each group, so that an alarm can
    see when a group gets no records.

    Args:
        client: of the Feature Store runtime; it tries again what AWS throttles.
        group: the name or the ARN of the group.
        concurrency: how many records are written at the same time.
    """

    def __init__(self, client: Any, group: str, concurrency: int) -> None:
        self._client, self._group, self._concurrency = client, group, concurrency
        self.written = 0
        self.failures: list[str] = []

    def fail(self, place: str, reason: str) -> None:
        """Notes a record that cannot be written, and says so in the log.

        Raises:
            InputError: if there are too many.
        """
        self.failures.append(f"{place}: {reason}")
        print(f"not written: {self.failures[-1]}")
        if len(self.failures) == MOST_FAILURES:
            raise InputError(f"gave up. {self.summary()}")

    def write(self, records: Iterable[tuple[str, Record]]) -> None:
        """Writes records, each with its place.

        Raises:
            InputError: if AWS denies it, or too many records fail.
        """
        with ThreadPoolExecutor(self._concurrency) as pool:
            for piece in _pieces(iter(records), _PIECE * self._concurrency):
                refusals = pool.map(self._put, [record for _, record in piece])
                for (place, _), refusal in zip(piece, refusals, strict=True):
                    if refusal is None:
                        self.written += 1
                    else:
                        self.fail(place, refusal)

    def summary(self) -> str:
        """What failed, in a line."""
        shown = " | ".join(self.failures[:_SHOWN])
        return f"{len(self.failures)} records were not written, {self.written} were: {shown}"

    def _put(self, record: Record) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.put_record(FeatureGroupName=self._group, Record=record)
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _DENIED:
                raise InputError(f"records cannot be written: {error}") from error
            return str(error)
        except BotoCoreError as error:
            return str(error)
        return None


def _pieces(records: Iterator[tuple[str, Record]], size: int) -> Iterator[list[tuple[str, Record]]]:
    while piece := list(islice(records, size)):
        yield piece
