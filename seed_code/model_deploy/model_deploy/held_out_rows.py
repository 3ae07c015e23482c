"""Raw rows that training never saw, with their known targets."""

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

from .smoke_test_error import SmokeTestError


@dataclass(frozen=True, kw_only=True)
class HeldOutRows:
    """Raw rows without their target, and the targets.

    Cells are strings of the CSV file. In JSON, cells of columns with numbers only are sent as
    numbers, and empty cells as null, as a client with real data would send them.

    Args:
        columns: names of the columns, without the target.
        rows: cells of each row.
        targets: known target of each row.
    """

    columns: list[str]
    rows: list[list[str]]
    targets: list[str]

    def batches(self, size: int) -> Iterator["HeldOutRows"]:
        """Yields parts of the rows.

        Args:
            size: maximum number of rows of a part.
        """
        for start in range(0, len(self.rows), size):
            part = slice(start, start + size)
            yield HeldOutRows(
                columns=self.columns, rows=self.rows[part], targets=self.targets[part]
            )

    def as_csv(self) -> bytes:
        """Returns the rows as CSV without a heading."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.rows)
        return text.getvalue().encode()

    def as_json(self) -> bytes:
        """Returns the rows as JSON with column names."""
        return json.dumps({"instances": self.records()}).encode()

    def records(self) -> list[dict[str, Any]]:
        """Returns the rows as objects."""
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
    """Reads the first rows of a CSV object with a heading.

    Args:
        s3: boto3 client of S3.
        uri: S3 URI of the object.
        target: name of the target column.
        maximum: maximum number of rows.

    Raises:
        SmokeTestError: the object has no rows, or not the target column.
    """
    location = urlparse(uri)
    if location.scheme != "s3" or not location.path.strip("/"):
        raise SmokeTestError(
            f"the location of the held-out rows is {uri!r}, which is not an S3 URI"
        )
    response = s3.get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))
    lines = csv.reader(codecs.getreader("utf-8-sig")(response["Body"]))
    header = next(lines, [])
    if target not in header:
        raise SmokeTestError(
            f"the held-out rows at {uri} have no column {target!r}; got {', '.join(header)}"
        )
    place = header.index(target)
    table = [row for row in itertools.islice(lines, maximum) if row]
    if not table:
        raise SmokeTestError(f"the held-out rows at {uri} have a heading without rows")
    return HeldOutRows(
        columns=header[:place] + header[place + 1 :],
        rows=[row[:place] + row[place + 1 :] for row in table],
        targets=[row[place] for row in table],
    )


def is_number(text: str) -> bool:
    """Returns True if a string is a finite number.

    Args:
        text: the string.
    """
    if "_" in text:  # Python alone accepts 1_000
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
