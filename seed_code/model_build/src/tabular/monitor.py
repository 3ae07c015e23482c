"""Command `monitor`: the monitors of `mlops_jobs`, with the model of this project."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost
from mlops_jobs.evaluation.problem_type import ProblemType
from mlops_jobs.monitoring import job

from tabular.encoding import encode
from tabular.evaluate import read_archive
from tabular.predictor import Predictor

Values = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class MonitoredModel:
    """The model of this project, as monitoring reads it.

    Args:
        predictor: the model.
    """

    predictor: Predictor

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target."""
        return self.predictor.schema.problem_type

    @property
    def target(self) -> str:
        """Name of the target column."""
        return self.predictor.schema.target

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the model's classes."""
        return self.predictor.schema.labels

    @property
    def columns(self) -> list[str]:
        """Names of all columns of a request."""
        return [column.name for column in self.predictor.schema.columns]

    @property
    def features(self) -> list[str]:
        """Names of the columns that the model reads."""
        return [column.name for column in self.predictor.schema.features]

    def predict(self, cells: Sequence[Sequence[Any]]) -> Values:
        """Predicts rows, as `Predictor.predict` does.

        Args:
            cells: for each feature, the cells of all rows.
        """
        return self.predictor.predict(cells)

    def attributions(self, cells: Sequence[Sequence[Any]]) -> Values:
        """Returns exact SHAP values of the trees, with the expected value as the last of an output.

        Args:
            cells: for each feature, the cells of all rows.
        """
        schema = self.predictor.schema
        matrix = xgboost.DMatrix(
            encode(schema, cells), feature_types=schema.feature_types, enable_categorical=True
        )
        values: Values = self.predictor.booster.predict(matrix, pred_contribs=True)
        return values[:, np.newaxis, :] if values.ndim == 2 else values


def load_model(archive: Path) -> MonitoredModel:
    """Loads the model that monitoring reads.

    Args:
        archive: path of `model.tar.gz`.

    Raises:
        InputError: the file is not an archive with a model.
    """
    return MonitoredModel(predictor=read_archive(archive))


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    job.main(load_model, arguments)
