"""Training job: fits the model of a project and prints the metric that the tuner reads.

Reads the channels `train` and `validation` of the preprocessing. Writes the files of the model, and
`schema.json` beside them.

Of several instances each one reads a share of the rows and fits the model together with the others;
the first one writes the model and prints the metric.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mlops_jobs.decision import DEFAULT_THRESHOLD, SETTINGS, Criterion
from mlops_jobs.evaluation.quality import check_criterion, metric_of
from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.instances import Instances
from mlops_jobs.table import schema as schemas
from mlops_jobs.table.model import TabularModel
from mlops_jobs.table.schema import Schema
from mlops_jobs.training.container import OPT_ML, TrainingContainer, print_result
from mlops_jobs.training.hyperparameters import Hyperparameter
from mlops_jobs.training.stored_table import StoredTable
from mlops_jobs.training.training import EncodedTable, Fit, Training

REFIT = Hyperparameter(whole=True, low=0, high=1, default=0)
LoadTabular = Callable[[Path], TabularModel]
Connect = Callable[[Instances], AbstractContextManager[None]]
"""Connects the library of the model on all instances of a job for the time of a block."""


def train(
    fit: Fit,
    load: LoadTabular,
    hyperparameters: Mapping[str, Hyperparameter],
    opt_ml: Path = OPT_ML,
    connect: Connect | None = None,
) -> TabularModel:
    """Runs the job on this instance.

    Args:
        fit: fits the model.
        load: loads the model of a folder.
        hyperparameters: hyperparameters of the model.
        opt_ml: folder of a training job in the layout of SageMaker. Defaults to `/opt/ml`.
        connect: connects the instances of a job. Defaults to None: the model is fitted on one.

    Returns:
        The model.

    Raises:
        InputError: a hyperparameter is unknown or out of its range, a channel is missing, or the
            job has more instances than the model or the rows allow.
    """
    container = TrainingContainer.read(hyperparameters, opt_ml, settings=("refit", *SETTINGS))
    schema_file = container.input_file("train", schemas.FILE)
    schema = Schema.from_json(schema_file.read_bytes())
    metric = metric_of(schema.problem_type, container.metric)
    refit = REFIT.read("refit", container.settings.pop("refit", REFIT.default))
    criterion = Criterion.taken_from(container.settings)
    check_criterion(schema.problem_type, metric.name, criterion)
    instances = container.instances
    rows = StoredTable(container.input_file("train", "train.npz"))
    held_out = StoredTable(container.input_file("validation", "validation.npz"))
    _check_instances(instances, connect, min(rows.rows, held_out.rows))
    with ExitStack() as block:
        # SageMaker packs the model folders of all instances into one archive.
        folder = container.model_folder(
            schema_file,
            folder=None if instances.is_first else Path(block.enter_context(TemporaryDirectory())),
        )
        if instances.count > 1 and connect is not None:
            block.enter_context(connect(instances))
        validation = _share(held_out, schema, instances)
        training = Training(
            schema=schema,
            metric=metric,
            hyperparameters=container.hyperparameters,
            train=_share(rows, schema, instances),
            validation=validation,
            checkpoints=container.checkpoints,
            folder=folder,
            criterion=criterion,
        )
        determined = fit(training) or {}
        result: float | None = None
        if instances.is_first:
            target = held_out.target()
            model = load(folder)
            predictions = np.concatenate([model.predict_matrix(part) for part in held_out.blocks()])
            decision = training.decide(target, predictions)
            if decision.threshold != DEFAULT_THRESHOLD:
                print(f"threshold: {decision.threshold!r} ({decision.criterion})", flush=True)
            if decision.thresholds is not None:
                found = dict(zip(schema.labels, decision.thresholds, strict=True))
                print(f"thresholds: {found!r} ({decision.criterion})", flush=True)
            schema = replace(schema, decision=decision)
            (folder / schemas.FILE).write_text(schema.to_json(), encoding="utf-8")
            # It is that of the first fit, which has not learned from the validation rows.
            result = training.measure(target, predictions)
        if refit:
            _fit_again(fit, training, validation, rows.rows + held_out.rows, determined)
        if result is not None:
            print_result(metric, result)
        return load(folder)


def _check_instances(instances: Instances, connect: Connect | None, rows: int) -> None:
    """Raises an error if the job has more instances than the model or the rows allow."""
    if instances.count > 1 and connect is None:
        raise InputError(
            f"tuning.instances: got {instances.count}, but the model of this project is fitted on "
            "one instance; remove tuning.instances, or add connect to model.py"
        )
    if instances.count > max(rows, 1):
        raise InputError(
            f"tuning.instances: got {instances.count}; allowed: at most {rows}, so that each "
            "instance has training and validation rows"
        )


def _fit_again(
    fit: Fit,
    training: Training,
    validation: EncodedTable,
    count: int,
    determined: Mapping[str, int | float],
) -> None:
    """Fits the model again on training and validation rows."""
    rows = EncodedTable(
        features=np.concatenate([training.train.features, validation.features]),
        target=np.concatenate([training.train.target, validation.target]),
    )
    taken = ", ".join(f"{name} {value:g}" for name, value in determined.items())
    print(
        f"fitting again on {count:,} training and validation rows"
        + (f", with {taken} of the first fit" if taken else ""),
        flush=True,
    )
    values = {**training.hyperparameters, **determined}
    fit(replace(training, train=rows, validation=None, hyperparameters=values))


def _share(table: StoredTable, schema: Schema, instances: Instances) -> EncodedTable:
    """Returns the rows of an instance, with standardized targets."""
    rows = instances.share(table.rows)
    return EncodedTable(
        features=table.features(rows),
        target=(table.target(rows) - schema.target_offset) / schema.target_scale,
    )


def main(
    fit: Fit,
    load: LoadTabular,
    hyperparameters: Mapping[str, Hyperparameter],
    connect: Connect | None = None,
) -> None:
    """Runs the job as SageMaker starts it.

    Args:
        fit: as for `train`.
        load: as for `train`.
        hyperparameters: as for `train`.
        connect: as for `train`. Defaults to None.
    """
    with exit_with_message(OPT_ML / "output/failure"):
        train(fit, load, hyperparameters, connect=connect)
