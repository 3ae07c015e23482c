"""Input files of batch transform jobs, and of monitors of such jobs: CSV, JSON or Parquet."""

import csv
import io
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Protocol

from mlops_jobs.failure import InputError

CSV_FILES, JSON_FILES, PARQUET_FILES = "csv", "json", "parquet"

Record = list[Any] | dict[str, Any]


class RecordFormat(Protocol):
    """Format of a file of records."""

    @property
    def kind(self) -> str:
        """`CSV_FILES`, `JSON_FILES` or `PARQUET_FILES`."""

    @property
    def header(self) -> bool:
        """True if the first row of a CSV file names the columns."""

    @property
    def lines(self) -> bool:
        """True if each line of a JSON file is a record."""


def read_records(content: bytes, place: str, form: RecordFormat) -> Iterator[Record]:
    """Yields the records of a file: by column name if the file has names, else in its order.

    Args:
        content: content of the file.
        place: location of the file, for messages.
        form: format of the file.

    Raises:
        InputError: the file has another format.
    """
    if form.kind == CSV_FILES:
        return _csv(content, place, header=form.header)
    if form.kind == JSON_FILES:
        return _json(content, place, lines=form.lines)
    return _parquet(content, place)


def _csv(content: bytes, place: str, *, header: bool) -> Iterator[Record]:
    heading: list[str] | None = None
    try:
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True):
            if not row:
                continue
            if header and heading is None:
                heading = [name.strip() for name in row]
            elif heading is not None and len(row) == len(heading):
                yield dict(zip(heading, row, strict=True))
            else:
                yield row  # of another width than the heading: the missing columns are unknown
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{place}: cannot be read as CSV: {error}") from error


def _json(content: bytes, place: str, *, lines: bool) -> Iterator[Record]:
    try:
        text = content.decode("utf-8-sig")
        documents = [json.loads(one) for one in text.splitlines() if one.strip()] if lines else []
        if not lines:
            document = json.loads(text)
            documents = document if isinstance(document, list) else [document]
    except ValueError as error:
        raise InputError(f"{place}: cannot be read as JSON{' lines' * lines}: {error}") from error
    for number, record in enumerate(documents, start=1):
        if not isinstance(record, dict | list):
            raise InputError(
                f"{place}, record {number}: got {record!r}; allowed: an object or a list of cells"
            )
        yield record


def _parquet(content: bytes, place: str) -> Iterator[Record]:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise InputError(
            f"{place}: the image cannot read Parquet; add pyarrow to requirements.in and compile "
            "requirements.txt again"
        ) from error
    try:
        table = parquet.read_table(io.BytesIO(content))
    except (ValueError, OSError) as error:  # pyarrow raises both
        raise InputError(f"{place}: cannot be read as Parquet: {error}") from error
    yield from table.to_pylist()
