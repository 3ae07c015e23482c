"""A model of encoded rows, as the programs of this package read it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mlops_jobs.decision import Decision
from mlops_jobs.failure import InputError
from mlops_jobs.model import Cells, Values
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.encoding import (
    CellError,
    Matrix,
    encode,
    encode_dates,
    encode_numbers,
    written_as_json,
)
from mlops_jobs.table.features import Feature
from mlops_jobs.table.raw import is_missing
from mlops_jobs.table.schema import FILE, Kind, Schema

PredictEncoded = Callable[[Matrix], npt.NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class TabularModel:
    """A fitted model with its schema; it implements the model of serving and of monitoring.

    Args:
        schema: the fitted preprocessing.
        predict_encoded: predicts encoded rows: for a regression, the value of each row in standard
            deviations from the mean, as the training job got it; otherwise the probability of each
            label, or of the second of two labels, for each row.
        attribute_encoded: attributes predictions of encoded rows to features, with the shape
            (rows, outputs, features + 1); the last value of an output is its expected value.
            Defaults to None: monitoring estimates attributions from predictions.
        computed: features that the project computes. Defaults to none.

    Example:
        ```python
        TabularModel(schema=schema, predict_encoded=booster.inplace_predict)
        ```
    """

    schema: Schema
    predict_encoded: PredictEncoded
    attribute_encoded: PredictEncoded | None = None
    computed: tuple[Feature, ...] = ()

    def __post_init__(self) -> None:
        found = tuple(feature.name for feature in self.computed)
        if found != self.schema.computed:
            raise InputError(
                f"{FILE}: got a model with the computed features {list(self.schema.computed)}, but "
                f"the code has {list(found)}; use the code and the model of one commit"
            )

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target."""
        return self.schema.problem_type

    @property
    def target(self) -> str:
        """Name of the target column."""
        return self.schema.target

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the model's classes."""
        return self.schema.labels

    @property
    def decision(self) -> Decision:
        """Decision of a binary model."""
        return self.schema.decision

    @cached_property
    def columns(self) -> list[str]:
        """Names of all columns of a request."""
        return [column.name for column in self.schema.columns]

    @cached_property
    def features(self) -> list[str]:
        """Names of the columns that the model reads."""
        return [column.name for column in self.schema.features]

    @cached_property
    def numeric(self) -> bool:
        """True if every feature is a number."""
        if any(feature.texts for feature in self.computed):
            return False
        inputs = {name for feature in self.computed for name in feature.inputs}
        return all(
            column.kind is Kind.NUMERIC or (column.kind is Kind.INPUT and column.name in inputs)
            for column in self.schema.features
        )

    def knows(self, feature: str, cell: str) -> bool:
        """Returns True if a cell of a CSV file is known to the model.

        Numbers, dates, missing values and the categories of training are.

        Args:
            feature: name of the column.
            cell: the cell.
        """
        column = self.schema.features[self.features.index(feature)]
        if is_missing(cell, self.schema.missing):
            return True
        if column.kind is Kind.INPUT and not self._is_number(feature):
            return True
        if column.kind is Kind.CATEGORY:
            return cell.strip() in column.codes
        try:
            if column.kind is Kind.DATE:
                encode_dates([cell], column, self.schema.missing)
            else:
                cells = written_as_json([cell], column)
                encode_numbers(cells, feature, self.schema.missing)
        except CellError:
            return False
        return True

    def _is_number(self, name: str) -> bool:
        return any(name in feature.inputs for feature in self.computed)

    def predict(self, cells: Cells) -> Values:
        """Predicts raw rows.

        Args:
            cells: for each feature of the schema, the cells of all rows.

        Returns:
            For a regression, the value of each row; otherwise a matrix with the probability of each
            label for each row, in the order of the schema's labels.

        Raises:
            CellError: a cell of a numeric column is not a number.
        """
        return self.predict_matrix(encode(self.schema, cells, self.computed))

    def predict_matrix(self, features: Matrix) -> Values:
        """Predicts encoded rows.

        Args:
            features: encoded rows.

        Returns:
            As for `predict`.
        """
        predicted = self.predict_encoded(features)
        schema = self.schema
        if schema.target_offset != 0 or schema.target_scale != 1:
            return predicted.astype(np.float64) * schema.target_scale + schema.target_offset
        if self.schema.problem_type is ProblemType.BINARY and predicted.ndim == 1:
            both = np.empty((len(predicted), 2), dtype=predicted.dtype)
            np.subtract(1, predicted, out=both[:, 0])
            both[:, 1] = predicted
            return both
        return predicted

    def attributions(self, cells: Cells) -> Values | None:
        """Attributes predictions to features.

        Args:
            cells: for each feature of the schema, the cells of all rows.

        Returns:
            Values of the shape (rows, outputs, features + 1); None without `attribute_encoded`.
        """
        if self.attribute_encoded is None:
            return None
        values = self.attribute_encoded(encode(self.schema, cells, self.computed))
        if values.ndim == 2:
            values = values[:, np.newaxis, :]
        if self.schema.target_scale != 1 or self.schema.target_offset != 0:
            wide = values.astype(np.float64) * self.schema.target_scale
            wide[:, :, -1] += self.schema.target_offset
            return wide if self._shares is None else wide @ self._shares
        return values if self._shares is None else values @ self._shares

    @cached_property
    def _shares(self) -> npt.NDArray[np.float64] | None:
        """Shares of each feature in the columns of the matrix; None if they are the same.

        The parts of a date belong to its column. A computed feature belongs to its inputs in equal
        shares, so that sums are kept.
        """
        dates = any(column.kind is Kind.DATE for column in self.schema.features)
        if not self.computed and not dates:
            return None
        places = {name: at for at, name in enumerate(self.features)}
        shares = np.zeros((self.schema.width + 1, len(places) + 1))
        for at, column in enumerate(self.schema.encoded):
            shares[at, places[column.name]] = 1
        for at, feature in enumerate(self.computed, start=len(self.schema.encoded)):
            needed = (*feature.inputs, *feature.texts)
            for name in needed:
                shares[at, places[name]] += 1 / len(needed)
        shares[-1, -1] = 1
        return shares
