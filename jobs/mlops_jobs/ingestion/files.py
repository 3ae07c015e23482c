"""New files below a prefix of S3, and their rows."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from mlops_jobs.failure import InputError

Rows = Iterator[tuple[int, dict[str, str] | InputError]]
"""Each row with its line, or the error of the line."""

# The maximum size of a feature value.
csv.field_size_limit(350 * 1024)


class FileError(InputError):
    """A file that cannot be read to its end."""


@dataclass(frozen=True, kw_only=True)
class File:
    """An object of a bucket with its content; changed content has another entity tag.

    Args:
        bucket: name of the bucket.
        key: key of the object.
        etag: entity tag of the object.
    """

    bucket: str
    key: str
    etag: str

    @property
    def mark(self) -> str:
        """Name of the file in the ledger."""
        named = f"{self.bucket}/{self.key}/{self.etag}"
        return hashlib.sha256(named.encode()).hexdigest()


class Inbox:
    """The files below a prefix, and the ledger of the files that were ingested.

    The ledger has one small object for each ingested file, so a run reads files that are new, that
    have changed, and that failed before.

    Args:
        client: boto3 client of S3.
        source: location of the files, `s3://BUCKET/PREFIX`.
        ledger: location of the ledger, `s3://BUCKET/PREFIX`; another prefix than `source`.
    """

    def __init__(self, client: Any, source: str, ledger: str) -> None:
        self._client = client
        self._bucket, self._prefix = location_of(source)
        self._ledger_bucket, self._ledger = location_of(ledger)

    def new(self) -> list[File]:
        """Returns the files that are not in the ledger, in the order of their keys.

        Files whose names begin with `.` or `_` are markers of the tools that wrote them and are
        skipped.
        """
        listed = self._list(self._ledger_bucket, self._ledger)
        known = {entry["Key"].rpartition("/")[2] for entry in listed}
        found = [
            File(bucket=self._bucket, key=entry["Key"], etag=entry["ETag"].strip('"'))
            for entry in self._list(self._bucket, self._prefix)
            if (name := entry["Key"].rpartition("/")[2]) and name[0] not in "._"
        ]
        return [file for file in found if file.mark not in known]

    def fetch(self, file: File, folder: Path) -> Path:
        """Downloads a file.

        Args:
            file: the file.
            folder: folder of the copy.

        Returns:
            The path of the copy.
        """
        path = folder / file.key.rpartition("/")[2]
        self._client.download_file(file.bucket, file.key, str(path))
        return path

    def keep(self, file: File, records: int) -> None:
        """Records in the ledger that all records of a file were written.

        Args:
            file: the file.
            records: number of its records.
        """
        entry = {"file": f"s3://{file.bucket}/{file.key}", "etag": file.etag, "records": records}
        self._client.put_object(
            Bucket=self._ledger_bucket,
            Key=f"{self._ledger}/{file.mark}",
            Body=json.dumps(entry).encode(),
        )

    def _list(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=f"{prefix}/"):
            yield from page.get("Contents", [])


def rows(path: Path) -> Rows:
    """Yields the rows of a CSV file with a heading (.csv), or of JSON lines (.jsonl).

    An empty cell and a null have no value.

    Args:
        path: path of the file.

    Raises:
        FileError: the file has another format, or does not have the format of its suffix.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows}
    if path.suffix not in readers:
        raise FileError(f"got the suffix {path.suffix!r}; allowed: {', '.join(readers)}")
    try:
        # utf-8-sig: spreadsheets begin their files with a byte order mark.
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from readers[path.suffix](stream)
    except UnicodeDecodeError as error:
        raise FileError("is not UTF-8 text; save it as UTF-8") from error


def _csv_rows(stream: Iterator[str]) -> Rows:
    reader = csv.reader(stream, strict=True)
    try:
        heading = [name.strip() for name in next(reader, [])]
        if not heading or len(set(heading)) < len(heading):
            raise FileError(
                "line 1: got no heading with unique names; add one that names each feature once"
            )
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(heading):
                error = InputError(f"got {len(cells)} fields; allowed: {len(heading)}")
                yield reader.line_num, error
                continue
            given = zip(heading, cells, strict=True)
            yield reader.line_num, {name: cell for name, cell in given if cell}
    except csv.Error as error:
        raise FileError(f"line {reader.line_num}: not CSV: {error}") from error


def _json_rows(stream: Iterator[str]) -> Rows:
    for number, line in enumerate(stream, start=1):
        if line.strip():
            yield number, _json_row(line)


def _json_row(line: str) -> dict[str, str] | InputError:
    try:
        # Numbers stay strings, so that no digit is lost.
        row = json.loads(line, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except RecursionError:
        return InputError("not JSON: it is nested too deeply")
    except ValueError as error:
        return InputError(f"not JSON: {error}")
    if not isinstance(row, dict):
        return InputError("got no JSON object; allowed: {FEATURE: VALUE, ...}")
    given = {name: value for name, value in row.items() if value is not None}
    others = [name for name, value in given.items() if not isinstance(value, str)]
    if others:
        return InputError(f"{', '.join(map(repr, others))}: allowed: a string, a number or null")
    return given


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def location_of(address: str) -> tuple[str, str]:
    """Returns the bucket and the prefix of an S3 URI.

    Args:
        address: the URI, `s3://BUCKET/PREFIX`.

    Raises:
        InputError: the URI has another form.
    """
    parts = urlsplit(address)
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not parts.netloc or not prefix:
        raise InputError(f"got {address!r}; allowed: s3://BUCKET/PREFIX")
    return parts.netloc, prefix
