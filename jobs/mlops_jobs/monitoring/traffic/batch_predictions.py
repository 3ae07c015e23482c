"""Predictions of batch transform jobs, with the ids that `GenerateInferenceId` appends.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops_jobs.batch.joined import prediction_of, without_record
from mlops_jobs.batch.records import Record
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.settings import Settings, moment
from mlops_jobs.monitoring.traffic import capture
from mlops_jobs.monitoring.traffic.capture import Body

INFERENCE_ID, INFERENCE_TIME = "SageMakerInferenceId", "SageMakerInferenceTime"
_APPENDED = 2  # the id and the time


@dataclass(frozen=True, kw_only=True)
class BatchPrediction:
    """The prediction for one record.

    Args:
        body: prediction, as an endpoint returns it.
        inference_id: id that SageMaker appended. Defaults to "": none.
        time: start of the job. Defaults to None: unknown.
    """

    body: Body
    inference_id: str = ""
    time: datetime | None = None


def read_prediction(line: str, record: Record, place: str, settings: Settings) -> BatchPrediction:
    """Reads the prediction of a line.

    Args:
        line: line of an output file.
        record: the input record, which a job may have joined to the prediction (`JoinSource`).
        place: file and line, for messages.
        settings: settings with the attributes of a prediction that has another format than that of
            the project's server.

    Raises:
        InputError: the line is not a prediction, or has not the attributes of the settings.
    """
    read = _of_object if line.lstrip().startswith("{") else _of_cells
    return read(line, record, place, settings)


def _of_cells(line: str, record: Record, place: str, settings: Settings) -> BatchPrediction:
    cells = [cell.strip() for cell in next(csv.reader([line]))]
    identity = time = ""
    if len(cells) > _APPENDED and _is_time(cells[-1]):
        *cells, identity, time = cells
    chosen = [_cell(cells, one, place) for one in (settings.inference, settings.probability) if one]
    if not settings.inference:
        chosen = without_record(cells, record)
    return BatchPrediction(
        body=_csv_body(chosen),
        inference_id=identity,
        time=moment(time, f"{place}: inference time") if time else None,
    )


def _of_object(line: str, _: Record, place: str, settings: Settings) -> BatchPrediction:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place}: not JSON: {error}") from error
    identity, time = (str(document.pop(name, "")) for name in (INFERENCE_ID, INFERENCE_TIME))
    prediction = prediction_of(document)
    if settings.inference:
        named = [one for one in (settings.inference, settings.probability) if one]
        body = _csv_body([_member(document, one, place) for one in named])
    else:
        listed = prediction if isinstance(prediction, dict | list) else [prediction]
        body = Body(content=json.dumps(listed).encode(), kind=capture.JSON)
    return BatchPrediction(
        body=body,
        inference_id=identity,
        time=moment(time, f"{place}: inference time") if time else None,
    )


def _csv_body(cells: Sequence[Any]) -> Body:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return Body(content=text.getvalue().encode(), kind=capture.CSV)


def _cell(cells: Sequence[str], attribute: str, place: str) -> str:
    """Returns a cell by its position, which AWS's images also spell `_c1`."""
    position = attribute.removeprefix("_c")
    if not position.isdecimal() or int(position) >= len(cells):
        raise InputError(f"{place}: got the position {attribute!r}; allowed: 0 to {len(cells) - 1}")
    return cells[int(position)]


def _member(document: Any, attribute: str, place: str) -> Any:
    """Returns a member by its path, such as `SageMakerOutput.label` or `predictions[0].label`."""
    found = document
    for name in attribute.replace("[", ".").replace("]", "").split("."):
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise InputError(
                f"{place}: got a prediction without the member {attribute!r}"
            ) from error
    return found


def _is_time(text: str) -> bool:
    try:
        moment(text, "time")
    except InputError:
        return False
    return len(text) > len("2026-11-20")


def no_id(place: str) -> InputError:
    """Returns the error of a prediction whose label cannot be found.

    Args:
        place: its file and line.
    """
    return InputError(
        f"{place}: got a prediction without an inference id, which its label refers to; set "
        "GenerateInferenceId in the DataCaptureConfig of the transform jobs"
    )
