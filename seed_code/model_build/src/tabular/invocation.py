"""Reads the rows of requests and writes responses, as CSV, JSON or JSON lines."""

import codecs
import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from mlops_jobs.evaluation.problem_type import ProblemType
from mlops_jobs.failure import InputError

from tabular.schema import Schema

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
FORMATS = (CSV, JSON, JSON_LINES)

Columns = list[Sequence[Any]]


class RowReader:
    """Finds the cells of the model's columns in the rows of requests.

    Args:
        schema: the fitted preprocessing.
        batch: True if bodies are parts of files. A batch transform job splits files at their lines,
            so that only the first part would have a heading, and a heading is rejected. Defaults to
            False.
    """

    def __init__(self, schema: Schema, *, batch: bool = False) -> None:
        self._batch = batch
        self._target = schema.target
        self._names = [column.name for column in schema.columns]
        self._features = [column.name for column in schema.features]
        self._known = {*self._names, schema.target}
        # Rows without names have all raw columns except the target, or the used columns only.
        self._layouts = {
            len(self._names): [self._names.index(name) for name in self._features],
            len(self._features): list(range(len(self._features))),
        }

    def csv(self, body: bytes) -> Columns:
        """Returns the cells of a CSV body, column by column.

        Args:
            body: body of the request.

        Raises:
            InputError: a row does not have the expected fields.
        """
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"the body is not UTF-8 text: {error.reason}") from error
        try:
            rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
        except csv.Error as error:
            raise InputError(f"the body is not CSV: {error}") from error
        if not rows:
            raise InputError("got an empty body; send at least one CSV row")
        heading = [name.strip() for name in rows[0]]
        positions: list[int] | None = None
        if self._is_heading(heading):
            if self._batch:
                raise InputError(
                    "got a heading, which only the first part of a file has because batch "
                    "transform splits files at their lines; send rows without a heading, in "
                    "this order: " + _csv_row(self._names)
                )
            positions = self._positions(heading, "the heading")
            del rows[0]
            if not rows:
                raise InputError("got a heading without rows; add at least one row")
        return self._select(rows, positions, len(heading))

    def json(self, body: bytes) -> Columns:
        """Returns the cells of a JSON body, column by column.

        Args:
            body: body of the request.

        Raises:
            InputError: the body is not JSON, or a row does not have the expected values.
        """
        document = _document(body, "the body")
        rows = document
        if isinstance(document, dict):
            rows = document.get("instances", [document])
        if not isinstance(rows, list):
            raise InputError('"instances": got a value that is not a list; send a list of rows')
        if not rows:
            raise InputError("got a body without rows; send at least one row")
        return self._rows(rows)

    def json_lines(self, body: bytes) -> Columns:
        """Returns the cells of a body with one JSON list or object on each line, column by column.

        Args:
            body: body of the request.

        Raises:
            InputError: a line is not JSON, or does not have the expected values.
        """
        lines = body.removeprefix(codecs.BOM_UTF8).split(b"\n")
        written = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
        return self._rows([_document(line, f"line {number}") for number, line in written])

    def _rows(self, rows: list[Any]) -> Columns:
        if all(isinstance(row, list) for row in rows):
            return self._select(rows, None, len(rows[0]))
        if all(isinstance(row, dict) for row in rows):
            return self._select_named(rows)
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, list | dict):
                raise InputError(
                    f"row {number}: got {json.dumps(row)}; allowed: a list of values, or an object "
                    "of column names and values"
                )
        raise InputError("got lists and objects as rows; send rows of one kind")

    def _is_heading(self, first: list[str]) -> bool:
        """Returns True if most cells are column names; one misspelled name does not make a row."""
        return sum(name in self._known for name in first) * 2 > len(first)

    def _positions(self, names: Sequence[str], where: str) -> list[int]:
        places = {name: place for place, name in enumerate(names)}
        for name in self._features:
            if name not in places:
                raise InputError(f"{where}: got no column {name!r}; add it")
        if len(places) != len(names):
            raise InputError(f"{where}: got a column name twice; remove one of them")
        for name in names:
            if name not in self._known:
                raise InputError(
                    f"{where}: got column {name!r}, which the model does not have; remove it"
                )
        return [places[name] for name in self._features]

    def _select(self, rows: list[list[Any]], positions: list[int] | None, width: int) -> Columns:
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
            hint = f" (without the target {self._target!r})"
        first, last = self._names[0], self._names[-1]
        return f"got {len(row)} values; allowed: {counts}{hint}, from {first!r} to {last!r}"

    def _select_named(self, rows: list[dict[str, Any]]) -> Columns:
        for number, row in enumerate(rows, start=1):
            if not row.keys() >= set(self._features) or not row.keys() <= self._known:
                self._positions(list(row), f"row {number}")
        return [[row[name] for row in rows] for name in self._features]


