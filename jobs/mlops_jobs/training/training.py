"""The input of a training job: tables, hyperparameters and folders."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlops_jobs.decision import Criterion, Decision
from mlops_jobs.evaluation.quality import Metric, Numbers
from mlops_jobs.problem_type import ProblemType
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
        train: rows to learn from; in a job of several instances, the share of this one.
        validation: rows that decide when training stops, and which trial of a tuning job is best;
            None when the model is fitted again on them and the training rows, without early
            stopping. In a job of several instances, the share of this one.
        checkpoints: folder that SageMaker synchronizes with S3; without `CheckpointConfig` it does
            not exist.
        folder: existing folder for the files of the model; it already has the schema.
        criterion: criterion of the predicted label. Defaults to the most probable one.
    """

    schema: Schema
    metric: Metric
    hyperparameters: dict[str, int | float]
    train: EncodedTable
    validation: EncodedTable | None
    checkpoints: Path
    folder: Path
    criterion: Criterion = field(default_factory=Criterion)

    def measure(self, target: Numbers, predictions: Numbers) -> float:
        """Returns the metric of validation rows, at the threshold that they determine.

        Args:
            target: target of each row.
            predictions: result of `Model.predict`.
        """
        decision = self.decide(target, predictions)
        return self.metric.measure(self.schema.labels, target, predictions, decision)

    def decide(self, target: Numbers, predictions: Numbers) -> Decision:
        """Returns the decision of a model.

        Args:
            target: target of each validation row.
            predictions: result of `Model.predict` for these rows.
        """
        if self.schema.problem_type is ProblemType.REGRESSION:
            return Decision()
        if self.schema.problem_type is ProblemType.MULTICLASS:
            labels = self.schema.labels
            return self.criterion.decide_labels(target.astype(np.intp), predictions, labels)
        return self.criterion.decide(target == 1, predictions[:, 1])


Fit = Callable[[Training], Mapping[str, int | float] | None]
"""Fits a model and writes its files to `Training.folder`.

May return hyperparameters that validation rows determined, such as the number of trees, with which
the model is fitted again on all rows; see `split.refit` of `config.yaml`."""
