"""Predictions of the model, row by row."""

import csv
import io
import json
from dataclasses import dataclass, field
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.capture import CSV, Body


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The prediction for one row.

    Args:
        label: label, or the value of a regression as a string.
        scores: probabilities in the order of the labels; only that of the second of two labels.
            Defaults to none.
        by_label: probabilities by label, if the response names them. Defaults to none.
    """

    label: str
    scores: tuple[float, ...] = ()
    by_label: dict[str, float] = field(default_factory=dict)

    def probability(self, label: str, position: int, labels: int) -> float | None:
        """Returns the probability of a label; None if the prediction does not have it.

        Args:
            label: the label.
            position: position among the labels, from 0.
            labels: number of labels.
        """
        if label in self.by_label:
            return self.by_label[label]
        if labels == 2 and len(self.scores) == 1:
            return self.scores[0] if position == 1 else 1 - self.scores[0]
        return self.scores[position] if position < len(self.scores) else None


def read_predictions(body: Body) -> list[Prediction]:
    """Reads the predictions of one call, in the formats of the project's endpoint.

    Args:
        body: body of the response.

    Raises:
        InputError: the response has another format.
    """
    try:
        if body.kind == CSV:
            rows = csv.reader(io.StringIO(body.content.decode()))
            return [_of_cells(row) for row in rows if row]
        document = json.loads(body.content)
        if isinstance(document, dict):
            document = document.get("predictions", [document])
        return [_of_value(one) for one in document]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"a prediction cannot be read: {body.content[:60]!r}") from error


def _of_cells(cells: list[str]) -> Prediction:
    return Prediction(label=cells[0].strip(), scores=tuple(float(cell) for cell in cells[1:]))


def _of_value(value: Any) -> Prediction:
    if not isinstance(value, dict):
        return Prediction(label=str(value))
    if "value" in value:
        return Prediction(label=str(value["value"]))
    named = {str(label): float(one) for label, one in value.get("probabilities", {}).items()}
    return Prediction(label=str(value["label"]), by_label=named)
