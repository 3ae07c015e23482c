"""Training job: fits the model of a project and prints the metric that the tuner reads.

Reads the channels `train` and `validation` of the preprocessing. Writes the files of the model, and
`schema.json` beside them.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mlops_jobs.evaluation.quality import METRICS, metric_of
from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.table import schema as schemas
from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.model import TabularModel
from mlops_jobs.table.schema import Schema
from mlops_jobs.training.hyperparameters import Hyperparameter, read_hyperparameters
from mlops_jobs.training.training import EncodedTable, Fit, Training

OPT_ML = Path("/opt/ml")

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

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """
    given = json.loads((opt_ml / "input/config/hyperparameters.json").read_text(encoding="utf-8"))
    channels = opt_ml / "input/data"
    schema_file = channels / "train" / schemas.FILE
    schema = Schema.from_json(_existing(schema_file).read_bytes())
    metric = metric_of(
        schema.problem_type, given.pop("metric", METRICS[schema.problem_type][0].name)
    )
    folder = opt_ml / "model"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(schema_file, folder / schemas.FILE)
    features, target = _read(channels / "validation/validation.npz")
    fit(
        Training(
            schema=schema,
            metric=metric,
            hyperparameters=read_hyperparameters(hyperparameters, given),
            train=_standardized(schema, *_read(channels / "train/train.npz")),
            validation=_standardized(schema, features, target),
            checkpoints=opt_ml / "checkpoints",
            folder=folder,
        )
    )
    model = load(folder)
    value = metric.measure(schema.labels, target, model.predict_matrix(features))
    # The last line with the metric is its value in SageMaker.
    print(f"result: {metric_line(metric.name, value)}", flush=True)
    return model


def metric_line(name: str, value: float) -> str:
    """Returns a metric of the validation rows as the tuner reads it, with all of its digits.

    Args:
        name: name of the metric.
        value: value of the metric; the text has no exponent, which the tuner would not read.
    """
    return f"validation:{name}={np.format_float_positional(value, trim='0')}"


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise InputError(f"{file}: no such file; the Preprocess step writes it")
    return file


def _read(file: Path) -> tuple[Matrix, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    with np.load(_existing(file), allow_pickle=False) as arrays:
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
