"""Bias: does the model treat a group of people differently than it did?

Group d is the one that a facet names, a are all others. y is the favourable label that was right,
y' the one that was answered. The measures are a part of those of SageMaker Clarify, by their short
names:
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
IDEAL = {"DI": 1.0}  # of all others it is 0


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows and a group among them.

    Args:
        member: whether a row belongs to group d.
        actual: whether the favourable label was right.
        answered: whether it was answered.
    """

    member: Flags
    actual: Flags
    answered: Flags

    def drawn(self, rows: npt.NDArray[np.intp]) -> "Group":
        """The same of some rows."""
        return Group(
            member=self.member[rows], actual=self.actual[rows], answered=self.answered[rows]
        )

    def measures(self) -> dict[str, Measures]:
        """All measures by stage; one that does not exist for these rows is NaN."""
        a, d = ~self.member, self.member
        return {
            "pre_training_bias_metrics": _pre_training(a, d, self.actual),
            "post_training_bias_metrics": _post_training(a, d, self.actual, self.answered),
        }


def distance_from_ideal(name: str, value: float) -> float:
    """How far a measure is from equal treatment."""
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


def _post_training(a: Flags, d: Flags, actual: Flags, answered: Flags) -> Measures:
    positive_a, positive_d = _share(answered, a), _share(answered, d)
    correct = actual == answered
    missed, wrong = actual & ~answered, ~actual & answered
    return {
        "AD": _share(correct, a) - _share(correct, d),
        "DAR": _share(actual, a & answered) - _share(actual, d & answered),
        "DI": _ratio(positive_d, positive_a),
        "DPPL": positive_a - positive_d,
        "DRR": _share(~actual, d & ~answered) - _share(~actual, a & ~answered),
        "RD": _share(answered, a & actual) - _share(answered, d & actual),
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
