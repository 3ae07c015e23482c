"""Metrics of forecasts."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.failure import InputError

Numbers = npt.NDArray[np.floating[Any]]
GROUP = "forecast_metrics"
BASELINE = "seasonal_naive"
FORECAST, LOWER, UPPER, SCALE = range(4)
"""Columns of the predictions from which the metrics are computed."""


def forecast_report(actual: Numbers, predictions: Numbers) -> dict[str, Any]:
    """Returns the metrics of forecasts.

    Args:
        actual: actual values.
        predictions: matrix with the columns `FORECAST`, `LOWER` and `UPPER` end of the interval,
            and `SCALE`, the error of the seasonal naive forecast of the training periods. Rows
            whose scale is NaN are of a constant series and do not count for `mase`.

    Returns:
        `mase`, the mean absolute scaled error: below 1 is better than the seasonal naive forecast
        was in the training periods; `smape`, from 0 to 2, where two zeros are equal; `wape`, the
        sum of absolute errors in shares of the sum of absolute values; `coverage`, the share of
        values in the interval; `interval_width`, in units of the scale; `bias`, the mean error
        (forecast less value), in units of the scale.

    Source:
        Hyndman and Athanasopoulos, Forecasting: Principles and Practice, section 5.8
    """
    forecast, scale = predictions[:, FORECAST], predictions[:, SCALE]
    error = np.abs(forecast - actual)
    size = np.abs(forecast) + np.abs(actual)
    scaled = ~np.isnan(scale)
    total = float(np.abs(actual).sum())
    inside = (actual >= predictions[:, LOWER]) & (actual <= predictions[:, UPPER])
    width = predictions[:, UPPER] - predictions[:, LOWER]
    return {
        "mase": _value(_mean((error / scale)[scaled])),
        "smape": _value(np.mean(np.where(size > 0, 2 * error / np.where(size > 0, size, 1), 0))),
        "wape": _value(error.sum() / (total or 1.0)),
        "coverage": _value(inside.mean()),
        "interval_width": _value(_mean((width / scale)[scaled])),
        "bias": _value(_mean(((forecast - actual) / scale)[scaled])),
    }


def _mean(values: Numbers) -> float:
    return float(values.mean()) if len(values) else math.nan


def _value(value: float | np.floating[Any]) -> dict[str, Any]:
    return {"value": float(value), "standard_deviation": "NaN"}


METRICS = tuple(
    Metric(
        name=name,
        maximize=False,
        group=GROUP,
        key=name,
        report=lambda _labels, actual, forecast, _decision: forecast_report(actual, forecast),
        low=0.0,
        high=2.0 if name == "smape" else math.inf,
        baseline=BASELINE,
    )
    for name in ("mase", "smape", "wape")
)


def forecast_metric(name: str | None) -> Metric:
    """Returns the metric of a name.

    Args:
        name: name of the metric; None is mase.

    Raises:
        InputError: forecasts do not have the metric.
    """
    for metric in METRICS:
        if name in (None, metric.name):
            return metric
    allowed = ", ".join(metric.name for metric in METRICS)
    raise InputError(f"objective.metric: got {name!r}; allowed: {allowed}")
