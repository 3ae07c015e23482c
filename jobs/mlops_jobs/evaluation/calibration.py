"""Calibration: whether predicted probabilities are the shares that are observed.

Source:
    Brier, "Verification of forecasts expressed in terms of probability", 1950; Naeini, Cooper and
    Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.evaluation.interval import share_interval
from mlops_jobs.evaluation.scored import Scored
from mlops_jobs.problem_type import ProblemType

BINS = 10
Numbers = npt.NDArray[np.float64]


def calibration(scored: Scored) -> dict[str, Any]:
    """Returns the reliability table of all rows, and errors that summarize it.

    The rows are sorted by their prediction and divided into ten bins of equal size. A binary model
    is measured by the probability of its positive label, a multiclass model by that of the
    predicted label, a regression by its values.

    Args:
        scored: the rows.
    """
    if scored.problem_type is ProblemType.REGRESSION:
        return {"of": "predicted values", "bins": _value_bins(scored.predictions, scored.actual)}
    if scored.problem_type is ProblemType.BINARY:
        probability, hit = scored.predictions[:, 1], scored.actual == 1
        of = f"probability of {scored.labels[1]}"
    else:
        probability = scored.predictions.max(axis=1)
        hit = scored.predicted == scored.actual
        of = "probability of the predicted label"
    bins = [
        {
            "predicted": float(probability[rows].mean()),
            "observed": float(hit[rows].mean()),
            "rows": len(rows),
            **share_interval(int(hit[rows].sum()), len(rows)).to_json(),
        }
        for rows in _bins(probability)
    ]
    errors = [bin_["rows"] * abs(bin_["predicted"] - bin_["observed"]) for bin_ in bins]
    return {
        "of": of,
        "brier_score": _brier(scored),
        "expected_calibration_error": float(sum(errors) / scored.rows),
        "bins": bins,
    }


def _bins(values: Numbers) -> list[npt.NDArray[np.intp]]:
    order = np.argsort(values, kind="stable")
    return [rows for rows in np.array_split(order, min(BINS, len(values))) if len(rows)]


def _value_bins(predicted: Numbers, actual: Numbers) -> list[dict[str, Any]]:
    found = []
    for rows in _bins(predicted):
        mean = float(actual[rows].mean())
        half = 1.959964 * float(actual[rows].std()) / len(rows) ** 0.5
        found.append(
            {
                "predicted": float(predicted[rows].mean()),
                "observed": mean,
                "rows": len(rows),
                "low": mean - half,
                "high": mean + half,
            }
        )
    return found


def _brier(scored: Scored) -> float:
    """Returns the mean squared error of the probabilities; of two labels, that of the positive."""
    if scored.problem_type is ProblemType.BINARY:
        return float(np.mean((scored.predictions[:, 1] - scored.actual) ** 2))
    truth = np.eye(len(scored.labels))[scored.actual.astype(np.intp)]
    return float(np.mean(((scored.predictions - truth) ** 2).sum(axis=1)))
