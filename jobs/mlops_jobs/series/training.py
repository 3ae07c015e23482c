"""Training job: fits the model of a project to series, and measures its intervals.

Reads the channels `train`, `validation` and `recent` of the preprocessing. Writes the files of the
model, and beside them schema, history and intervals.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.failure import exit_with_message
from mlops_jobs.series.encoding import (
    Encoded,
    Matrix,
    Rows,
    Vector,
    covariates_of,
    encode,
    rolling_origins,
    scales,
    units,
)
from mlops_jobs.series.intervals import Intervals
from mlops_jobs.series.metrics import forecast_metric
from mlops_jobs.series.model import ForecastModel, LoadPredictor
from mlops_jobs.series.schema import FILE, SeriesSchema
from mlops_jobs.series.table import SeriesTable
from mlops_jobs.training.container import OPT_ML, TrainingContainer, print_result
from mlops_jobs.training.hyperparameters import Hyperparameter

MAX_ROWS = 30_000
"""Rows from which a model learns; longer histories have fewer origins."""


@dataclass(frozen=True, kw_only=True)
class EncodedRows:
    """Encoded rows of rolling origins.

    Args:
        features: a matrix with a line for each row; unknown values are NaN.
        target: difference of the value from the level, in units of the series.
    """

    features: Matrix
    target: Vector


@dataclass(frozen=True, kw_only=True)
class SeriesTraining:
    """The input of a training job.

    Args:
        schema: columns and settings.
        hyperparameters: all hyperparameters of the model.
        train: rows to learn from.
        validation: rows that decide when training stops.
        checkpoints: folder that SageMaker synchronizes with S3; without `CheckpointConfig` it does
            not exist.
        folder: existing folder for the files of the model.
    """

    schema: SeriesSchema
    hyperparameters: dict[str, int | float]
    train: EncodedRows
    validation: EncodedRows
    checkpoints: Path
    folder: Path


Fit = Callable[[SeriesTraining], None]
"""Fits a model and writes its files to `SeriesTraining.folder`."""


def train(
    fit: Fit,
    load_predictor: LoadPredictor,
    hyperparameters: Mapping[str, Hyperparameter],
    opt_ml: Path = OPT_ML,
) -> ForecastModel:
    """Runs the job.

    Args:
        fit: fits the model.
        load_predictor: loads the function that predicts encoded rows.
        hyperparameters: hyperparameters of the model.
        opt_ml: folder of a training job in the layout of SageMaker. Defaults to `/opt/ml`.

    Returns:
        The model.

    Raises:
        InputError: a hyperparameter is unknown or out of its range, or a channel is missing.
    """
    container = TrainingContainer.read(hyperparameters, opt_ml)
    metric = forecast_metric(container.metric)
    schema = SeriesSchema.from_json(container.input_file("train", FILE).read_bytes())
    learned, validation, recent = (
        SeriesTable.read(container.input_file(channel, f"{channel}.npz"))
        for channel in ("train", "validation", "recent")
    )
    known = learned.followed_by(validation)
    history = known.followed_by(recent)
    scale = units(learned, schema.season)
    folder = container.model_folder()
    fitted = rolling_origins(schema, learned, 2 * schema.season, spacing(schema, learned.periods))
    later = known.periods - learned.periods
    held_out = rolling_origins(schema, known, learned.periods, spacing(schema, later))
    fit(
        SeriesTraining(
            schema=schema,
            hyperparameters=container.hyperparameters,
            train=_encoded(schema, learned, scale, fitted)[0],
            validation=_encoded(schema, known, scale, held_out)[0],
            checkpoints=container.checkpoints,
            folder=folder,
        )
    )
    predict = load_predictor(folder)
    rows, encoded = _encoded(schema, known, scale, held_out)
    errors = rows.target - np.asarray(predict(rows.features), dtype=np.float64)
    periods = held_out.targets + known.start
    model = ForecastModel(
        schema=schema,
        history=SeriesTable(
            start=history.start, values=history.values, covariates=history.covariates[:0]
        ),
        scale=scale,
        intervals=Intervals.of_errors(errors, periods, schema.season, schema.quantiles),
        predict_encoded=predict,
    )
    model.write(folder)
    actual = known.values[held_out.series, held_out.targets]
    print_result(metric, _measure(metric, model, actual, errors, encoded, held_out, learned))
    return model


def spacing(schema: SeriesSchema, periods: int) -> int:
    """Returns the number of periods between two origins from which a model learns.

    It has no divisor in common with the season, so that the origins are at all of its places.

    Args:
        schema: columns and settings.
        periods: number of periods.
    """
    found = max(1, len(schema.names) * periods * schema.horizon // MAX_ROWS)
    while math.gcd(found, schema.season) > 1:
        found += 1
    return found


def _encoded(
    schema: SeriesSchema, table: SeriesTable, scale: Vector, rows: Rows
) -> tuple[EncodedRows, Encoded]:
    encoded = encode(schema, table, scale, rows, covariates_of(table, rows))
    actual = table.values[rows.series, rows.targets]
    target = (actual - encoded.level) / encoded.scale
    return EncodedRows(features=encoded.features, target=target), encoded


def _measure(
    metric: Metric,
    model: ForecastModel,
    actual: Vector,
    errors: Vector,
    encoded: Encoded,
    rows: Rows,
    learned: SeriesTable,
) -> float:
    forecast = actual - errors * encoded.scale
    quantiles = model.intervals.around(forecast, encoded.scale, rows.targets + model.history.start)
    unit = scales(learned, model.schema.season)[rows.series]
    shown = np.stack([forecast, quantiles[:, 0], quantiles[:, -1], unit], axis=1)
    return metric.measure((), actual, shown)


def main(
    fit: Fit, load_predictor: LoadPredictor, hyperparameters: Mapping[str, Hyperparameter]
) -> None:
    """Runs the job as SageMaker starts it.

    Args:
        fit: as for `train`.
        load_predictor: as for `train`.
        hyperparameters: as for `train`.
    """
    with exit_with_message(OPT_ML / "output/failure"):
        train(fit, load_predictor, hyperparameters)
