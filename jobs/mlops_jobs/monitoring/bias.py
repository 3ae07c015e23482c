"""Bias metrics of a group of rows.

Group d is the group of a facet, group a has all other rows. y is the actual favorable label, y' the
predicted one. The metrics are a subset of those of SageMaker Clarify, with their short names.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-data-bias.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-post-training-bias.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Measures = dict[str, float]

PRE_TRAINING = {
    "CI": "class imbalance",
    "DPL": "difference in proportions of labels",
    "JS": "Jensen-Shannon divergence",
    "KL": "Kullback-Leibler divergence",
    "KS": "Kolmogorov-Smirnov",
    "LP": "Lp norm",
    "TVD": "total variation distance",
}
POST_TRAINING = {
    "AD": "accuracy difference",
    "DAR": "difference in acceptance rates",
    "DI": "disparate impact",
    "DPPL": "difference in positive proportions in predicted labels",
    "DRR": "difference in rejection rates",
    "RD": "recall difference",
    "TE": "treatment equality",
}
STAGES = {"pre_training_bias_metrics": PRE_TRAINING, "post_training_bias_metrics": POST_TRAINING}
IDEAL = {"DI": 1.0}  # 0 for all other metrics


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows, with a group among them.

    Args:
        member: for each row, True if it belongs to group d.
        actual: for each row, True if its actual label is favorable.
        predicted: for each row, True if its predicted label is favorable.
    """

    member: Flags
    actual: Flags
    predicted: Flags

    def drawn(self, rows: npt.NDArray[np.intp]) -> "Group":
        """Returns the group among selected rows.

        Args:
            rows: indices of the rows.
        """
        return Group(
            member=self.member[rows], actual=self.actual[rows], predicted=self.predicted[rows]
        )

    def measures(self) -> dict[str, Measures]:
        """Returns all metrics by stage; a metric that is undefined for these rows is NaN."""
        a, d = ~self.member, self.member
        return {
            "pre_training_bias_metrics": _pre_training(a, d, self.actual),
            "post_training_bias_metrics": _post_training(a, d, self.actual, self.predicted),
        }


def distance_from_ideal(name: str, value: float) -> float:
    """Returns the distance of a metric from equal treatment.

    Args:
        name: short name of the metric.
        value: its value.
    """
    return abs(value - IDEAL.get(name, 0.0))


def _pre_training(a: Flags, d: Flags, actual: Flags) -> Measures:
    number_a, number_d = float(a.sum()), float(d.sum())
    share_a, share_d = _share(actual, a), _share(actual, d)
    before, after = (share_a, 1 - share_a), (share_d, 1 - share_d)
    middle = [(one + other) / 2 for one, other in zip(before, after, strict=True)]
    difference = abs(share_a - share_d)
    return {
        "CI": _ratio(number_a - number_d, number_a + number_d),
        "DPL": share_a - share_d,
        "JS": (_divergence(before, middle) + _divergence(after, middle)) / 2,
        "KL": _divergence(before, after),
        "KS": difference,
        "LP": math.sqrt(2) * difference,
        "TVD": difference,
    }


def _post_training(a: Flags, d: Flags, actual: Flags, predicted: Flags) -> Measures:
    positive_a, positive_d = _share(predicted, a), _share(predicted, d)
    correct = actual == predicted
    missed, wrong = actual & ~predicted, ~actual & predicted
    return {
        "AD": _share(correct, a) - _share(correct, d),
        "DAR": _share(actual, a & predicted) - _share(actual, d & predicted),
        "DI": _ratio(positive_d, positive_a),
        "DPPL": positive_a - positive_d,
        "DRR": _share(~actual, d & ~predicted) - _share(~actual, a & ~predicted),
        "RD": _share(predicted, a & actual) - _share(predicted, d & actual),
        "TE": _ratio(float((missed & d).sum()), float((wrong & d).sum()))
        - _ratio(float((missed & a).sum()), float((wrong & a).sum())),
    }


def _share(flags: Flags, of: Flags) -> float:
    return _ratio(float((flags & of).sum()), float(of.sum()))


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.nan


def _divergence(one: Sequence[float], other: Sequence[float]) -> float:
    pairs = zip(one, other, strict=True)
    terms = [p * math.log(p / q) if q else math.inf for p, q in pairs if p > 0]
    return sum(terms) if not any(math.isnan(value) for value in (*one, *other)) else math.nan
