"""Held-out rows with their target and the predictions of a model."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.decision import Decision
from mlops_jobs.evaluation.labels import Labels
from mlops_jobs.evaluation.quality import Metric, Report, report_of
from mlops_jobs.failure import InputError
from mlops_jobs.model import Model, decision_of, predicted_labels
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.raw import RawTable

Numbers = npt.NDArray[np.float64]
Draw = npt.NDArray[np.intp]
Columns = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Raw rows that no model of a comparison has learned from.

    Args:
        columns: cells of each column, the target included.
        name: name of their file, for messages.
    """

    columns: Columns
    name: str

    @classmethod
    def read(cls, table: RawTable) -> "HeldOut":
        """Reads the rows of a table.

        Args:
            table: the raw rows.

        Raises:
            InputError: there is no row.
        """
        names = table.columns()
        columns: Columns = {name: [] for name in names}
        for rows in table.pieces():
            for name, cells in zip(names, zip(*rows, strict=True), strict=True):
                columns[name] += cells
        name = table.files[0].name
        if not columns[names[0]]:
            raise InputError(f"{name}: got no row; held-out rows are needed")
        return cls(columns=columns, name=name)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values())))

    def cells(self, model: Model, chosen: Draw | None = None) -> list[list[str]]:
        """Returns the cells that a model reads, column by column.

        Args:
            model: the model.
            chosen: indices of rows. Defaults to None: all rows.

        Raises:
            InputError: the rows do not have a column of the model.
        """
        for name in (*model.features, model.target):
            if name not in self.columns:
                raise InputError(
                    f"{self.name}: got no column {name!r}, which the model has; use the held-out "
                    "rows of the same preprocessing"
                )
        found = [self.columns[name] for name in model.features]
        if chosen is None:
            return found
        return [[column[row] for row in chosen] for column in found]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Rows as numbers.

    Args:
        problem_type: kind of target.
        labels: labels in the order of the classes; () for a regression.
        actual: for each row the number of its class, or its value in a regression.
        predictions: result of `Model.predict`.
        decision: decision of the model. Defaults to the most probable label.
    """

    problem_type: ProblemType
    labels: tuple[str, ...]
    actual: Numbers
    predictions: Numbers
    decision: Decision = field(default_factory=Decision)

    @classmethod
    def of(cls, model: Model, rows: HeldOut) -> "Scored":
        """Returns the rows with the predictions of a model.

        Args:
            model: the model.
            rows: the raw rows.

        Raises:
            InputError: the rows do not have a column of the model, or have a target that the model
                does not know.
        """
        predictions = np.asarray(model.predict(rows.cells(model)), dtype=np.float64)
        texts = [text.strip() for text in rows.columns[model.target]]
        return cls(
            problem_type=model.problem_type,
            labels=model.labels,
            actual=_targets(model, texts, rows.name),
            predictions=predictions,
            decision=decision_of(model),
        )

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.actual)

    @property
    def predicted(self) -> npt.NDArray[Any]:
        """Predicted class, or predicted value, of each row."""
        if self.problem_type is ProblemType.REGRESSION:
            return self.predictions
        return predicted_labels(self.problem_type, self.decision, self.predictions)

    def drawn(self, draw: Draw) -> "Scored":
        """Returns selected rows.

        Args:
            draw: their indices.
        """
        return replace(self, actual=self.actual[draw], predictions=self.predictions[draw])

    def in_order_of(self, labels: tuple[str, ...]) -> "Scored":
        """Returns the same rows with classes in another order.

        Args:
            labels: the same labels, in the other order.
        """
        if labels == self.labels:
            return self
        places = [self.labels.index(label) for label in labels]
        codes = np.argsort(places).astype(np.float64)
        return replace(
            self,
            labels=labels,
            actual=codes[self.actual.astype(np.intp)],
            predictions=self.predictions[:, places],
            decision=self.decision.reordered(places),
        )

    def report(self) -> Report:
        """Returns all metrics."""
        return report_of(
            self.problem_type, self.labels, self.actual, self.predictions, self.decision
        )

    def values(self) -> dict[str, float]:
        """Returns each metric that is one number, by its name in the report."""
        return {
            name: float(measure["value"])
            for name, measure in self.report().items()
            if isinstance(measure, dict) and "value" in measure
        }

    def measure(self, metric: Metric) -> float:
        """Returns one metric.

        Args:
            metric: the metric.
        """
        return metric.measure(self.labels, self.actual, self.predictions, self.decision)


def _targets(model: Model, texts: Sequence[str], name: str) -> Numbers:
    if model.problem_type is ProblemType.REGRESSION:
        try:
            return np.array(texts, dtype=np.float64)
        except ValueError as error:
            raise InputError(f"{name}: got a target that is not a number: {error}") from error
    known = Labels(model.labels)
    codes = [known.code(text) for text in texts]
    if None in codes:
        unknown = sorted({text for text, code in zip(texts, codes, strict=True) if code is None})
        raise InputError(
            f"{name}: got the labels {unknown[:10]}; allowed: {', '.join(model.labels)}, those of "
            "the model"
        )
    return np.array(codes, dtype=np.float64)
