"""The hyperparameters of the built-in XGBoost algorithm.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html
"""

import re
from collections.abc import Mapping
from typing import Any

_RANGES = {
    "num_round": "int [1,)",
    "csv_weights": "int [0,1]",
    "early_stopping_rounds": "int [1,)",
    "verbosity": "int [0,3]",
    "nthread": "int [1,)",
    "eta": "float [0,1]",
    "learning_rate": "float [0,1]",
    "gamma": "float [0,)",
    "min_split_loss": "float [0,)",
    "max_depth": "int [0,)",
    "min_child_weight": "float [0,)",
    "max_delta_step": "float [0,)",
    "subsample": "float (0,1]",
    "colsample_bytree": "float (0,1]",
    "colsample_bylevel": "float (0,1]",
    "colsample_bynode": "float (0,1]",
    "lambda": "float [0,)",
    "reg_lambda": "float [0,)",
    "alpha": "float [0,)",
    "reg_alpha": "float [0,)",
    "sketch_eps": "float (0,1)",
    "scale_pos_weight": "float (0,)",
    "refresh_leaf": "int [0,1]",
    "max_leaves": "int [0,)",
    "max_bin": "int [0,)",
    "rate_drop": "float [0,1]",
    "one_drop": "int [0,1]",
    "skip_drop": "float [0,1]",
    "lambda_bias": "float [0,1]",
    "tweedie_variance_power": "float (1,2)",
    "num_class": "int [2,)",
    "base_score": "float [0,)",
    "seed": "int [-2147483648,2147483647]",
    "num_parallel_tree": "int [1,)",
    "aft_loss_distribution_scale": "float [0,)",
    "prob_buffer_row": "float (1,)",
    "_kfold": "int [2,)",
    "_num_cv_round": "int [1,)",
}
_CHOICES = {
    "booster": "gbtree gblinear dart",
    "tree_method": "auto exact approx hist gpu_hist",
    "dsplit": "row col",
    "process_type": "default update",
    "grow_policy": "depthwise lossguide",
    "predictor": "auto cpu_predictor gpu_predictor",
    "sample_type": "uniform weighted",
    "normalize_type": "tree forest",
    "objective": "aft_loss_distribution binary:logistic binary:logitraw binary:hinge count:poisson "
    "multi:softmax multi:softprob rank:pairwise rank:ndcg rank:map reg:linear reg:squarederror "
    "reg:logistic reg:gamma reg:pseudohubererror reg:squaredlogerror reg:absoluteerror reg:tweedie "
    "survival:aft survival:cox",
    "save_model_on_termination": "true false",
    "aft_loss_distribution": "normal logistic extreme",
    "deterministic_histogram": "true false",
    "sampling_method": "uniform gradient_based",
    "use_dask_gpu_training": "true false",
}
_FREE = (
    "updater",
    "monotone_constraints",
    "interaction_constraints",
    "eval_metric",
    "_tuning_objective_metric",
)
MAXIMIZED = ("auc", "aucpr", "map", "ndcg")
MINIMIZED = (
    *("aft-nloglik", "cox-nloglik", "error", "gamma-deviance", "gamma-nloglik"),
    *("interval-regression-accuracy", "logloss", "mae", "mape", "merror", "mlogloss", "mphe"),
    *("poisson-nloglik", "rmse", "rmsle", "tweedie-nloglik"),
)
_OF_THE_IMAGE = (
    *("accuracy", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "mse", "precision"),
    *("precision_macro", "precision_micro", "r2", "recall", "recall_macro", "recall_micro"),
)
"""Metrics that AWS's image adds to those of XGBoost, and the stand-in does not have."""
_NOT_HERE = ("_kfold", "_num_cv_round", "use_dask_gpu_training")
_RANGE = re.compile(r"(?P<kind>\w+) (?P<open>[(\[])(?P<low>-?\d+),(?P<high>-?\d*)(?P<close>[)\]])")


class UserError(Exception):
    """Input that the algorithm rejects."""


def validate(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the hyperparameters with their types; `eval_metric` is a list.

    Raises:
        UserError: a hyperparameter is unknown, missing or out of its range.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name in _RANGES:
            found[name] = _number(name, value)
        elif name in _CHOICES:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if text not in _CHOICES[name].split():
                raise UserError(f"Hyperparameter {name}: {text} is not in {_CHOICES[name].split()}")
            found[name] = text
        elif name in _FREE:
            found[name] = value
        else:
            raise UserError(f"Extraneous hyperparameter found: {name}")
    if "num_round" not in found:
        raise UserError("Missing required hyperparameter: num_round")
    objective = str(found.get("objective", ""))
    if objective.startswith("multi:") and "num_class" not in found:
        raise UserError("Require input for parameter 'num_class' for multi-classification")
    found["eval_metric"] = _metrics(found, objective)
    no = [name for name in _NOT_HERE if found.pop(name, "false") != "false"]
    if no:
        raise UserError(f"The rehearsal's stand-in does not support {', '.join(no)}: remove it.")
    return found


def _number(name: str, value: Any) -> int | float:
    match = _RANGE.fullmatch(_RANGES[name])
    assert match is not None  # noqa: S101  # the table above
    try:
        number = int(str(value)) if match["kind"] == "int" else float(value)
    except (TypeError, ValueError):
        kind = "an integer" if match["kind"] == "int" else "a number"
        raise UserError(f"Hyperparameter {name}: could not parse {value!r} as {kind}") from None
    low, high = float(match["low"]), float(match["high"] or "inf")
    above = number >= low if match["open"] == "[" else number > low
    below = number <= high if match["close"] == "]" else number < high
    if not (above and below):
        interval = _RANGES[name].partition(" ")[2]
        raise UserError(f"Hyperparameter {name}: value {value} is not in range {interval}")
    return number


def _metrics(found: dict[str, Any], objective: str) -> list[str]:
    """Returns the metrics to print: those of eval_metric and the objective of a tuning job."""
    value = found.get("eval_metric", [])
    listed = value if isinstance(value, list) else str(value).split(",")
    metrics = [str(one).strip() for one in listed]
    tuned = str(found.pop("_tuning_objective_metric", "") or "").rpartition(":")[2]
    for metric in filter(None, [*metrics, tuned]):
        name = metric.partition("@")[0]
        if name in _OF_THE_IMAGE:
            raise UserError(
                f"The rehearsal's stand-in has XGBoost's metrics only, without {name}: choose "
                f"one of {', '.join((*MAXIMIZED, *MINIMIZED))}."
            )
        if name not in (*MAXIMIZED, *MINIMIZED):
            raise UserError(f"Hyperparameter eval_metric: {metric} is not supported")
        if name == "auc" and not objective.startswith(("binary:", "rank:")):
            raise UserError(
                "Metric 'auc' can only be applied for classification and ranking problems."
            )
    return [*dict.fromkeys([*metrics, *filter(None, [tuned])])]
