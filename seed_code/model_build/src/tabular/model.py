"""The model of this project: XGBoost's trees, with the schema of their columns.

Another library replaces this file: README.md, "Change the project", has a complete one. A model
artifact has no pickle, so loading it runs no code. XGBoost is imported in functions because the
train build, which reads `HYPERPARAMETERS`, does not have it.
"""

from contextlib import AbstractContextManager
from pathlib import Path

from mlops_jobs.archive import model_files
from mlops_jobs.failure import InputError
from mlops_jobs.instances import Instances
from mlops_jobs.table import schema as schemas
from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.model import TabularModel
from mlops_jobs.table.schema import Schema
from mlops_jobs.training.hyperparameters import Hyperparameter
from mlops_jobs.training.training import Training

from tabular.features import FEATURES

FILE = "model.ubj"

# `training` and `tuning.ranges` of config.yaml set these, by XGBoost's names.
HYPERPARAMETERS = {
    "num_round": Hyperparameter(whole=True, low=1, high=100_000, default=300),
    "early_stopping_rounds": Hyperparameter(whole=True, low=1, high=100_000, default=20),
    "seed": Hyperparameter(whole=True, low=0, high=2**31 - 1, default=7),
    "max_depth": Hyperparameter(whole=True, low=1, high=30, default=6),
    "eta": Hyperparameter(low=1e-4, high=1, default=0.1, logarithmic=True),
    "min_child_weight": Hyperparameter(low=0, high=1e6, default=1),
    "gamma": Hyperparameter(low=0, high=1e6, default=0),
    "subsample": Hyperparameter(low=0.05, high=1, default=1),
    "colsample_bytree": Hyperparameter(low=0.05, high=1, default=1),
    "lambda": Hyperparameter(low=0, high=1e6, default=1),
    "alpha": Hyperparameter(low=0, high=1e6, default=0),
    "max_bin": Hyperparameter(whole=True, low=2, high=65_536, default=256),
    "scale_pos_weight": Hyperparameter(low=1e-6, high=1e6, default=1),
    # Not of XGBoost: 1 gives each class the same weight, however few rows it has.
    "balance_classes": Hyperparameter(whole=True, low=0, high=1, default=0),
}


def fit(training: Training) -> dict[str, int | float]:
    """Fits the model and writes it.

    Args:
        training: tables, hyperparameters and folders.

    Returns:
        The number of trees, with which `split.refit` fits the model again.
    """
    from tabular import boosting

    trees = boosting.fit(training)
    trees.save_model(training.folder / FILE)
    return {"num_round": trees.num_boosted_rounds()}


def connect(instances: Instances) -> AbstractContextManager[None]:
    """Connects the instances of a training job: `tuning.instances` of config.yaml.

    A model without this function is fitted on one instance.

    Args:
        instances: the instances, each of which fits the model on a share of the rows.
    """
    from mlops_jobs.boosting.workers import connected

    return connected(instances)


def load(folder: Path) -> TabularModel:
    """Loads the model for the endpoint, the evaluation and the monitors.

    Args:
        folder: folder of the training job's artifact.

    Raises:
        InputError: a file is missing or malformed, or the files are not of one training job.
    """
    import xgboost
    from mlops_jobs.serving.xgboost_trees import XGBoostTrees

    schema_json, trees = model_files(folder, schemas.FILE, FILE)
    schema = Schema.from_json(schema_json)
    try:
        booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(trees))
    except xgboost.core.XGBoostError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{FILE}: cannot be read as a model of XGBoost: {reason}") from error
    if booster.num_features() != schema.width:
        raise InputError(
            f"{FILE}: got {booster.num_features()} columns; allowed: {schema.width}, as in "
            f"{schemas.FILE}. Use both files of one training job"
        )

    def attribute(features: Matrix) -> Matrix:
        """Returns exact SHAP values of the trees."""
        table = xgboost.DMatrix(
            features, feature_types=schema.feature_types, enable_categorical=True
        )
        attributions: Matrix = booster.predict(table, pred_contribs=True)
        return attributions

    return TabularModel(
        schema=schema,
        predict_encoded=XGBoostTrees(booster),
        attribute_encoded=attribute,
        computed=FEATURES,
    )
