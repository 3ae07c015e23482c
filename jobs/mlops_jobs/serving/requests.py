"""Rows of requests, as CSV, JSON or JSON lines.

Rows that can be read in two ways are rejected. Bodies that have numbers only, which are most, are
read by a JSON parser, which takes a tenth of the time of Python's.
"""

import codecs
import csv
import io
import json
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import orjson

from mlops_jobs.failure import InputError
from mlops_jobs.model import Cells
from mlops_jobs.serving.media_types import JSON_LINES

INSTANCES = "instances"
MAX_SHOWN = 200  # characters of a value in a message

_NUMERIC_CSV = b"0123456789+-.eE,\r\n "
_NUMBERS = frozenset({int, float, bool, type(None)})


class ColumnsOfRows(Protocol):
    """The part of a model that its rows depend on."""

    @property
    def target(self) -> str:
        """Name of the target column."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns that rows have, in their order."""

    @property
    def features(self) -> Sequence[str]:
        """Names of the columns that are read."""

    @property
    def numeric(self) -> bool:
        """True if all cells may be given as 64-bit numbers."""

    def knows(self, feature: str, cell: str) -> bool:
        """Returns True if a cell of a CSV file is a number, missing, or a category of training."""


class RowReader:
    """Finds the cells of the model's columns in the rows of requests.

    Args:
        model: the model.
        batch: True if bodies are parts of files. A batch transform job splits files at their lines,
            so that only the first part would have a heading, and a heading is rejected. Defaults to
            False.
        named: True if rows must have names, because they omit columns. Defaults to False.
    """

    def __init__(self, model: ColumnsOfRows, *, batch: bool = False, named: bool = False) -> None:
        self._model = model
        self._batch = batch
        self._names = list(model.columns)
        self._features = list(model.features)
        self._known = {*self._names, model.target}
        self._lower = {_comparable(name): name for name in self._known}
        # Rows without names have all raw columns except the target, or the used columns only.
        self._layouts: dict[int, list[int]] = {}
        if not named:
            self._layouts = {
                len(self._names): [self._names.index(name) for name in self._features],
                len(self._features): list(range(len(self._features))),
            }
        named_like_numbers = any(_is_numeric(name.encode()) for name in self._known)
        self._only_numbers = model.numeric and not named_like_numbers
        self._values = itemgetter(*self._features)

    def csv(self, body: bytes) -> Cells:
        """Returns the cells of a CSV body, column by column.

        Args:
            body: body of the request.

        Raises:
            InputError: a row does not have the expected fields, or can be read in two ways.
        """
        if self._only_numbers and _is_numeric(body):
            numbers = self._matrix(_rows_of_numbers(body))
            if numbers is not None:
                return numbers
        rows = _csv_rows(body, blank_lines_are_rows=1 in self._layouts)
        if not rows:
            raise InputError("got an empty body; send at least one CSV row")
        heading = [name.strip() for name in rows[0]]
        positions: list[int] | None = None
        if self._is_heading(heading):
            if self._batch:
                raise InputError(
                    "got a heading, which only the first part of a file has because batch "
                    "transform splits files at their lines; send rows without a heading, in "
                    "this order: " + csv_row(self._names)
                )
            positions = self._positions(heading, "the heading")
            del rows[0]
            if not rows:
                raise InputError("got a heading without rows; add at least one row")
        return self._select(rows, positions, len(heading))

    def json(self, body: bytes) -> Cells:
        """Returns the cells of a JSON body, column by column.

        Args:
            body: body of the request.

        Raises:
            InputError: the body is not JSON, or a row does not have the expected values.
        """
        document = _document(body, "the body")
        rows = self._instances(document) if isinstance(document, dict) else document
        if not isinstance(rows, list):
            raise InputError(
                f'"{INSTANCES}": got {_shown(rows)}, which is not a list; send a list of rows'
            )
        if not rows:
            raise InputError("got a body without rows; send at least one row")
        # Without quotation marks, except those of "instances", no value is a string.
        if self._only_numbers and body.count(b'"') <= 2:
            numbers = self._matrix(rows)
            if numbers is not None:
                return numbers
        _reject_repeated_names(rows, body, names=1 if rows is not document else 0)
        return self._rows(rows)

    def json_lines(self, body: bytes) -> Cells:
        """Returns the cells of a body with one JSON list or object on each line, column by column.

        Args:
            body: body of the request.

        Raises:
            InputError: a line is not JSON, or does not have the expected values.
        """
        lines = body.removeprefix(codecs.BOM_UTF8).split(b"\n")
        written = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
        rows = [_document(line, f"line {number}") for number, line in written]
        if self._only_numbers and b'"' not in body:
            numbers = self._matrix(rows)
            if numbers is not None:
                return numbers
        for row, (number, line) in zip(rows, written, strict=True):
            if isinstance(row, dict) and row.keys() == {INSTANCES} and INSTANCES not in self._known:
                raise InputError(
                    f'line {number}: got "{INSTANCES}"; allowed: one row on each line, as a list '
                    "of values or an object of column names and values"
                )
            _reject_repeated_names([row], line)
        return self._rows(rows)

    def _instances(self, document: dict[str, Any]) -> Any:
        """Returns the rows of a JSON object: those of "instances", or the object as one row."""
        others = document.keys() - {INSTANCES}
        if INSTANCES not in document or (INSTANCES in self._known and others):
            if not document.keys() & self._known:
                keys = ", ".join(f'"{_cut(key)}"' for key in list(document)[:5]) or "no key"
                raise InputError(
                    f'got {keys}; expected "{INSTANCES}" with a list of rows, or one row as an '
                    "object of column names and values"
                )
            return [document]
        if others & self._known:
            raise InputError(
                f'got "{INSTANCES}" beside the column {min(others & self._known)!r}, which can be '
                f'read in two ways; send "{INSTANCES}" alone'
            )
        return document[INSTANCES]

    def _matrix(self, rows: Any) -> npt.NDArray[np.float64] | None:
        """Returns rows of numbers and nulls, column by column; None if they are anything else."""
        try:
            numbers = np.array(rows, dtype=np.float64)
        except (ValueError, TypeError, OverflowError):
            return None
        if numbers.ndim != 2 or numbers.shape[1] not in self._layouts:
            return None
        if numbers.shape[1] == len(self._features):
            return numbers.T
        return numbers.T[self._layouts[numbers.shape[1]]]

    def _rows(self, rows: list[Any]) -> Cells:
        if all(isinstance(row, list) for row in rows):
            return self._select(rows, None, len(rows[0]))
        if all(isinstance(row, dict) for row in rows):
            return self._select_named(rows)
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, list | dict):
                raise InputError(
                    f"row {number}: got {_shown(row)}; allowed: a list of values, or an object "
                    "of column names and values"
                )
        raise InputError("got lists and objects as rows; send rows of one kind")

    def _is_heading(self, first: list[str]) -> bool:
        """Returns True if the first line names columns.

        A line is a heading if at least half of its cells are names, in any case and with any
        separator of words, so that one misspelled name does not make it a row.

        Raises:
            InputError: the line is a complete heading and a row of known values at the same time.
        """
        if sum(_comparable(cell) in self._lower for cell in first) * 2 < len(first):
            return False
        if not self._is_row(first):
            return True
        if len(set(first)) == len(first) and set(self._features) <= set(first) <= self._known:
            raise InputError(
                "row 1: is a heading and a row of known values, so it can be read in two ways; "
                "send JSON objects of column names and values"
            )
        return False

    def _is_row(self, cells: list[str]) -> bool:
        """Returns True if each cell is a known value of its column."""
        layout = self._layouts.get(len(cells))
        return layout is not None and all(
            self._model.knows(name, cells[place])
            for name, place in zip(self._features, layout, strict=True)
        )

    def _positions(self, names: Sequence[str], where: str) -> list[int]:
        places = {name: place for place, name in enumerate(names)}
        for name in self._features:
            if name not in places:
                similar = [one for one in names if _comparable(one) == _comparable(name)]
                rest = f"; rename {similar[0]!r}" if similar else "; add it"
                raise InputError(f"{where}: got no column {name!r}{rest}")
        if len(places) != len(names):
            raise InputError(f"{where}: got a column name twice; remove one of them")
        for name in names:
            if name not in self._known:
                raise InputError(
                    f"{where}: got column {_shown(name)}, which the model does not have; remove it"
                )
        return [places[name] for name in self._features]

    def _select(self, rows: list[list[Any]], positions: list[int] | None, width: int) -> Cells:
        for number, row in enumerate(rows, start=1):
            if len(row) != width or (positions is None and width not in self._layouts):
                raise InputError(f"row {number}: {self._width_problem(row, positions, width)}")
        cells = list(zip(*rows, strict=True))
        return [cells[place] for place in (positions or self._layouts[width])]

    def _width_problem(self, row: list[Any], positions: list[int] | None, width: int) -> str:
        if positions is not None or width in self._layouts:
            return f"got {len(row)} values; allowed: {width}"
        counts = " or ".join(str(count) for count in self._layouts)
        hint = ""
        if len(row) == len(self._names) + 1:
            hint = f" (without the target {self._model.target!r})"
        first, last = self._names[0], self._names[-1]
        return f"got {len(row)} values; allowed: {counts}{hint}, from {first!r} to {last!r}"

    def _select_named(self, rows: list[dict[str, Any]]) -> Cells:
        for number, row in enumerate(rows, start=1):
            if not row.keys() >= set(self._features) or not row.keys() <= self._known:
                self._positions(list(row), f"row {number}")
        if len(self._features) == 1:
            return [[row[self._features[0]] for row in rows]]
        chosen = [self._values(row) for row in rows]
        if self._only_numbers and set(map(type, chosen[0])) <= _NUMBERS:
            numbers = None
            if all(set(map(type, row)) <= _NUMBERS for row in chosen):
                numbers = self._matrix(chosen)
            if numbers is not None:
                return numbers
        return list(zip(*chosen, strict=True))


