"""What batch transform does to single records: filters, and joining predictions with their input.

See "Associate prediction results with input records" in the SageMaker developer guide.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.jobs.transform.record_paths import RecordPath

_OUTPUT, _INPUT = "SageMakerOutput", "SageMakerInput"


class RecordProcessing:
    """DataProcessing of a CreateTransformJob request.

    Raises ExecutionFailedError for what it cannot be applied to.
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
        """The records that the model gets."""
        if self._input.expression == "$":
            return batch
        records = [self._read(line, csv_lines=self._reads_csv) for line in _lines(batch)]
        chosen = [self._select(self._input, record) for record in records]
        return b"".join(self._written(item, csv_lines=self._reads_csv) for item in chosen)

    def after(self, batch: bytes, answer: bytes) -> bytes:
        """The records that are written, given those of the input and the model's answer."""
        rows, predictions = _lines(batch), _lines(answer)
        if self._joins and len(rows) != len(predictions):
            raise ExecutionFailedError(
                f"AlgorithmError: The model answered {len(rows)} records with {len(predictions)}: "
                "they cannot be joined."
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
            raise ExecutionFailedError(f"ClientError: A record is no JSON: {error}.") from error

    def _written(self, record: Any, *, csv_lines: bool) -> bytes:
        if not csv_lines:
            return json.dumps(record).encode() + b"\n"
        row = record if isinstance(record, list) else [record]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        return text.getvalue().encode()


def _joined(source: Any, prediction: Any) -> Any:
    """A row and its prediction's columns; or an object that gets one more member."""
    if isinstance(source, list) and isinstance(prediction, list):
        return source + prediction
    if isinstance(source, dict):
        return {**source, _OUTPUT: prediction}
    return {_INPUT: source, _OUTPUT: prediction}


def _lines(batch: bytes) -> list[bytes]:
    return [line for line in batch.splitlines() if line.strip()]


def _is_csv(content_type: str | None, member: str) -> bool:
    """Whether records are CSV; others must be JSON lines."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        return True
    if kind in ("application/json", "application/jsonlines", "application/x-jsonlines"):
        return False
    raise ExecutionFailedError(
        f"ClientError: The rehearsal does not implement DataProcessing with {member} "
        f"{content_type}. Use text/csv, application/jsonlines or application/json."
    )
