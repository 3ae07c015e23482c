"""Answers beside the labels that turned out to be right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tabular.encoding import Matrix
from tabular.failure import InputError
from tabular.monitor.answers import Answer, read_answers
from tabular.monitor.capture import Event
from tabular.monitor.rows import Row, read_rows
from tabular.predictor import Predictor
from tabular.problem import ProblemType
from tabular.table import RawTable


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Rows with what was answered and what was right.

    Args:
        actual: the right label of each row.
        answers: what the model said.
        rows: the cells of each row, where they are needed.
    """

    actual: list[str]
    answers: list[Answer]
    rows: list[Row]

    def probabilities(self, labels: Sequence[str]) -> npt.NDArray[np.float64]:
        """The probability of each label for each row.

        Raises:
            InputError: if an answer has none.
        """
        table = np.empty((len(self.answers), len(labels)))
        for row, answer in enumerate(self.answers):
            for position, label in enumerate(labels):
                value = answer.probability(label, position, len(labels))
                if value is None:
                    raise InputError(
                        f"an answer has no probability of the label {label!r}; expected those of "
                        f"{', '.join(labels)}"
                    )
                table[row, position] = value
        return table


def labelled(events: Iterable[Event], names: Sequence[str], *, with_rows: bool = False) -> Labelled:
    """The rows of calls whose labels are known.

    Args:
        events: with labels.
        names: the columns of a request without names.
        with_rows: whether the cells are needed too.

    Raises:
        InputError: if a call has another number of labels than of answers.
    """
    found = Labelled(actual=[], answers=[], rows=[])
    for event in events:
        if event.answer is None:
            continue
        answers = read_answers(event.answer)
        if len(answers) != len(event.labels):
            raise InputError(
                f"event {event.event_id}: got {len(event.labels)} labels for {len(answers)} rows"
            )
        if with_rows:
            rows = read_rows([event.request] if event.request is not None else [], names).named
            if len(rows) != len(answers):
                continue  # a request that cannot be read belongs to no group
            found.rows.extend(rows)
        found.actual.extend(event.labels)
        found.answers.extend(answers)
    return found


def predicted(table: RawTable, target: str, predictor: Predictor) -> Labelled:
    """The rows of a dataset, with what the model answers to them now.

    Raises:
        InputError: if a column is missing.
    """
    names = table.columns()
    schema = predictor.schema
    for name in [target, *(column.name for column in schema.features)]:
        if name not in names:
            raise InputError(f"the dataset has no column {name!r}; it has {', '.join(names)}")
    found = Labelled(actual=[], answers=[], rows=[])
    for piece in table.pieces():
        rows = [dict(zip(names, row, strict=True)) for row in piece]
        found.actual.extend(row[target].strip() for row in rows)
        found.answers.extend(_answers(predictor, rows))
        found.rows.extend(rows)
    return found


def cells_of(predictor: Predictor, rows: Sequence[Row]) -> list[list[object]]:
    """The cells that the model reads, column by column."""
    return [[row.get(column.name) for row in rows] for column in predictor.schema.features]


def _answers(predictor: Predictor, rows: Sequence[Row]) -> list[Answer]:
    schema = predictor.schema
    values: Matrix = predictor.predict(cells_of(predictor, rows))
    if schema.problem_type is ProblemType.REGRESSION:
        return [Answer(label=str(value)) for value in values]
    chosen = values.argmax(axis=1)
    return [
        Answer(
            label=schema.labels[label],
            by_label=dict(zip(schema.labels, map(float, row), strict=True)),
        )
        for label, row in zip(chosen, values, strict=True)
    ]
