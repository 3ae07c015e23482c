"""Checks the outputs of a transform job against its inputs."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mlops_jobs.batch.joined import prediction_of, without_record
from mlops_jobs.batch.line_files import Form, Line, lines_of, read_record
from mlops_jobs.batch.parts import set_aside
from mlops_jobs.batch.records import Record
from mlops_jobs.failure import InputError

OUTPUT_SUFFIX = ".out"
REPORT = "batch.json"
MAX_LISTED = 20  # reasons of a report


@dataclass(frozen=True, kw_only=True)
class BatchReport:
    """Result of a transform job.

    Args:
        files: number of input files.
        records: number of input records.
        predictions: number of records with a prediction.
        failed: number of records without one; they are set aside in `failed/`.
        reasons: why the first ones have none.
    """

    files: int
    records: int
    predictions: int
    failed: int
    reasons: tuple[str, ...]

    def to_json(self) -> str:
        """Returns the report as JSON."""
        return json.dumps(
            {
                "files": self.files,
                "records": self.records,
                "predictions": self.predictions,
                "failed": self.failed,
                "reasons": list(self.reasons),
            },
            indent=1,
            ensure_ascii=False,
        )


def check_outputs(inputs: Sequence[Path], outputs: Path, report: Path, form: Form) -> BatchReport:
    """Compares inputs and outputs line by line, and writes the report.

    A record has no prediction if its output is missing, empty or another form. Such records are
    written to `failed/NAME`, so that the same file can be transformed again.

    Args:
        inputs: input files, as `split` writes them.
        outputs: folder of the outputs; that of `NAME` is `NAME.out`.
        report: folder for `batch.json` and the failed records.
        form: form of the files.

    Raises:
        InputError: an output file is missing, or has more lines than its input.
    """
    records = failed = 0
    reasons: list[str] = []
    for file in sorted(inputs):
        for record, reason in _compared(file, outputs / f"{file.name}{OUTPUT_SUFFIX}", form):
            records += 1
            if reason:
                failed += 1
                reasons.append(reason)
                set_aside(report / "failed" / file.name, record.text)
    found = BatchReport(
        files=len(inputs),
        records=records,
        predictions=records - failed,
        failed=failed,
        reasons=tuple(reasons[:MAX_LISTED]),
    )
    report.mkdir(parents=True, exist_ok=True)
    (report / REPORT).write_text(found.to_json(), encoding="utf-8")
    return found


def _compared(file: Path, output: Path, form: Form) -> Iterator[tuple[Line, str]]:
    if not output.is_file():
        raise InputError(f"{output.name}: no such file; the transform job has not read {file.name}")
    width: int | None = None
    for record, line in zip_longest(lines_of(file), lines_of(output, empty=True)):
        if record is None:
            raise InputError(
                f"{output.name}, line {line.number}: got a prediction without a record; the output "
                f"is that of another {file.name}"
            )
        place = f"{file.name}, line {record.number}"
        if line is None:
            yield record, f"{place}: got no prediction"
            continue
        try:
            prediction = _prediction(line, read_record(record, form, file.name), form, output.name)
        except InputError as error:
            yield record, str(error)
            continue
        size = len(prediction) if isinstance(prediction, list | dict) else 1
        if width not in (None, size):
            yield record, f"{place}: got a prediction of {size} values; allowed: {width}"
            continue
        width = size
        yield record, ""


def _prediction(line: Line, record: Record, form: Form, place: str) -> Any:
    if form is Form.CSV:
        (cells,) = csv.reader([line.text])
        prediction: Any = without_record([cell.strip() for cell in cells], record)
        empty = not prediction or "" in prediction
    else:
        try:
            document = json.loads(line.text)
        except ValueError as error:
            raise InputError(f"{place}, line {line.number}: not JSON: {error}") from error
        prediction = prediction_of(document) if isinstance(document, dict) else document
        empty = prediction in (None, "", [], {})
    if empty:
        raise InputError(f"{place}, line {line.number}: got an empty prediction")
    return prediction
