"""Record processing of batch transform: filters, and joins of predictions with their input.

See "Associate prediction results with input records" in the SageMaker developer guide.
"""

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError

_OUTPUT, _INPUT = "SageMakerOutput", "SageMakerInput"
_PART = re.compile(r"\.(?P<name>\*|[A-Za-z_][\w-]*)|\[(?P<bracket>[^\[\]]*)\]")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*")
_Step = str | list[str] | list[int] | slice


class RecordPath:
    """A JSONPath expression of InputFilter or OutputFilter.

    Batch transform supports `$`, `.name`, `.*`, `['name', 'other']`, `[0, -1]` and `[1:3]`.

    Args:
        expression: the expression; ValueError if it is not supported.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        if not expression.startswith("$"):
            raise self._invalid()
        self._steps: list[_Step] = []
        position = 1
        while position < len(expression):
            match = _PART.match(expression, position)
            if match is None:
                raise self._invalid()
            self._steps.append(match["name"] or self._bracket(match["bracket"]))
            position = match.end()

    def _bracket(self, text: str) -> _Step:
        if text.strip() == "*":
            return "*"
        if found := _SLICE.fullmatch(text):
            start, end = (int(bound) if bound else None for bound in found.groups())
            return slice(start, end)
        items = [item.strip() for item in text.split(",")]
        quoted = [_QUOTED.fullmatch(item) for item in items]
        if all(quoted):
            return [match[1] or match[2] or "" for match in quoted if match]
        try:
            return [int(item) for item in items]
        except ValueError:
            raise self._invalid() from None

    def _invalid(self) -> ValueError:
        return ValueError(
            f"{self.expression} is not an expression that batch transform takes: it begins with $, "
            "followed by .name, ['name'], [index], [start:end] or *."
        )

    def select(self, record: Any) -> Any:
        """Returns what the expression selects of a record.

        Several names select an object with those members of an object.

        Raises:
            ValueError: it selects nothing.
        """
        for step in self._steps:
            record = self._step(record, step)
        return record

    def _step(self, value: Any, step: _Step) -> Any:
        try:
            match step:
                case "*":
                    return list(value.values()) if isinstance(value, dict) else list(value)
                case str():
                    return value[step]
                case slice():
                    return value[step]
                case [str(), *_] if len(step) == 1:
                    return value[step[0]]
                case [str(), *_]:
                    return {name: value[name] for name in step}
                case _ if len(step) == 1:
                    return value[step[0]]
            return [value[index] for index in step]
        except (KeyError, IndexError, TypeError, AttributeError):
            raise ValueError(f"{self.expression} selects nothing of {value!r}") from None


class RecordProcessing:
    """DataProcessing of a CreateTransformJob request.

    Args:
        request: the request; ExecutionFailedError if DataProcessing does not apply to it.
    """

    def __init__(self, request: Mapping[str, Any]) -> None:
        given = request.get("DataProcessing", {})
        self._joins = given.get("JoinSource", "None") == "Input"
        try:
            self._input = RecordPath(given.get("InputFilter", "$"))
            self._output = RecordPath(given.get("OutputFilter", "$"))
        except ValueError as error:
            raise ExecutionFailedError(f"ClientError: {error}") from error
        changes = [path for path in (self._input, self._output) if path.expression != "$"]
        self.active = self._joins or bool(changes)
        if not self.active:
            return
        source, target = request["TransformInput"], request["TransformOutput"]
        if source.get("SplitType", "None") != "Line" or target.get("AssembleWith") != "Line":
            raise ExecutionFailedError(
                "ClientError: The rehearsal does not implement DataProcessing of whole files. Set "
                "SplitType and AssembleWith to Line."
            )
        self._reads_csv = _is_csv(source.get("ContentType"), "ContentType")
        self._writes_csv = _is_csv(target.get("Accept"), "Accept")
        if self._joins and self._reads_csv != self._writes_csv:
            raise ExecutionFailedError(
                "ClientError: To join the input with the output, ContentType and Accept must be "
                "the same: CSV or JSON."
            )

    def before(self, batch: bytes) -> bytes:
        """Returns the records for the model."""
        if self._input.expression == "$":
            return batch
        records = [self._read(line, csv_lines=self._reads_csv) for line in _lines(batch)]
        chosen = [self._select(self._input, record) for record in records]
        return b"".join(self._written(item, csv_lines=self._reads_csv) for item in chosen)

    def after(self, batch: bytes, response: bytes) -> bytes:
        """Returns the records of the output, given those of the input and the predictions."""
        rows, predictions = _lines(batch), _lines(response)
        if self._joins and len(rows) != len(predictions):
            raise ExecutionFailedError(
                f"AlgorithmError: Got {len(predictions)} predictions for {len(rows)} "
                "records: they cannot be joined."
            )
        written = []
        for number, line in enumerate(predictions):
            record = self._read(line, csv_lines=self._writes_csv)
            if self._joins:
                source = self._read(rows[number], csv_lines=self._reads_csv)
                record = _joined(source, record)
            chosen = self._select(self._output, record)
            written.append(self._written(chosen, csv_lines=self._writes_csv))
        return b"".join(written)

    def _select(self, path: RecordPath, record: Any) -> Any:
        try:
            return path.select(record)
        except ValueError as error:
            raise ExecutionFailedError(f"ClientError: {error}") from error

    def _read(self, line: bytes, *, csv_lines: bool) -> Any:
        text = line.decode()
        if csv_lines:
            return next(csv.reader([text]))
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ExecutionFailedError(f"ClientError: A record is not JSON: {error}.") from error

    def _written(self, record: Any, *, csv_lines: bool) -> bytes:
        if not csv_lines:
            return json.dumps(record).encode() + b"\n"
        row = record if isinstance(record, list) else [record]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        return text.getvalue().encode()


def _joined(source: Any, prediction: Any) -> Any:
    """Returns a row with the columns of its prediction, or an object with one more member."""
    if isinstance(source, list) and isinstance(prediction, list):
        return source + prediction
    if isinstance(source, dict):
        return {**source, _OUTPUT: prediction}
    return {_INPUT: source, _OUTPUT: prediction}


def _lines(batch: bytes) -> list[bytes]:
    return [line for line in batch.splitlines() if line.strip()]


def _is_csv(content_type: str | None, member: str) -> bool:
    """Returns True if records are CSV, False if they are JSON lines."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        return True
    if kind in ("application/json", "application/jsonlines", "application/x-jsonlines"):
        return False
    raise ExecutionFailedError(
        f"ClientError: The rehearsal does not implement DataProcessing with {member} "
        f"{content_type}. Use text/csv, application/jsonlines or application/json."
    )
