"""Training job: fits XGBoost and writes the model with its schema.

Reads the channels `train` and `validation` of the preprocessing. Writes `model.ubj`, XGBoost's
format, and `schema.json`. Prints the metric that the tuner reads.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from mlops_jobs.evaluation.metrics import weighted_f1
from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.schema import Schema

from tabular.checkpoint import Checkpoints
from tabular.hyperparameters import read_hyperparameters
from tabular.problem import PROBLEMS, Metric
from tabular.progress import Progress

OPT_ML = Path("/opt/ml")

# XGBoost's metric for each metric of the project; f1 is computed here, r2 from rmse.
XGBOOST_METRICS = {
    (ProblemType.BINARY, "auc"): "auc",
    (ProblemType.BINARY, "accuracy"): "error",
    (ProblemType.MULTICLASS, "accuracy"): "merror",
    (ProblemType.REGRESSION, "mae"): "mae",
}
CELLS_PER_THREAD = 100_000  # with fewer cells, another thread does not pay off


def train(opt_ml: Path = OPT_ML) -> xgboost.Booster:
    """Runs the job.

    Args:
        opt_ml: folder of a training job in the layout of SageMaker. Defaults to `/opt/ml`.

    Returns:
        The trees up to the best round.

    Raises:
        InputError: a hyperparameter is unknown or out of its range, or a channel is missing.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """
    given = json.loads((opt_ml / "input/config/hyperparameters.json").read_text(encoding="utf-8"))
    channels = opt_ml / "input/data"
    schema_file = channels / "train/schema.json"
    schema = Schema.from_json(schema_file.read_bytes())
    problem = PROBLEMS[schema.problem_type]
    metric = problem.metric(given.pop("metric", problem.metrics[0].name))
    values = read_hyperparameters(given)
    rounds = int(values.pop("num_round"))
    patience = int(values.pop("early_stopping_rounds"))

    features, target = _read(channels / "train/train.npz")
    held_features, held_target = _read(channels / "validation/validation.npz")
    parameters = _parameters(schema, metric, values, features.size)
    kinds: dict[str, Any] = {
        "feature_types": schema.feature_types,
        "enable_categorical": True,
        "max_bin": int(values["max_bin"]),
        "nthread": parameters["nthread"],
    }
    table = xgboost.QuantileDMatrix(features, target, **kinds)
    # With `ref`, its bins are those of the training rows.
    held_out = xgboost.QuantileDMatrix(held_features, held_target, ref=table, **kinds)
    progress = Progress(
        metric=metric, loss=problem.loss, patience=patience, variance=float(np.var(held_target))
    )
    checkpoints = Checkpoints.of_job(opt_ml / "checkpoints", parameters, features, target)
    booster = _boost(parameters, table, held_out, rounds, progress, checkpoints)
    progress.print_result()
    _write(opt_ml / "model", booster, schema_file)
    return booster


def _boost(
    parameters: dict[str, Any],
    table: xgboost.DMatrix,
    held_out: xgboost.DMatrix,
    rounds: int,
    progress: Progress,
    checkpoints: Checkpoints,
) -> xgboost.Booster:
    """Returns the trees up to the best round.

    `xgboost.train` is not used because its early stopping does not know the best round of the job
    that was resumed. A resumed job builds the same trees as one that was not interrupted, except
    that `subsample` and `colsample_bytree` sample again.
    """
    checkpoint = checkpoints.newest()
    booster = xgboost.Booster(parameters, [table, held_out], model_file=checkpoint)
    if checkpoint:
        progress.resume(booster)
    custom_metric = _f1 if progress.metric.name == "f1" else None
    for index in range(len(progress.history), rounds):
        booster.update(table, index)
        measured = booster.eval_set(
            [(held_out, "validation")], index, custom_metric, output_margin=False
        )
        if progress.note(measured):
            break
        checkpoints.keep(booster, progress)
    best = booster[: progress.best_round + 1]
    progress.forget(best)
    return best


def _read(file: Path) -> tuple[Any, Any]:
    if not file.is_file():
        raise InputError(f"{file}: no such file; the Preprocess step writes it")
    with np.load(file, allow_pickle=False) as arrays:
        return arrays["features"], arrays["target"]


def _parameters(
    schema: Schema, metric: Metric, values: dict[str, int | float], cells: int
) -> dict[str, Any]:
    problem = PROBLEMS[schema.problem_type]
    shown = XGBOOST_METRICS.get((schema.problem_type, metric.name))
    parameters: dict[str, Any] = {
        "objective": problem.objective,
        "eval_metric": [name for name in (shown, problem.loss) if name],
        "tree_method": "hist",
        "nthread": max(1, min(len(os.sched_getaffinity(0)), cells // CELLS_PER_THREAD)),
        **values,
    }
    if schema.problem_type is ProblemType.MULTICLASS:
        parameters["num_class"] = len(schema.labels)
    if schema.problem_type is not ProblemType.BINARY:
        del parameters["scale_pos_weight"]
    return parameters


def _f1(predictions: Any, data: xgboost.DMatrix) -> tuple[str, float]:
    """Returns the F1 of the positive label, or that of several labels, weighted by their rows."""
    actual = data.get_label().astype(np.intp)
    if predictions.ndim == 2:
        return "f1", weighted_f1(actual, predictions.argmax(axis=1), predictions.shape[1])
    predicted = predictions >= 0.5
    hits = float(np.sum(predicted & (actual == 1)))
    return "f1", 2 * hits / max(float(predicted.sum() + actual.sum()), 1.0)


def _write(folder: Path, booster: xgboost.Booster, schema_file: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    booster.save_model(folder / "model.ubj")
    shutil.copyfile(schema_file, folder / "schema.json")


def main() -> None:
    """Runs the job as SageMaker starts it."""
    with exit_with_message(OPT_ML / "output/failure"):
        train()


if __name__ == "__main__":
    main()
