"""The model of this project: XGBoost's trees, with the schema of their columns.

A model artifact has no pickle, so loading it runs no code.
"""

from pathlib import Path

import xgboost
from mlops_jobs.archive import model_files
from mlops_jobs.failure import InputError
from mlops_jobs.serving.xgboost_trees import XGBoostTrees
from mlops_jobs.table import schema as schemas
from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.model import TabularModel
from mlops_jobs.table.schema import Schema

FILE = "model.ubj"


def load(folder: Path) -> TabularModel:
    """Loads the model for the endpoint, the evaluation and the monitors.

    Args:
        folder: folder of the training job's artifact.

    Raises:
        InputError: a file is missing or malformed, or the files are not of one training job.
    """
    schema_json, trees = model_files(folder, schemas.FILE, FILE)
    schema = Schema.from_json(schema_json)
    try:
        booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(trees))
    except xgboost.core.XGBoostError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{FILE}: cannot be read as a model of XGBoost: {reason}") from error
    if booster.num_features() != len(schema.features):
        raise InputError(
            f"{FILE}: got {booster.num_features()} columns; allowed: {len(schema.features)}, as in "
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
        schema=schema, predict_encoded=XGBoostTrees(booster), attribute_encoded=attribute
    )
