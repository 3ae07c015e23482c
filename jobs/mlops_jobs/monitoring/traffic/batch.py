"""The records of batch transform jobs, as calls of an endpoint with one row each.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from mlops_jobs.batch.records import Record, read_records
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.settings import Settings
from mlops_jobs.monitoring.traffic import capture
from mlops_jobs.monitoring.traffic.batch_predictions import BatchPrediction, read_prediction
from mlops_jobs.monitoring.traffic.capture import Body, Event
from mlops_jobs.monitoring.traffic.source import OUTPUT_SUFFIX, File, read, transformed
from mlops_jobs.monitoring.traffic.tables import Columns, Piece, add_rows
from mlops_jobs.table.raw import ROWS_PER_PIECE


def batch_pieces(settings: Settings, columns: Columns) -> Iterator[Piece]:
    """Reads the input records of the jobs in the window, file by file.

    Args:
        settings: settings of the run.
        columns: columns of records without names.

    Raises:
        InputError: a file cannot be read.
    """
    for file in transformed(settings.dataset_source, settings.window, "input"):
        piece = Piece(calls=1)
        records = read_records(read(file.place), file.place, settings.dataset_format)
        while part := list(islice(records, ROWS_PER_PIECE)):
            add_rows(piece, part, columns)
            yield piece
            piece = Piece()


def batch_requests(settings: Settings) -> list[Event]:
    """Reads the input records of the jobs in the window.

    Args:
        settings: settings of the run.

    Raises:
        InputError: a file cannot be read.
    """
    form = settings.dataset_format
    return [
        Event(event_id="", request=_body(record))
        for file in transformed(settings.dataset_source, settings.window, "input")
        for record in read_records(read(file.place), file.place, form)
    ]


def batch_calls(settings: Settings) -> list[Event]:
    """Reads the input records of the jobs in the window, with their predictions.

    Args:
        settings: settings of the run.

    Raises:
        InputError: a file cannot be read, or its output is not unique.
    """
    source, window = settings.dataset_source, settings.window
    outputs: dict[str, list[File]] = {}
    for file in transformed(source, window, "output"):
        outputs.setdefault(file.name, []).append(file)
    return [
        event
        for file in transformed(source, window, "input")
        for event in _pairs(file, outputs.get(f"{file.name}{OUTPUT_SUFFIX}", []), settings)
    ]


def _pairs(file: File, outputs: Sequence[File], settings: Settings) -> Iterator[Event]:
    if len(outputs) != 1:
        places = ", ".join(one.place for one in outputs) or "none"
        raise InputError(
            f"{file.place}: got {len(outputs)} output files ({places}); allowed: one. Use a "
            "separate name or capture location for each job of an hour"
        )
    place = outputs[0].place
    records = list(read_records(read(file.place), file.place, settings.dataset_format))
    lines = _lines(read(place))
    if len(lines) == len(records) + 1 and settings.dataset_format.header:
        del lines[0]  # the prediction for the heading
    if len(lines) != len(records):
        raise InputError(f"{place}: got {len(lines)} predictions for {len(records)} records")
    for number, (record, line) in enumerate(zip(records, lines, strict=True), start=1):
        prediction = read_prediction(line, record, f"{place}, line {number}", settings)
        yield _event(record, prediction)


def _event(record: Record, prediction: BatchPrediction) -> Event:
    return Event(
        event_id=prediction.inference_id,
        time=prediction.time,
        request=_body(record),
        response=prediction.body,
    )


def _body(record: Record) -> Body:
    """Returns one row as JSON: an object if it has names, else a list."""
    rows: Any = record if isinstance(record, dict) else [record]
    return Body(content=json.dumps(rows, default=str).encode(), kind=capture.JSON)


def _lines(content: bytes) -> list[str]:
    return [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
