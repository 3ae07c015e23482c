"""Rows that are no records, set aside for correction."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.ingestion.files import File, location_of


@dataclass(kw_only=True)
class RejectedRows:
    """The rejected rows of one file, as JSON lines of file, line, reason and values.

    Args:
        file: the file.
        path: path of the JSON lines, which is written with the first row.
        count: number of the rows. Defaults to 0.
    """

    file: File
    path: Path
    count: int = 0

    def add(self, line: int, values: dict[str, str] | None, reason: str) -> None:
        """Adds a row.

        Args:
            line: number of its line.
            values: its values by column; None if they cannot be read.
            reason: reason of the rejection.
        """
        entry = {
            "file": f"s3://{self.file.bucket}/{self.file.key}",
            "line": line,
            "reason": reason,
            "values": values,
        }
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(f"{json.dumps(entry, ensure_ascii=False)}\n")
        self.count += 1


class RejectionStore:
    """Objects with the rejected rows of each file.

    The name of an object follows from its file, so a repeated run replaces it.

    Args:
        client: boto3 client of S3.
        uri: location of the objects, `s3://BUCKET/PREFIX`.
        max_share: share of the rows of a file, 0 to 1, above which the file is a failure, because
            it probably has another format.
    """

    def __init__(self, client: Any, uri: str, max_share: float) -> None:
        self._client, self._max_share = client, max_share
        self._bucket, self._prefix = location_of(uri)
        self.count = 0

    def keep(self, rows: RejectedRows, valid: int) -> str | None:
        """Uploads the rejected rows of a file.

        Args:
            rows: the rows.
            valid: number of the other rows of the file.

        Returns:
            The problem of a file with too many rejected rows; None for another file.

        Raises:
            InputError: AWS rejects the object.
        """
        import boto3.exceptions

        if not rows.count:
            return None
        key = f"{self._prefix}/{rows.file.mark}.jsonl"
        try:
            # The bucket encrypts the object with its key.
            self._client.upload_file(str(rows.path), self._bucket, key)
        except boto3.exceptions.S3UploadFailedError as error:
            raise InputError(f"the call to AWS failed: {error}") from error
        self.count += rows.count
        where, total = f"s3://{self._bucket}/{key}", rows.count + valid
        print(f"set aside {rows.count} of {total} rows of {rows.file.key} in {where}")
        if rows.count > self._max_share * total:
            return (
                f"got {rows.count} of {total} rows that are no records; allowed: a share of "
                f"{self._max_share:g}; the reasons are in {where}"
            )
        return None
