"""Files with one record on each line, as transform jobs with `SplitType: Line` read them."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mlops_jobs.batch.records import Record
from mlops_jobs.failure import InputError


class Form(StrEnum):
    """Media types of files that a transform job can split."""

    CSV = "text/csv"
    JSON_LINES = "application/jsonlines"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a file.

    Args:
        number: number of the line, from 1.
        text: the line without its end.
    """

    number: int
    text: str


def lines_of(file: Path, *, empty: bool = False) -> Iterator[Line]:
    """Yields the lines of a file; only one is in memory.

    Args:
        file: the file, in UTF-8.
        empty: True to yield empty lines as well. Defaults to False.

    Raises:
        InputError: the file is not text.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="\n") as stream:
            for number, text in enumerate(stream, start=1):
                if empty or text.strip():
                    yield Line(number=number, text=text.rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name}: got text that is not UTF-8; convert it") from error


def read_record(line: Line, form: Form, place: str) -> Record:
    """Reads the record of a line.

    Args:
        line: the line.
        form: form of the file.
        place: name of the file, for messages.

    Raises:
        InputError: the line is not one record.
    """
    where = f"{place}, line {line.number}"
    if form is Form.CSV:
        try:
            (cells,) = csv.reader([line.text], strict=True)
        except (csv.Error, ValueError) as error:
            raise InputError(
                f"{where}: got a line that is not a whole CSV row ({error}); a transform job reads "
                "each line alone, so remove line breaks within cells"
            ) from error
        return cells
    try:
        document = json.loads(line.text)
    except ValueError as error:
        raise InputError(f"{where}: cannot be read as JSON: {error}") from error
    if not isinstance(document, dict | list):
        raise InputError(f"{where}: got {line.text[:80]!r}; allowed: an object or a list of cells")
    return document
