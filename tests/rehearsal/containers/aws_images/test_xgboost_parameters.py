"""The hyperparameters of the built-in XGBoost algorithm."""

from typing import Any

import pytest

from rehearsal.containers.aws_images.stand_in.xgboost_parameters import UserError, validate


def test_values_get_their_types() -> None:
    found = validate(
        {"num_round": "10", "eta": "0.2", "booster": "dart", "eval_metric": "rmse, mae"}
    )
    assert found == {
        "num_round": 10,
        "eta": 0.2,
        "booster": "dart",
        "eval_metric": ["rmse", "mae"],
    }


def test_the_metric_of_a_tuning_job_is_printed_last() -> None:
    found = validate(
        {
            "num_round": 1,
            "objective": "binary:logistic",
            "eval_metric": "error@0.3",
            "_tuning_objective_metric": "validation:auc",
        }
    )
    assert found["eval_metric"] == ["error@0.3", "auc"]
    assert "_tuning_objective_metric" not in found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Missing required hyperparameter: num_round"),
        ({"num_round": "0"}, r"num_round: value 0 is not in range \[1,\)"),
        ({"num_round": "1.5"}, "could not parse '1.5' as an integer"),
        ({"eta": "much"}, "could not parse 'much' as a number"),
        ({"eta": "1.1"}, r"eta: value 1.1 is not in range \[0,1\]"),
        ({"subsample": "0"}, r"subsample: value 0 is not in range \(0,1\]"),
        ({"tweedie_variance_power": 2}, r"not in range \(1,2\)"),
        ({"n_estimators": "3"}, "Extraneous hyperparameter found: n_estimators"),
        ({"booster": "trees"}, "booster: trees is not in"),
        ({"objective": "multi:softmax"}, "Require input for parameter 'num_class'"),
        ({"eval_metric": "auc"}, "only be applied for classification"),
        ({"eval_metric": "gini"}, "gini is not supported"),
        ({"eval_metric": "f1"}, "XGBoost's metrics only, without f1"),
        ({"_kfold": 3}, "does not support _kfold"),
    ],
)
def test_what_aws_or_the_stand_in_rejects(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        validate({"num_round": "1", **given} if given else {})
