"""The records of batch transform jobs, as an endpoint's calls with one row each.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tabular.failure import InputError
from tabular.monitor import capture
from tabular.monitor.batch_answers import BatchAnswer, read_answer
from tabular.monitor.batch_records import Record, read_records
from tabular.monitor.capture import Body, Event
from tabular.monitor.settings import Settings
from tabular.monitor.source import ANSWERED, File, read, transformed


def asked(settings: Settings) -> list[Event]:
    """What the jobs of a time were asked.

    Raises:
        InputError: if a file cannot be read.
    """
    form = settings.dataset_format
    return [
        Event(event_id="", request=_body(record))
        for file in transformed(settings.dataset_source, settings.window, "input")
        for record in read_records(read(file.place), file.place, form)
    ]


def asked_and_answered(settings: Settings) -> list[Event]:
    """What the jobs of a time were asked, and what they answered.

    Raises:
        InputError: if a file cannot be read, or it is not clear which answers belong to it.
    """
    source, window = settings.dataset_source, settings.window
    answers: dict[str, list[File]] = {}
    for file in transformed(source, window, "output"):
        answers.setdefault(file.name, []).append(file)
    return [
        event
        for file in transformed(source, window, "input")
        for event in _pairs(file, answers.get(f"{file.name}{ANSWERED}", []), settings)
    ]


def _pairs(file: File, answers: Sequence[File], settings: Settings) -> Iterator[Event]:
    if len(answers) != 1:
        places = ", ".join(one.place for one in answers) or "none"
        raise InputError(
            f"{file.place}: got {len(answers)} files with answers ({places}), expected one; give "
            "the jobs of an hour names or captures of their own"
        )
    place = answers[0].place
    records = list(read_records(read(file.place), file.place, settings.dataset_format))
    lines = _lines(read(place))
    if len(lines) == len(records) + 1 and settings.dataset_format.header:
        del lines[0]  # what was answered to the heading
    if len(lines) != len(records):
        raise InputError(f"{place}: got {len(lines)} answers to {len(records)} records")
    for number, (record, line) in enumerate(zip(records, lines, strict=True), start=1):
        answer = read_answer(line, record, f"{place}, line {number}", settings)
        yield _event(record, answer)


def _event(record: Record, answer: BatchAnswer) -> Event:
    return Event(
        event_id=answer.inference_id,
        time=answer.time,
        request=_body(record),
        answer=answer.body,
    )


def _body(record: Record) -> Body:
    """One row; JSON keeps apart what has names and what has not."""
    rows: Any = record if isinstance(record, dict) else [record]
    return Body(content=json.dumps(rows, default=str).encode(), kind=capture.JSON)


def _lines(content: bytes) -> list[str]:
    return [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
