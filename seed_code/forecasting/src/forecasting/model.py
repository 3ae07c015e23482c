"""The model of this project: XGBoost's trees on lags, seasons and the calendar.

Another library replaces this file: `fit` writes the format of the library, `load_predictor` returns
a function that predicts encoded rows. Intervals, history and the server are in `mlops_jobs.series`.
XGBoost is imported in functions because the train build, which reads `HYPERPARAMETERS`, does not
have it.
"""

from pathlib import Path
from typing import Any

from mlops_jobs.archive import model_files
from mlops_jobs.failure import InputError
from mlops_jobs.series.encoding import Matrix
from mlops_jobs.series.model import ForecastModel, PredictEncoded
from mlops_jobs.series.training import SeriesTraining
from mlops_jobs.training.hyperparameters import Hyperparameter

FILE = "model.ubj"

# `training` and `tuning.ranges` of config.yaml set these, by XGBoost's names.
HYPERPARAMETERS = {
    "num_round": Hyperparameter(whole=True, low=1, high=100_000, default=300),
    "early_stopping_rounds": Hyperparameter(whole=True, low=1, high=100_000, default=20),
    "seed": Hyperparameter(whole=True, low=0, high=2**31 - 1, default=7),
    "max_depth": Hyperparameter(whole=True, low=1, high=30, default=6),
    "eta": Hyperparameter(low=1e-4, high=1, default=0.1, logarithmic=True),
    "min_child_weight": Hyperparameter(low=0, high=1e6, default=5),
    "gamma": Hyperparameter(low=0, high=1e6, default=0),
    "subsample": Hyperparameter(low=0.05, high=1, default=1),
    "colsample_bytree": Hyperparameter(low=0.05, high=1, default=1),
    "lambda": Hyperparameter(low=0, high=1e6, default=1),
    "alpha": Hyperparameter(low=0, high=1e6, default=0),
}


def fit(training: SeriesTraining) -> None:
    """Fits the model and writes it.

    Args:
        training: rows, hyperparameters and folders.
    """
    from forecasting import boosting

    boosting.fit(training).save_model(training.folder / FILE)


def load_predictor(folder: Path) -> PredictEncoded:
    """Loads the function that predicts encoded rows.

    Args:
        folder: folder of the training job's artifact.

    Raises:
        InputError: the file is missing or is not a model of XGBoost.
    """
    import xgboost

    (trees,) = model_files(folder, FILE)
    try:
        booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(trees))
    except xgboost.core.XGBoostError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{FILE}: cannot be read as a model of XGBoost: {reason}") from error

    def predict(features: Matrix) -> Any:
        return booster.inplace_predict(features)

    return predict


def load(folder: Path) -> ForecastModel:
    """Loads the model for the endpoint and the monitors.

    Args:
        folder: folder of the training job's artifact.

    Raises:
        InputError: a file is missing or malformed.
    """
    return ForecastModel.load(folder, load_predictor)
