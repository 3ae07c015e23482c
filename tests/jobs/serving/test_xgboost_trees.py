"""Predictions by XGBoost's C library are those of XGBoost, bit for bit."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
import xgboost

from mlops_jobs.serving.xgboost_trees import XGBoostTrees

OBJECTIVES = {"binary:logistic": 2, "multi:softprob": 4, "reg:squarederror": 50}


def rows(count: int, seed: int) -> npt.NDArray[np.float32]:
    dice = np.random.default_rng(seed)
    matrix = dice.normal(size=(count, 6)).astype(np.float32)
    matrix[:, 5] = dice.integers(0, 4, count)
    matrix[dice.random(matrix.shape) < 0.1] = np.nan
    return matrix


def booster(objective: str) -> xgboost.Booster:
    features = rows(400, 1)
    target = np.arange(400) % OBJECTIVES[objective]
    types = ["float"] * 5 + ["c"]
    table = xgboost.DMatrix(features, target, feature_types=types, enable_categorical=True)
    parameters = {"objective": objective, "nthread": 1, "max_depth": 4}
    if objective == "multi:softprob":
        parameters["num_class"] = OBJECTIVES[objective]
    return xgboost.train(parameters, table, 20)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("count", [1, 2, 300])
def test_predictions_are_identical(objective: str, count: int) -> None:
    trees = booster(objective)
    predict = XGBoostTrees(trees)
    for seed in range(5):
        matrix = rows(count, seed)
        expected = trees.inplace_predict(matrix)
        found = predict(matrix)
        assert found.shape == expected.shape
        assert found.tobytes() == expected.tobytes()


def test_a_prediction_outlives_the_next_one() -> None:
    predict = XGBoostTrees(booster("binary:logistic"))
    first = predict(rows(3, 7))
    kept = first.tobytes()
    predict(rows(3, 8))
    assert first.tobytes() == kept


def test_threads_do_not_disturb_each_other() -> None:
    trees = booster("multi:softprob")
    predict = XGBoostTrees(trees)
    matrices = [rows(50, seed) for seed in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(predict, matrices))
    for matrix, one in zip(matrices, found, strict=True):
        assert one.tobytes() == trees.inplace_predict(matrix).tobytes()


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (rows(4, 1)[:, :5], "got .4, 5.; allowed: .rows, 6., contiguous"),
        (np.asfortranarray(rows(4, 1)), "contiguous"),
        (rows(4, 1).astype(np.float64), "got numbers of type float64; allowed: float32"),
    ],
)
def test_what_the_library_would_misread_is_rejected(
    matrix: npt.NDArray[np.float32], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        XGBoostTrees(booster("binary:logistic"))(matrix)
