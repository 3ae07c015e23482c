"""Reads what batch transform jobs answered, with the ids that `GenerateInferenceId` appends.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tabular.failure import InputError
from tabular.monitor import capture
from tabular.monitor.batch_records import Record
from tabular.monitor.capture import Body
from tabular.monitor.settings import Settings, moment

INFERENCE_ID, INFERENCE_TIME = "SageMakerInferenceId", "SageMakerInferenceTime"
_JOINED = "SageMakerOutput"  # where JoinSource puts the answer beside an object
_ALONE = "output"  # where an answer that is no object itself goes
_APPENDED = 2  # the id and the time


@dataclass(frozen=True, kw_only=True)
class BatchAnswer:
    """The answer to one record.

    Args:
        body: the answer as an endpoint gives it.
        inference_id: that SageMaker appended.
        time: when the job started.
    """

    body: Body
    inference_id: str
    time: datetime


def read_answer(line: str, record: Record, place: str, settings: Settings) -> BatchAnswer:
    """The answer of a line.

    Args:
        line: of the file with answers.
        record: what was asked; a job may have put it before the answer (`JoinSource`).
        place: where the line is, for messages.
        settings: say where an answer holds what, if it is not as the project's server writes it.

    Raises:
        InputError: if it has no id, or nothing where the settings say.
    """
    read = _of_object if line.lstrip().startswith("{") else _of_cells
    return read(line, record, place, settings)


def _of_cells(line: str, record: Record, place: str, settings: Settings) -> BatchAnswer:
    cells = [cell.strip() for cell in next(csv.reader([line]))]
    if len(cells) <= _APPENDED or not _is_time(cells[-1]):
        raise _no_id(place)
    *cells, identity, time = cells
    chosen = [_cell(cells, one, place) for one in (settings.inference, settings.probability) if one]
    if not settings.inference:
        chosen = _without(cells, record)
    return BatchAnswer(
        body=_csv_body(chosen),
        inference_id=identity,
        time=moment(time, f"{place}: inference time"),
    )


def _of_object(line: str, _: Record, place: str, settings: Settings) -> BatchAnswer:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place}: not JSON: {error}") from error
    if INFERENCE_ID not in document or INFERENCE_TIME not in document:
        raise _no_id(place)
    identity, time = str(document.pop(INFERENCE_ID)), str(document.pop(INFERENCE_TIME))
    answer = document.get(_JOINED, document)
    if settings.inference:
        named = [one for one in (settings.inference, settings.probability) if one]
        body = _csv_body([_member(document, one, place) for one in named])
    else:
        if isinstance(answer, dict) and set(answer) == {_ALONE}:
            answer = answer[_ALONE]
        listed = answer if isinstance(answer, dict | list) else [answer]
        body = Body(content=json.dumps(listed).encode(), kind=capture.JSON)
    return BatchAnswer(
        body=body, inference_id=identity, time=moment(time, f"{place}: inference time")
    )


def _csv_body(cells: Sequence[Any]) -> Body:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return Body(content=text.getvalue().encode(), kind=capture.CSV)


def _without(cells: list[str], record: Record) -> list[str]:
    """The cells of the answer alone, where a job has put it behind those of the record."""
    given = [
        str(cell).strip() for cell in (record.values() if isinstance(record, dict) else record)
    ]
    joined = len(cells) > len(given) and cells[: len(given)] == given
    return cells[len(given) :] if joined else cells


def _cell(cells: Sequence[str], attribute: str, place: str) -> str:
    """A cell by its position, which AWS's images also take as `_c1`."""
    position = attribute.removeprefix("_c")
    if not position.isdecimal() or int(position) >= len(cells):
        raise InputError(
            f"{place}: got {len(cells)} cells; no position {attribute!r} of the answer among them"
        )
    return cells[int(position)]


def _member(document: Any, attribute: str, place: str) -> Any:
    """A member by its path, such as `SageMakerOutput.label` or `predictions[0].label`."""
    found = document
    for name in attribute.replace("[", ".").replace("]", "").split("."):
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise InputError(f"{place}: the answer has no member {attribute!r}") from error
    return found


def _is_time(text: str) -> bool:
    try:
        moment(text, "time")
    except InputError:
        return False
    return len(text) > len("2026-11-20")


def _no_id(place: str) -> InputError:
    return InputError(
        f"{place}: the answer has no inference id, by which labels are found; set "
        "GenerateInferenceId in the DataCaptureConfig of the transform jobs"
    )
