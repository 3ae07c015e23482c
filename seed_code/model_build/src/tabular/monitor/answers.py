"""What the model answered, row by row."""

import csv
import io
import json
from dataclasses import dataclass, field
from typing import Any

from tabular.failure import InputError
from tabular.monitor.capture import CSV, Body


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to one row.

    Args:
        label: the label, or the number of a regression as text.
        scores: probabilities in the order of the labels; of two labels only the second's.
        by_label: probabilities by label, where the answer names them.
    """

    label: str
    scores: tuple[float, ...] = ()
    by_label: dict[str, float] = field(default_factory=dict)

    def probability(self, label: str, position: int, labels: int) -> float | None:
        """The probability of a label, None if the answer has none.

        Args:
            label: the label.
            position: its place among the labels.
            labels: how many there are.
        """
        if label in self.by_label:
            return self.by_label[label]
        if labels == 2 and len(self.scores) == 1:
            return self.scores[0] if position == 1 else 1 - self.scores[0]
        return self.scores[position] if position < len(self.scores) else None


def read_answers(body: Body) -> list[Answer]:
    """The answers of one call, in the formats of the project's endpoint.

    Raises:
        InputError: if they have another format.
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
        raise InputError(f"an answer cannot be read: {body.content[:60]!r}") from error


def _of_cells(cells: list[str]) -> Answer:
    return Answer(label=cells[0].strip(), scores=tuple(float(cell) for cell in cells[1:]))


def _of_value(value: Any) -> Answer:
    if not isinstance(value, dict):
        return Answer(label=str(value))
    if "value" in value:
        return Answer(label=str(value["value"]))
    named = {str(label): float(one) for label, one in value.get("probabilities", {}).items()}
    return Answer(label=str(value["label"]), by_label=named)
