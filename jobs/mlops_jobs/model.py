"""Interface of the models that the programs of this package load."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from mlops_jobs.decision import Decision
from mlops_jobs.problem_type import ProblemType

Values = npt.NDArray[np.floating[Any]]
Cells = Sequence[Sequence[Any]] | npt.NDArray[np.float64]
"""For each feature, in the order of `Model.features`, the cells of all rows: strings of a CSV file,
values of a JSON document, or 64-bit numbers."""


class Model(Protocol):
    """A fitted model that predicts raw rows."""

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target."""

    @property
    def target(self) -> str:
        """Name of the target column."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the classes; the second of two is positive; () if regression."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of all columns of the raw table except the target, in their order."""

    @property
    def features(self) -> Sequence[str]:
        """Names of the columns that the model reads."""

    @property
    def numeric(self) -> bool:
        """True if every feature is a number, so that all cells may be given as 64-bit numbers."""

    def knows(self, feature: str, cell: str) -> bool:
        """Returns True if a cell of a CSV file is a number, missing, or a category of training.

        Args:
            feature: name of the column.
            cell: the cell.
        """

    def predict(self, cells: Cells) -> Values:
        """Predicts rows.

        Args:
            cells: cells of each feature.

        Returns:
            For a regression, the value of each row; otherwise a matrix with the probability of each
            label for each row, in the order of `labels`.

        Raises:
            InputError: a cell cannot be read; the message names its row and column.
        """


@runtime_checkable
class QuantileModel(Model, Protocol):
    """A model of a regression that predicts quantiles; responses have them beside the value."""

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The quantiles, ascending, with 0.5 in the middle, which is the value of `predict`."""

    def predict_quantiles(self, cells: Cells) -> Values:
        """Predicts the quantiles of rows.

        Args:
            cells: cells of each feature.

        Returns:
            A matrix with a row for each row and a column for each quantile.

        Raises:
            InputError: as for `predict`.
        """


@runtime_checkable
class DecisionModel(Protocol):
    """A model that may predict another label than the most probable one."""

    @property
    def decision(self) -> Decision:
        """Decision of the model."""


@runtime_checkable
class FileModel(Model, Protocol):
    """A model whose only feature may be the whole body of a request, such as an image file."""

    @property
    def media_types(self) -> tuple[str, ...]:
        """Media types of such bodies, in lower case; the cell of the feature is then bytes."""


def decision_of(model: object) -> Decision:
    """Returns the decision of a model.

    Args:
        model: the model.
    """
    return model.decision if isinstance(model, DecisionModel) else Decision()


def predicted_labels(
    problem_type: ProblemType, decision: Decision, predictions: Values
) -> npt.NDArray[np.intp]:
    """Returns for each row the position of the label that a model predicts.

    Args:
        problem_type: binary or multiclass.
        decision: decision of the model.
        predictions: result of `Model.predict`.
    """
    if problem_type is ProblemType.BINARY:
        return decision.predicted(predictions[:, 1]).astype(np.intp)
    return decision.chosen(predictions)


LoadModel = Callable[[Path], Model]
"""Loads the model of a folder; raises InputError if the folder does not contain the model."""
