"""Interface of the models that monitoring loads."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from mlops_jobs.problem_type import ProblemType

Values = npt.NDArray[np.floating[Any]]
Cells = Sequence[Sequence[Any]]
"""For each feature, in the order of `Model.features`, the cells of all rows."""


class Model(Protocol):
    """A fitted model that predicts raw rows and attributes its predictions to features."""

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
        """Names of all columns of a request, in their order."""

    @property
    def features(self) -> Sequence[str]:
        """Names of the columns that the model reads."""

    def predict(self, cells: Cells) -> Values:
        """Predicts rows.

        Args:
            cells: cells of each feature.

        Returns:
            For a regression, the value of each row; otherwise a matrix with the probability of each
            label for each row, in the order of `labels`.
        """

    def attributions(self, cells: Cells) -> Values | None:
        """Attributes predictions to features.

        Args:
            cells: cells of each feature.

        Returns:
            SHAP values of the shape (rows, outputs, features + 1); the last value of an output is
            its expected value. A multiclass model has an output for each label, others have one.
            None if the model cannot attribute its predictions; they are then estimated.
        """


@runtime_checkable
class ModelOfNewValues(Model, Protocol):
    """A model with features whose values are new in each request, whatever the traffic."""

    @property
    def new_features(self) -> Sequence[str]:
        """Names of such features, for example a timestamp; monitors do not compare them."""


LoadModel = Callable[[Path], Model]
"""Reads the model from `model.tar.gz`; raises InputError if the file is not such an archive."""
