"""Rows that training never saw, as they came, with the targets that are known for them."""

import codecs
import csv
import io
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

from .smoke_failure import SmokeTestFailed


@dataclass(frozen=True, kw_only=True)
class HeldOutRows:
    """Raw rows without their target, and the targets.

    A cell is the text of the CSV file. In JSON, cells of columns that hold only numbers are sent
    as numbers, and empty cells as null, as a caller with real data would do.
    """

    columns: list[str]
    rows: list[list[str]]
    targets: list[str]

    def batches(self, size: int) -> Iterator["HeldOutRows"]:
        """Parts of at most `size` rows."""
        for start in range(0, len(self.rows), size):
            part = slice(start, start + size)
            yield HeldOutRows(
                columns=self.columns, rows=self.rows[part], targets=self.targets[part]
            )

    def as_csv(self) -> bytes:
        """Rows without a header line."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.rows)
        return text.getvalue().encode()

    def as_json(self) -> bytes:
        """Rows with their column names."""
        return json.dumps({"instances": self.records()}).encode()

    def records(self) -> list[dict[str, Any]]:
        """Rows as objects."""
        numeric = [
            all(cell == "" or is_number(cell) for cell in cells)
            for cells in zip(*self.rows, strict=True)
        ]
        return [
            {
                column: _json_cell(cell, numeric=is_numeric)
                for column, cell, is_numeric in zip(self.columns, row, numeric, strict=True)
            }
            for row in self.rows
        ]


def read_held_out_rows(s3: Any, uri: str, target: str, *, maximum: int) -> HeldOutRows:
    """Reads the first rows of a CSV object with a header line.

    Raises:
        SmokeTestFailed: when the object has no rows or not the target column.
    """
    location = urlparse(uri)
    if location.scheme != "s3" or not location.path.strip("/"):
        raise SmokeTestFailed(f"the held-out rows are at {uri!r}, which is not an S3 URI")
    answer = s3.get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))
    lines = csv.reader(codecs.getreader("utf-8-sig")(answer["Body"]))
    header = next(lines, [])
    if target not in header:
        raise SmokeTestFailed(
            f"the held-out rows at {uri} have no column {target!r}; got {', '.join(header)}"
        )
    place = header.index(target)
    table = [row for row in itertools.islice(lines, maximum) if row]
    if not table:
        raise SmokeTestFailed(f"the held-out rows at {uri} are a header without rows")
    return HeldOutRows(
        columns=header[:place] + header[place + 1 :],
        rows=[row[:place] + row[place + 1 :] for row in table],
        targets=[row[place] for row in table],
    )


def is_number(text: str) -> bool:
    """Whether a text is a finite number."""
    if "_" in text:  # Python reads 1_000; nobody else does
        return False
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _json_cell(cell: str, *, numeric: bool) -> str | float | int | None:
    if cell == "":
        return None
    if not numeric:
        return cell
    return int(cell) if cell.lstrip("+-").isdecimal() else float(cell)