def _is_numeric(body: bytes) -> bool:
    return not body.translate(None, _NUMERIC_CSV)


def _rows_of_numbers(body: bytes) -> Any:
    """Returns the rows of a CSV body in which each cell is a number of JSON; else None."""
    try:
        return orjson.loads(b"[[" + body.strip().replace(b"\n", b"],[") + b"]]")
    except ValueError:
        return None


def _csv_rows(body: bytes, *, blank_lines_are_rows: bool) -> list[list[str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"the body is not UTF-8 text: {error.reason}") from error
    if blank_lines_are_rows and "\n\n" in text.replace("\r", "").strip("\n"):
        raise InputError(
            "got a blank line, which can be read as a missing value or as no row; write the "
            'missing value as ""'
        )
    if '"' not in text:
        lines = text.replace("\r\n", "\n")
        if "\r" not in lines and "\0" not in lines:
            return [line.split(",") for line in lines.split("\n") if line]
    try:
        return [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    except csv.Error as error:
        raise InputError(f"the body is not CSV: {error}") from error


def _document(text: bytes, where: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return _lenient_document(text, where)


def _lenient_document(text: bytes, where: str) -> Any:
    """Parses what Python's parser accepts beyond the standard, such as NaN, and explains errors."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise InputError(
            f"{where} is not JSON with a list of rows: it is nested too deeply"
        ) from error
    except ValueError as error:
        hint = ""
        if where == "the body" and "Extra data" in str(error):
            hint = f"; for one object or list on each line, set the Content-Type {JSON_LINES}"
        raise InputError(f"{where} is not JSON: {error}{hint}") from error


def _reject_repeated_names(rows: list[Any], body: bytes, names: int = 0) -> None:
    """Rejects objects that have a name twice, of which parsers keep the last value."""
    names += sum(len(row) for row in rows if isinstance(row, dict))
    # Objects of rows need a colon for each name; only then is it worth to parse a second time.
    if not names or body.count(b":") <= names:
        return

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        kept = dict(found)
        if len(kept) != len(found):
            repeated = next(name for at, (name, _) in enumerate(found) if name in dict(found[:at]))
            raise InputError(f"got {_shown(repeated)} twice in one object; remove one of them")
        return kept

    json.loads(body, object_pairs_hook=pairs)


def _comparable(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold())) or name


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _shown(value: Any) -> str:
    return _cut(repr(value) if isinstance(value, str) else json.dumps(value))


def csv_row(cells: Sequence[str]) -> str:
    """Returns cells as one line of CSV, without the end of the line.

    Args:
        cells: the cells.
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
