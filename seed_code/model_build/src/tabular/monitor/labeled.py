"""Predictions with their ground truth labels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tabular.encoding import Matrix
from tabular.failure import InputError
from tabular.monitor.capture import Event
from tabular.monitor.predictions import Prediction, read_predictions
from tabular.monitor.rows import Row, read_rows
from tabular.predictor import Predictor
from tabular.problem import ProblemType
from tabular.table import RawTable


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


def predicted(table: RawTable, target: str, predictor: Predictor) -> Labeled:
    """Returns the rows of a dataset, with the predictions of the model.

    Args:
        table: the dataset.
        target: name of the target column.
        predictor: the model.

    Raises:
        InputError: a column is missing.
    """
    names = table.columns()
    schema = predictor.schema
    for name in [target, *(column.name for column in schema.features)]:
        if name not in names:
            raise InputError(
                f"dataset_source: got no column {name!r}, only {', '.join(names)}; add it"
            )
    found = Labeled(actual=[], predictions=[], rows=[])
    for piece in table.pieces():
        rows = [dict(zip(names, row, strict=True)) for row in piece]
        found.actual.extend(row[target].strip() for row in rows)
        found.predictions.extend(_predictions(predictor, rows))
        found.rows.extend(rows)
    return found


def cells_of(predictor: Predictor, rows: Sequence[Row]) -> list[list[object]]:
    """Returns the cells that the model reads, column by column.

    Args:
        predictor: the model.
        rows: the rows.
    """
    return [[row.get(column.name) for row in rows] for column in predictor.schema.features]


def _predictions(predictor: Predictor, rows: Sequence[Row]) -> list[Prediction]:
    schema = predictor.schema
    values: Matrix = predictor.predict(cells_of(predictor, rows))
    if schema.problem_type is ProblemType.REGRESSION:
        return [Prediction(label=str(value)) for value in values]
    chosen = values.argmax(axis=1)
    return [
        Prediction(
            label=schema.labels[label],
            by_label=dict(zip(schema.labels, map(float, row), strict=True)),
        )
        for label, row in zip(chosen, values, strict=True)
    ]
