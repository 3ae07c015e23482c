"""Predictions with their ground truth labels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mlops_jobs.failure import InputError
from mlops_jobs.model import decision_of, predicted_labels
from mlops_jobs.monitoring.model import Model
from mlops_jobs.monitoring.traffic.capture import Event
from mlops_jobs.monitoring.traffic.compact import Predictions, Texts
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

    actual: Sequence[str] = ()
    predictions: Sequence[Prediction] = ()
    rows: list[Row] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)
    max_unreadable: float = 1.0


class LabeledCalls:
    """Rows of the calls of a window, which are read in batches and kept in a few bytes each.

    Args:
        max_unreadable: maximum share of the calls, 0 to 1, that cannot be read.
    """

    def __init__(self, max_unreadable: float) -> None:
        self._max_unreadable = max_unreadable
        self._actual, self._predictions = Texts(), Predictions()
        self._reading = Reading()

    def add(self, part: Labeled) -> None:
        """Adds rows.

        Args:
            part: the rows of some calls.
        """
        self._actual.extend(part.actual)
        self._predictions.extend(part.predictions)
        self._reading.merge(part.reading)

    def labeled(self) -> Labeled:
        """Returns all rows, without their cells."""
        return Labeled(
            actual=self._actual,
            predictions=self._predictions,
            reading=self._reading,
            max_unreadable=self._max_unreadable,
        )


def labeled(
    events: Iterable[Event],
    columns: Columns,
    *,
    attributes: Attributes = NO_ATTRIBUTES,
    with_rows: bool = False,
) -> Labeled:
    """Returns the rows of calls whose labels are known.

    Args:
        events: calls with labels.
        columns: columns of requests.
        attributes: places of the parts of a prediction. Defaults to the format of the project's
            endpoint.
        with_rows: True to return the cells too. Defaults to False.

    Raises:
        InputError: a call does not have as many labels as predictions.
    """
    reading = Reading()
    actual: list[str] = []
    found: list[Prediction] = []
    cells: list[Row] = []
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
            cells.extend(rows)
        actual.extend(event.labels)
        found.extend(predictions)
    return Labeled(actual=actual, predictions=found, rows=cells, reading=reading)


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
    actual, found = Texts(), Predictions()
    cells: list[Row] = []
    for piece in table.pieces():
        rows = [dict(zip(names, row, strict=True)) for row in piece]
        actual.extend(row[target].strip() for row in rows)
        found.extend(predictions_of(model, rows))
        cells.extend(rows)
    return Labeled(actual=actual, predictions=found, rows=cells)


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
    chosen = predicted_labels(model.problem_type, decision_of(model), values)
    return [
        Prediction(
            label=model.labels[label],
            by_label=dict(zip(model.labels, map(float, row), strict=True)),
        )
        for label, row in zip(chosen, values, strict=True)
    ]
