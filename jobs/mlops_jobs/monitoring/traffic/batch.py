"""The records of batch transform jobs, as calls of an endpoint with one row each.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mlops_jobs.batch.records import Record, read_records
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.settings import Settings
from mlops_jobs.monitoring.traffic import capture
from mlops_jobs.monitoring.traffic.batch_predictions import BatchPrediction, no_id, read_prediction
from mlops_jobs.monitoring.traffic.capture import Body, Event
from mlops_jobs.monitoring.traffic.source import OUTPUT_SUFFIX, File, read, transformed
from mlops_jobs.monitoring.traffic.tables import Columns, Piece, add_rows
from mlops_jobs.table.raw import ROWS_PER_PIECE


def batch_pieces(settings: Settings, columns: Columns) -> Iterator[Piece]:
    """Reads the input records of the jobs in the window, file by file.

    Args:
        settings: settings of the run, which may ask for the predictions, too.
        columns: columns of records without names.

    Raises:
        InputError: a file cannot be read, or its output is not unique.
    """
    outputs = _outputs(settings) if settings.batch_predictions else None
    for file in transformed(settings.dataset_source, settings.window, "input"):
        piece = Piece(calls=1)
        content, form = read(file.place), settings.dataset_format
        lines: Iterator[tuple[str, str]] | None = None
        if outputs is not None:
            # Counted first, so that no file is in memory as records.
            count = sum(1 for _ in read_records(content, file.place, form))
            lines = _numbered(file, outputs, count, settings)
        records = read_records(content, file.place, form)
        while part := list(islice(records, ROWS_PER_PIECE)):
            add_rows(piece, part, columns)
            if lines is not None:
                _add_predictions(piece, part, lines, settings)
            yield piece
            piece = Piece()


def _add_predictions(
    piece: Piece, records: Sequence[Record], lines: Iterator[tuple[str, str]], settings: Settings
) -> None:
    for record, (place, line) in zip(records, lines, strict=False):
        body = read_prediction(line, record, place, settings).body
        if body.kind == capture.CSV:
            piece.plain_responses.append(body.content.decode().rstrip("\n"))
        else:
            piece.responses.append(body)


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
    outputs = _outputs(settings)
    return [
        event
        for file in transformed(settings.dataset_source, settings.window, "input")
        for event in _pairs(file, outputs, settings)
    ]


def _outputs(settings: Settings) -> dict[str, list[File]]:
    found: dict[str, list[File]] = {}
    for file in transformed(settings.dataset_source, settings.window, "output"):
        found.setdefault(file.name, []).append(file)
    return found


def _pairs(
    file: File, outputs: Mapping[str, Sequence[File]], settings: Settings
) -> Iterator[Event]:
    records = list(read_records(read(file.place), file.place, settings.dataset_format))
    lines = _numbered(file, outputs, len(records), settings)
    for record, (place, line) in zip(records, lines, strict=True):
        prediction = read_prediction(line, record, place, settings)
        if not prediction.inference_id or prediction.time is None:
            raise no_id(place)
        yield _event(record, prediction)


def _numbered(
    file: File, outputs: Mapping[str, Sequence[File]], count: int, settings: Settings
) -> Iterator[tuple[str, str]]:
    """Returns the lines of the output of a file, each with its place.

    Args:
        file: file of the input.
        outputs: files of the output by their name.
        count: number of records in the file.
        settings: settings of the run.

    Raises:
        InputError: the output is not unique, or has not a line for each record.
    """
    found = outputs.get(f"{file.name}{OUTPUT_SUFFIX}", [])
    if len(found) != 1:
        places = ", ".join(one.place for one in found) or "none"
        raise InputError(
            f"{file.place}: got {len(found)} output files ({places}); allowed: one. Use a "
            "separate name or capture location for each job of an hour"
        )
    place = found[0].place
    lines = _lines(read(place))
    if len(lines) == count + 1 and settings.dataset_format.header:
        del lines[0]  # the prediction for the heading
    if len(lines) != count:
        raise InputError(f"{place}: got {len(lines)} predictions for {count} records")
    return ((f"{place}, line {number}", line) for number, line in enumerate(lines, start=1))


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