def _document(text: bytes, where: str) -> Any:
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


class ResponseWriter:
    """Writes the predictions of the model.

    Args:
        schema: the fitted preprocessing.
    """

    def __init__(self, schema: Schema) -> None:
        self._regression = schema.problem_type is ProblemType.REGRESSION
        self._binary = schema.problem_type is ProblemType.BINARY
        self._labels = schema.labels
        self._label_cells = [_csv_cell(label) for label in schema.labels]
        self._label_values = [_json_value(label) for label in schema.labels]

    def csv(self, predictions: npt.NDArray[np.float32]) -> bytes:
        """Returns one CSV line for each row.

        A line has the value of a regression; or the label, followed by the probability of the
        second of two labels or the probabilities of all of more labels, in the order of the schema.

        Args:
            predictions: predictions as `Predictor.predict` returns them.
        """
        if self._regression:
            lines = [_shortest(value) for value in predictions]
        else:
            shown = predictions[:, 1:] if self._binary else predictions
            lines = [
                ",".join([self._label_cells[label], *map(_shortest, row)])
                for label, row in zip(self._chosen(predictions), shown, strict=True)
            ]
        return ("\n".join(lines) + "\n").encode()

    def json(self, predictions: npt.NDArray[np.float32]) -> bytes:
        """Returns `{"predictions": [...]}` with a value, or label and probabilities, for each row.

        Args:
            predictions: predictions as `Predictor.predict` returns them.
        """
        document = {"predictions": self._predictions(predictions)}
        return json.dumps(document, ensure_ascii=False).encode()

    def json_lines(self, predictions: npt.NDArray[np.float32]) -> bytes:
        """Returns the predictions of `json`, with one line for each row.

        Args:
            predictions: predictions as `Predictor.predict` returns them.
        """
        lines = [json.dumps(one, ensure_ascii=False) for one in self._predictions(predictions)]
        return ("\n".join(lines) + "\n").encode()

    def _predictions(self, predictions: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
        if self._regression:
            return [{"value": float(_shortest(value))} for value in predictions]
        return [
            {
                "label": self._label_values[label],
                "probabilities": {
                    name: float(_shortest(value))
                    for name, value in zip(self._labels, row, strict=True)
                },
            }
            for label, row in zip(self._chosen(predictions), predictions, strict=True)
        ]

    def _chosen(self, predictions: npt.NDArray[np.float32]) -> list[int]:
        # The positive label is predicted from 0.5 on, as in the evaluation.
        if self._binary:
            return [int(value >= 0.5) for value in predictions[:, 1]]
        chosen: list[int] = predictions.argmax(axis=1).tolist()
        return chosen


def _shortest(value: np.float32) -> str:
    """Returns the shortest decimal that reads back as the same 32 bits."""
    return str(value)


def _csv_cell(label: str) -> str:
    return _csv_row([label])


def _csv_row(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _json_value(label: str) -> int | str:
    """Returns an integer for a label that is a whole number."""
    try:
        number = int(label)
    except ValueError:
        return label
    return number if str(number) == label else label
