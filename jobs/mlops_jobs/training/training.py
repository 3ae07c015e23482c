"""The input of a training job: tables, hyperparameters and folders."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.schema import Schema


@dataclass(frozen=True, kw_only=True)
class EncodedTable:
    """Encoded rows.

    Args:
        features: a matrix with one line for each row.
        target: for each row the number of its class; in a regression its value, standardized to
            mean 0 and standard deviation 1 of the training rows.
    """

    features: Matrix
    target: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Training:
    """The input of a training job.

    Args:
        schema: the fitted preprocessing.
        metric: metric of the project, for models that choose by it.
        hyperparameters: all hyperparameters of the model.
        train: rows to learn from.
        validation: rows that decide when training stops, and which trial of a tuning job is best.
        checkpoints: folder that SageMaker synchronizes with S3; without `CheckpointConfig` it does
            not exist.
        folder: existing folder for the files of the model; it already has the schema.
    """

    schema: Schema
    metric: Metric
    hyperparameters: dict[str, int | float]
    train: EncodedTable
    validation: EncodedTable
    checkpoints: Path
    folder: Path


Fit = Callable[[Training], None]
"""Fits a model and writes its files to `Training.folder`."""
