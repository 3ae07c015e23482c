"""Predictions with their ground truth labels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_jobs.evaluation.problem_type import ProblemType
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.capture import Event
from mlops_jobs.monitoring.model import Model
from mlops_jobs.monitoring.predictions import Prediction, read_predictions
from mlops_jobs.monitoring.rows import Row, read_rows
from mlops_jobs.table import RawTable


@dataclass(frozen=True, kw_only=True)
class Labeled:
    """Rows with predictions and ground truth.

    Args:
        actual: ground truth label of each row.
        predictions: prediction for each row.
        rows: cells of each row, if they are needed.
    """

    actual: list[str]
    predictions: list[Prediction]
    rows: list[Row]

    def probabilities(self, labels: Sequence[str]) -> npt.NDArray[np.float64]:
        """Returns the probability of each label for each row.

        Args:
            labels: the labels, in the order of the model's classes.

        Raises:
            InputError: a prediction has no probability of a label.
        """
        table = np.empty((len(self.predictions), len(labels)))
        for row, prediction in enumerate(self.predictions):
            for position, label in enumerate(labels):
                value = prediction.probability(label, position, len(labels))
                if value is None:
                    raise InputError(
                        f"got a prediction without a probability of the label {label!r}; "
                        f"allowed: those of {', '.join(labels)}"
                    )
                table[row, position] = value
        return table


def labeled(events: Iterable[Event], names: Sequence[str], *, with_rows: bool = False) -> Labeled:
    """Returns the rows of calls whose labels are known.

    Args:
        events: calls with labels.
        names: columns of a request without names.
        with_rows: True to return the cells too. Defaults to False.

    Raises:
        InputError: a call does not have as many labels as predictions.
    """
    found = Labeled(actual=[], predictions=[], rows=[])
    for event in events:
        if event.response is None:
            continue
        predictions = read_predictions(event.response)
        if len(predictions) != len(event.labels):
            raise InputError(
                f"event {event.event_id}: got {len(event.labels)} labels for "
                f"{len(predictions)} rows"
            )
        if with_rows:
            rows = read_rows([event.request] if event.request is not None else [], names).named
            if len(rows) != len(predictions):
                continue  # an unreadable request cannot be assigned to a group
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
    found = Labeled(actual=[], predictions=[], rows=[])
    for piece in table.pieces():
        rows = [dict(zip(names, row, strict=True)) for row in piece]
        found.actual.extend(row[target].strip() for row in rows)
        found.predictions.extend(_predictions(model, rows))
        found.rows.extend(rows)
    return found


def cells_of(model: Model, rows: Sequence[Row]) -> list[list[object]]:
    """Returns the cells that the model reads, column by column.

    Args:
        model: the model.
        rows: the rows.
    """
    return [[row.get(name) for row in rows] for name in model.features]


def _predictions(model: Model, rows: Sequence[Row]) -> list[Prediction]:
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
