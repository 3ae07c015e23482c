"""Training of XGBoost: rounds, metrics, early stopping and checkpoints.

In a job of several instances each one has a share of the rows, and all build the same trees.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost
from mlops_jobs.boosting import workers
from mlops_jobs.boosting.checkpoint import Checkpoints
from mlops_jobs.boosting.progress import Progress
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.training.training import Training

Vector = npt.NDArray[np.float64]

OBJECTIVES = {
    ProblemType.BINARY: "binary:logistic",
    ProblemType.MULTICLASS: "multi:softprob",
    ProblemType.REGRESSION: "reg:squarederror",
}
# XGBoost's metric that decides when training stops; it is smooth, unlike accuracy.
LOSSES = {
    ProblemType.BINARY: "logloss",
    ProblemType.MULTICLASS: "mlogloss",
    ProblemType.REGRESSION: "rmse",
}
# XGBoost's metric for each metric of the project; others are computed from the predictions.
XGBOOST_METRICS = {
    (ProblemType.BINARY, "auc"): "auc",
    (ProblemType.BINARY, "accuracy"): "error",
    (ProblemType.MULTICLASS, "accuracy"): "merror",
    (ProblemType.REGRESSION, "mae"): "mae",
}
FROM_LOSS = ("logloss", "rmse", "r2")
CELLS_PER_THREAD = 100_000  # with fewer cells, another thread does not pay off


def fit(training: Training) -> xgboost.Booster:
    """Fits trees until the loss of the validation rows no longer improves.

    Args:
        training: tables, hyperparameters and folders.

    Returns:
        The trees up to the best round; without validation rows, all trees.
    """
    values = dict(training.hyperparameters)
    rounds = int(values.pop("num_round"))
    patience = int(values.pop("early_stopping_rounds"))
    rows, held_out_rows = training.train, training.validation
    weigh = _balance(training) if values.pop("balance_classes") else None
    parameters = _parameters(training, values)
    kinds: dict[str, Any] = {
        "feature_types": training.schema.feature_types,
        "enable_categorical": True,
        "max_bin": int(values["max_bin"]),
        "nthread": parameters["nthread"],
    }
    table = xgboost.QuantileDMatrix(
        rows.features, rows.target, weight=weigh and weigh(rows.target), **kinds
    )
    # With `ref`, its bins are those of the training rows.
    if held_out_rows is None:
        return xgboost.train(parameters, table, rounds)
    held_out = xgboost.QuantileDMatrix(
        held_out_rows.features,
        held_out_rows.target,
        weight=weigh and weigh(held_out_rows.target),
        ref=table,
        **kinds,
    )
    targets = workers.joined(held_out_rows.target)
    progress = Progress(
        metric=training.metric.name,
        loss=LOSSES[training.schema.problem_type],
        patience=patience,
        variance=float(np.var(targets)),
        unit=training.schema.target_scale,
    )
    learned = rows.target if weigh is None else np.stack([rows.target, weigh(rows.target)])
    checkpoints = Checkpoints.of_job(training.checkpoints, parameters, rows.features, learned)
    return _boost(training, parameters, (table, held_out), targets, rounds, progress, checkpoints)


def _balance(training: Training) -> Callable[[Vector], Vector]:
    """Returns a function that weighs rows so that each class of the training rows weighs the same.

    Raises:
        InputError: the target has no classes.
    """
    labels = training.schema.labels
    if not labels:
        raise InputError(
            "training.balance_classes: got 1 for a regression, which has no classes; remove it"
        )
    codes = training.train.target.astype(np.intp)
    found = workers.added(np.bincount(codes, minlength=len(labels)))
    weights = found.sum() / (len(labels) * np.maximum(found, 1))
    return lambda target: weights[target.astype(np.intp)]


def _boost(
    training: Training,
    parameters: dict[str, Any],
    tables: tuple[xgboost.DMatrix, xgboost.DMatrix],
    targets: Vector,
    rounds: int,
    progress: Progress,
    checkpoints: Checkpoints,
) -> xgboost.Booster:
    """Returns the trees up to the best round.

    `xgboost.train` is not used because its early stopping does not know the best round of the job
    that was resumed. A resumed job builds the same trees as one that was not interrupted, except
    that `subsample` and `colsample_bytree` sample again.
    """
    table, held_out = tables
    checkpoint = checkpoints.newest()
    booster = xgboost.Booster(parameters, [table, held_out], model_file=checkpoint)
    if checkpoint:
        progress.resume(booster)
    metric = training.metric

    def measure(found: Any, _: xgboost.DMatrix) -> tuple[str, float]:
        predictions = workers.joined(found)
        if predictions.ndim == 1:
            predictions = np.column_stack([1 - predictions, predictions])
        return metric.name, training.measure(targets, predictions)

    known = _metric_of_xgboost(training) is not None
    custom = None if known or metric.name in FROM_LOSS else measure
    for index in range(len(progress.history), rounds):
        booster.update(table, index)
        measured = booster.eval_set([(held_out, "validation")], index, custom, output_margin=False)
        if progress.note(measured):
            break
        checkpoints.keep(booster, progress)
    best = booster[: progress.best_round + 1]
    progress.forget(best)
    return best


def _metric_of_xgboost(training: Training) -> str | None:
    """Returns XGBoost's name of the metric; None if it is computed from predictions."""
    name = training.metric.name
    if name == "accuracy" and training.criterion.changes_labels:
        return None
    # XGBoost averages the areas of the instances.
    if name == "auc" and workers.count() > 1:
        return None
    return XGBOOST_METRICS.get((training.schema.problem_type, name))


def _parameters(training: Training, values: dict[str, int | float]) -> dict[str, Any]:
    problem_type = training.schema.problem_type
    shown = _metric_of_xgboost(training)
    threads = training.train.features.size // CELLS_PER_THREAD
    parameters: dict[str, Any] = {
        "objective": OBJECTIVES[problem_type],
        "eval_metric": [name for name in (shown, LOSSES[problem_type]) if name],
        "tree_method": "hist",
        "nthread": max(1, min(len(os.sched_getaffinity(0)), threads)),
        **values,
    }
    if problem_type is ProblemType.MULTICLASS:
        parameters["num_class"] = len(training.schema.labels)
    if problem_type is not ProblemType.BINARY:
        del parameters["scale_pos_weight"]
    return parameters
