"""Predictions with their ground truth labels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.model import Model
from mlops_jobs.monitoring.traffic.capture import Event
from mlops_jobs.monitoring.traffic.predictions import (
    NO_ATTRIBUTES,
    Attributes,
    Prediction,
    read_predictions,
)
from mlops_jobs.monitoring.traffic.reading import Reading
from mlops_jobs.monitoring.traffic.rows import Row, read_rows
from mlops_jobs.monitoring.traffic.tables import Columns
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.raw import RawTable


@dataclass(frozen=True, kw_only=True)
class Labeled:
    """Rows with predictions and ground truth.

    Args:
        actual: ground truth label of each row. Defaults to none.
        predictions: prediction for each row. Defaults to none.
        rows: cells of each row, if they are needed. Defaults to none.
        reading: what was read, and what could not be read. Defaults to nothing.
        max_unreadable: maximum share of the calls, 0 to 1, that cannot be read. Defaults to 1.
    """

    actual: list[str] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)
    max_unreadable: float = 1.0


def labeled(
    events: Iterable[Event],
    columns: Columns,
    *,
    attributes: Attributes = NO_ATTRIBUTES,
    with_rows: bool = False,
    max_unreadable: float = 1.0,
) -> Labeled:
    """Returns the rows of calls whose labels are known.

    Args:
        events: calls with labels.
        columns: columns of requests.
        attributes: places of the parts of a prediction. Defaults to the format of the project's
            endpoint.
        with_rows: True to return the cells too. Defaults to False.
        max_unreadable: maximum share of the calls, 0 to 1, that cannot be read. Defaults to 1.

    Raises:
        InputError: a call does not have as many labels as predictions.
    """
    found = Labeled(max_unreadable=max_unreadable)
    reading = found.reading
    for event in events:
        reading.calls += 1
        if event.response is None or (with_rows and event.request is None):
            reading.not_captured += 1
            continue
        try:
            predictions = read_predictions(event.response, attributes)
        except InputError:
            reading.unreadable += 1
            continue
        if len(predictions) != len(event.labels):
            raise InputError(
                f"event {event.event_id}: got {len(event.labels)} labels for "
                f"{len(predictions)} rows"
            )
        if with_rows and event.request is not None:
            rows = read_rows(
                [event.request], columns.names, target=columns.target, path=columns.path
            ).named
            if len(rows) != len(predictions):
                reading.unreadable += 1  # cannot be assigned to a group
                continue
            found.rows.extend(rows)
        found.actual.extend(event.labels)
        found.predictions.extend(predictions)
    return found


def predicted(table: RawTable, target: str, model: Model) -> Labeled:
    """Returns the rows of a dataset, with the predictions of the model.

    Args:
        table: the dataset.
        target: name of the target column.
        model: the model.

    Raises:
        InputError: a column is missing.
    """
    names = table.columns()
    for name in [target, *model.features]:
        if name not in names:
            raise InputError(
                f"dataset_source: got no column {name!r}, only {', '.join(names)}; add it"
            )
    found = Labeled()
    for piece in table.pieces():
        rows = [dict(zip(names, row, strict=True)) for row in piece]
        found.actual.extend(row[target].strip() for row in rows)
        found.predictions.extend(predictions_of(model, rows))
        found.rows.extend(rows)
    return found


def cells_of(model: Model, rows: Sequence[Row]) -> list[list[object]]:
    """Returns the cells that the model reads, column by column.

    Args:
        model: the model.
        rows: the rows.
    """
    return [[row.get(name) for row in rows] for name in model.features]


def predictions_of(model: Model, rows: Sequence[Row]) -> list[Prediction]:
    """Returns the predictions of the model.

    Args:
        model: the model.
        rows: the rows.
    """
    values = model.predict(cells_of(model, rows))
    if model.problem_type is ProblemType.REGRESSION:
        return [Prediction(label=str(value)) for value in values]
    chosen = values.argmax(axis=1)
    return [
        Prediction(
            label=model.labels[label],
            by_label=dict(zip(model.labels, map(float, row), strict=True)),
        )
        for label, row in zip(chosen, values, strict=True)
    ]
