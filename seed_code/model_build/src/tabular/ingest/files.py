"""Files below a prefix of S3: which are new, and the rows that they hold."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from tabular.failure import InputError

Rows = Iterator[tuple[int, dict[str, str] | InputError]]
"""Each row with its line, or what is wrong with the line."""


# A value may have 350 KB.
csv.field_size_limit(350 * 1024)


class FileError(InputError):
    """A file that cannot be read to its end."""


@dataclass(frozen=True, kw_only=True)
class File:
    """An object of a bucket, as it is now: another content has another tag."""

    bucket: str
    key: str
    etag: str

    @property
    def mark(self) -> str:
        """Its name in the ledger."""
        named = f"{self.bucket}/{self.key}/{self.etag}"
        return hashlib.sha256(named.encode()).hexdigest()


class Inbox:
    """The files below a prefix, and the ledger of those that were ingested.

    The ledger has one small object for each of them, so that a run takes what is new, what has
    changed, and what failed before.

    Args:
        client: of S3.
        source: `s3://bucket/prefix`.
        ledger: the same, another prefix.
    """

    def __init__(self, client: Any, source: str, ledger: str) -> None:
        self._client = client
        self._bucket, self._prefix = _parts(source)
        self._ledger_bucket, self._ledger = _parts(ledger)

    def new(self) -> list[File]:
        """The files that are not in the ledger, in the order of their keys. Files whose names begin
        with `.` or `_` are markers of the tools that wrote them and are left out."""
        listed = self._list(self._ledger_bucket, self._ledger)
        known = {entry["Key"].rpartition("/")[2] for entry in listed}
        found = [
            File(bucket=self._bucket, key=entry["Key"], etag=entry["ETag"].strip('"'))
            for entry in self._list(self._bucket, self._prefix)
            if (name := entry["Key"].rpartition("/")[2]) and name[0] not in "._"
        ]
        return [file for file in found if file.mark not in known]

    def fetch(self, file: File, folder: Path) -> Path:
        """Copies a file into a folder."""
        path = folder / file.key.rpartition("/")[2]
        self._client.download_file(file.bucket, file.key, str(path))
        return path

    def keep(self, file: File, records: int) -> None:
        """Writes into the ledger that all records of a file were written."""
        said = {"file": f"s3://{file.bucket}/{file.key}", "etag": file.etag, "records": records}
        self._client.put_object(
            Bucket=self._ledger_bucket,
            Key=f"{self._ledger}/{file.mark}",
            Body=json.dumps(said).encode(),
        )

    def _list(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=f"{prefix}/"):
            yield from page.get("Contents", [])


def rows(path: Path) -> Rows:
    """The rows of a CSV file with a heading (.csv), or of JSON objects on lines (.jsonl).

    An empty cell and a null are no value.

    Raises:
        FileError: if the file has another format, or is no such file.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows}
    if path.suffix not in readers:
        raise FileError(f"got the format {path.suffix!r}; allowed: {', '.join(readers)}")
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
            raise FileError("line 1: expected a heading that names each feature once")
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(heading):
                wrong = InputError(f"got {len(cells)} fields, expected {len(heading)}")
                yield reader.line_num, wrong
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
        # Numbers stay as they are written, to the last digit.
        row = json.loads(line, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except RecursionError:
        return InputError("not JSON: it is nested too deeply")
    except ValueError as error:
        return InputError(f"not JSON: {error}")
    if not isinstance(row, dict):
        return InputError("expected a JSON object: {FEATURE: VALUE, ...}")
    given = {name: value for name, value in row.items() if value is not None}
    others = [name for name, value in given.items() if not isinstance(value, str)]
    if others:
        return InputError(f"{', '.join(map(repr, others))}: expected a text, a number or null")
    return given


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _parts(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not parts.netloc or not prefix:
        raise InputError(f"got {address!r}; expected s3://BUCKET/PREFIX")
    return parts.netloc, prefix
