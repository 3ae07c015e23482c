"""Training job: fits the model of a project and prints the metric that the tuner reads.

Reads the channels `train` and `validation` of the preprocessing. Writes the files of the model, and
`schema.json` beside them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlops_jobs.decision import DEFAULT_THRESHOLD, SETTINGS, Criterion
from mlops_jobs.evaluation.quality import check_criterion, metric_of
from mlops_jobs.failure import exit_with_message
from mlops_jobs.table import schema as schemas
from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.model import TabularModel
from mlops_jobs.table.schema import Schema
from mlops_jobs.training.container import OPT_ML, TrainingContainer, print_result
from mlops_jobs.training.hyperparameters import Hyperparameter
from mlops_jobs.training.training import EncodedTable, Fit, Training

REFIT = Hyperparameter(whole=True, low=0, high=1, default=0)
LoadTabular = Callable[[Path], TabularModel]


def train(
    fit: Fit,
    load: LoadTabular,
    hyperparameters: Mapping[str, Hyperparameter],
    opt_ml: Path = OPT_ML,
) -> TabularModel:
    """Runs the job.

    Args:
        fit: fits the model.
        load: loads the model of a folder.
        hyperparameters: hyperparameters of the model.
        opt_ml: folder of a training job in the layout of SageMaker. Defaults to `/opt/ml`.

    Returns:
        The model.

    Raises:
        InputError: a hyperparameter is unknown or out of its range, or a channel is missing.
    """
    container = TrainingContainer.read(hyperparameters, opt_ml, settings=("refit", *SETTINGS))
    schema_file = container.input_file("train", schemas.FILE)
    schema = Schema.from_json(schema_file.read_bytes())
    metric = metric_of(schema.problem_type, container.metric)
    refit = REFIT.read("refit", container.settings.pop("refit", REFIT.default))
    criterion = Criterion.taken_from(container.settings)
    check_criterion(schema.problem_type, metric.name, criterion)
    folder = container.model_folder(schema_file)
    features, target = _read(container.input_file("validation", "validation.npz"))
    validation = _standardized(schema, features, target)
    training = Training(
        schema=schema,
        metric=metric,
        hyperparameters=container.hyperparameters,
        train=_standardized(schema, *_read(container.input_file("train", "train.npz"))),
        validation=validation,
        checkpoints=container.checkpoints,
        folder=folder,
        criterion=criterion,
    )
    determined = fit(training) or {}
    predictions = load(folder).predict_matrix(features)
    decision = training.decide(target, predictions)
    if decision.threshold != DEFAULT_THRESHOLD:
        print(f"threshold: {decision.threshold!r} ({decision.criterion})", flush=True)
    schema = replace(schema, decision=decision)
    (folder / schemas.FILE).write_text(schema.to_json(), encoding="utf-8")
    if refit:
        _fit_again(fit, training, validation, determined)
    # It is that of the first fit, which has not learned from the validation rows.
    print_result(metric, training.measure(target, predictions))
    return load(folder)


def _fit_again(
    fit: Fit,
    training: Training,
    validation: EncodedTable,
    determined: Mapping[str, int | float],
) -> None:
    """Fits the model again on training and validation rows."""
    rows = EncodedTable(
        features=np.concatenate([training.train.features, validation.features]),
        target=np.concatenate([training.train.target, validation.target]),
    )
    taken = ", ".join(f"{name} {value:g}" for name, value in determined.items())
    print(
        f"fitting again on {len(rows.target):,} training and validation rows"
        + (f", with {taken} of the first fit" if taken else ""),
        flush=True,
    )
    values = {**training.hyperparameters, **determined}
    fit(replace(training, train=rows, validation=None, hyperparameters=values))


def _read(file: Path) -> tuple[Matrix, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    with np.load(file, allow_pickle=False) as arrays:
        return arrays["features"], arrays["target"].astype(np.float64)


def _standardized(
    schema: Schema, features: Matrix, target: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> EncodedTable:
    return EncodedTable(
        features=features, target=(target - schema.target_offset) / schema.target_scale
    )


def main(fit: Fit, load: LoadTabular, hyperparameters: Mapping[str, Hyperparameter]) -> None:
    """Runs the job as SageMaker starts it.

    Args:
        fit: as for `train`.
        load: as for `train`.
        hyperparameters: as for `train`.
    """
    with exit_with_message(OPT_ML / "output/failure"):
        train(fit, load, hyperparameters)
