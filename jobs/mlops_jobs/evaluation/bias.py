"""Bias metrics of a group of rows, with the short names of SageMaker Clarify.

Group d is the group of a facet, group a has all other rows. y is the actual favorable label, y' the
predicted one. Where a ratio has no denominator, Clarify reports infinity; the difference of two
infinite ratios is 0.

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
Matrix = npt.NDArray[np.float64]
Measures = dict[str, float]

PRE_TRAINING = {
    "CDDL": "Conditional Demographic Disparity in Labels (CDDL)",
    "CI": "Class Imbalance (CI)",
    "DPL": "Difference in Positive Proportions in Labels (DPL)",
    "JS": "Jensen-Shannon Divergence (JS)",
    "KL": "Kullback-Leibler Divergence (KL)",
    "KS": "Kolmogorov-Smirnov Distance (KS)",
    "LP": "L-p Norm (LP)",
    "TVD": "Total Variation Distance (TVD)",
}
POST_TRAINING = {
    "AD": "Accuracy Difference (AD)",
    "CDDPL": "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
    "DAR": "Difference in Acceptance Rates (DAR)",
    "DCA": "Difference in Conditional Acceptance (DCA)",
    "DCR": "Difference in Conditional Rejection (DCR)",
    "DI": "Disparate Impact (DI)",
    "DPPL": "Difference in Positive Proportions in Predicted Labels (DPPL)",
    "DRR": "Difference in Rejection Rates (DRR)",
    "FT": "Flip Test (FT)",
    "GE": "Generalized Entropy (GE)",
    "RD": "Recall Difference (RD)",
    "SD": "Specificity Difference (SD)",
    "TE": "Treatment Equality (TE)",
}
STAGES = {"pre_training_bias_metrics": PRE_TRAINING, "post_training_bias_metrics": POST_TRAINING}
IDEAL = {"DI": 1.0}  # 0 for all other metrics
NEIGHBORS = 5  # of the flip test
MAX_FLIPPED, MAX_NEIGHBORS = 1000, 5000  # rows of the groups that the flip test compares
MIN_CLASS_ROWS = 10
MIN_ROWS = 20  # on which a metric depends, for a verdict


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Rows that the flip test compares: all rows, or a sample.

    Args:
        member: for each row, True if it belongs to group d.
        predicted: for each row, True if its predicted label is favorable.
        features: a row of comparable numbers for each row.
    """

    member: Flags
    predicted: Flags
    features: Matrix


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows, with a group among them.

    Args:
        member: for each row, True if it belongs to group d.
        actual: for each row, True if its actual label is favorable.
        predicted: for each row, True if its predicted label is favorable.
        strata: for each row, the number of its subgroup, for conditional disparity. Defaults to
            None: conditional disparity is not measured.
        compared: rows of the flip test. Defaults to None: it is not done.
    """

    member: Flags
    actual: Flags
    predicted: Flags
    strata: npt.NDArray[np.intp] | None = None
    compared: Compared | None = None

    def drawn(self, rows: npt.NDArray[np.intp]) -> "Group":
        """Returns the group among selected rows, without the flip test, which takes too long.

        Args:
            rows: indices of the rows.
        """
        return Group(
            member=self.member[rows],
            actual=self.actual[rows],
            predicted=self.predicted[rows],
            strata=None if self.strata is None else self.strata[rows],
        )

    def measures(self) -> dict[str, Measures]:
        """Returns all metrics by stage; a metric that is undefined for these rows is NaN."""
        a, d = ~self.member, self.member
        before = _pre_training(a, d, self.actual)
        after = _post_training(a, d, self.actual, self.predicted)
        if self.strata is not None:
            before["CDDL"] = conditional_disparity(d, self.actual, self.strata)
            after["CDDPL"] = conditional_disparity(d, self.predicted, self.strata)
        if self.compared is not None:
            after["FT"] = flip_test(self.compared)
        return {
            "pre_training_bias_metrics": dict(sorted(before.items())),
            "post_training_bias_metrics": dict(sorted(after.items())),
        }

    def rows_of(self, name: str) -> int:
        """Returns the number of rows on which a metric depends, in the smaller group.

        Args:
            name: short name of the metric.
        """
        if name == "FT" and self.compared is not None:
            members = int(self.compared.member.sum())
            return min(members, len(self.compared.member) - members)
        rows = {
            "DAR": self.predicted,
            "DCA": self.predicted,
            "DCR": ~self.predicted,
            "DI": self.predicted | self.member,
            "DRR": ~self.predicted,
            "RD": self.actual,
            "SD": ~self.actual,
            "TE": self.actual != self.predicted,
        }.get(name, np.ones_like(self.member))
        return min(int((rows & one).sum()) for one in (self.member, ~self.member))

    def supports_infinity(self, name: str) -> bool:
        """Returns True if an infinite metric has more than a few rows in its numerator.

        Args:
            name: short name of the metric.
        """
        missed = self.actual & ~self.predicted
        numerators = {
            "TE": missed,
            "DCA": self.actual,
            "DCR": ~self.actual,
            "DI": self.predicted,
            "KL": self.actual | ~self.actual,
        }
        rows = numerators.get(name, self.actual)
        return all(int((rows & one).sum()) >= MIN_CLASS_ROWS for one in (self.member, ~self.member))


def distance_from_ideal(name: str, value: float) -> float:
    """Returns the distance of a metric from equal treatment.

    Args:
        name: short name of the metric.
        value: its value.
    """
    return abs(value - IDEAL.get(name, 0.0))


def conditional_disparity(d: Flags, accepted: Flags, strata: npt.NDArray[np.intp]) -> float:
    """Returns demographic disparity, averaged over subgroups by their numbers of rows.

    Disparity is the share of group d among rejected rows, less its share among accepted rows.

    Args:
        d: for each row, True if it belongs to group d.
        accepted: for each row, True if its label is favorable.
        strata: for each row, the number of its subgroup.
    """
    total = 0.0
    for one in np.unique(strata):
        inside = strata == one
        rejected_share = _share(d, inside & ~accepted)
        accepted_share = _share(d, inside & accepted)
        # A subgroup without rejected, or without accepted rows has no share there.
        rejected_share = 0.0 if math.isnan(rejected_share) else rejected_share
        accepted_share = 0.0 if math.isnan(accepted_share) else accepted_share
        total += float(inside.sum()) * (rejected_share - accepted_share)
    return total / len(strata) if len(strata) else math.nan


def flip_test(compared: Compared) -> float:
    """Returns the net share of group d whose most similar rows of group a are treated otherwise.

    Args:
        compared: the rows.
    """
    d, predicted, features = compared.member, compared.predicted, compared.features
    members, others = np.flatnonzero(d), np.flatnonzero(~d)
    if not len(members) or len(others) < NEIGHBORS:
        return math.nan
    members = members[:: max(1, -(-len(members) // MAX_FLIPPED))]
    others = others[:: max(1, -(-len(others) // MAX_NEIGHBORS))]
    squares = np.square(features[others]).sum(axis=1)
    distances = squares - 2 * features[members] @ features[others].T
    nearest = np.argpartition(distances, NEIGHBORS - 1, axis=1)[:, :NEIGHBORS]
    similar = predicted[others][nearest].mean(axis=1) > 0.5
    worse = int((similar & ~predicted[members]).sum())
    better = int((~similar & predicted[members]).sum())
    return (worse - better) / len(members)


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
        "DCA": _difference(_odds(actual, predicted, a), _odds(actual, predicted, d)),
        "DCR": _difference(_odds(~actual, ~predicted, d), _odds(~actual, ~predicted, a)),
        "DI": _infinite_ratio(positive_d, positive_a),
        "DPPL": positive_a - positive_d,
        "DRR": _share(~actual, d & ~predicted) - _share(~actual, a & ~predicted),
        "GE": _entropy(actual, predicted),
        "RD": _share(predicted, a & actual) - _share(predicted, d & actual),
        "SD": _share(~predicted, d & ~actual) - _share(~predicted, a & ~actual),
        "TE": _difference(_odds(missed, wrong, d), _odds(missed, wrong, a)),
    }


def _entropy(actual: Flags, predicted: Flags) -> float:
    benefit = 1.0 + predicted.astype(float) - actual.astype(float)
    mean = benefit.mean() if len(benefit) else 0.0
    return float((np.square(benefit / mean) - 1).mean() / 2) if mean else math.nan


def _share(flags: Flags, of: Flags) -> float:
    return _ratio(float((flags & of).sum()), float(of.sum()))


def _odds(top: Flags, bottom: Flags, group: Flags) -> float:
    return _infinite_ratio(float((top & group).sum()), float((bottom & group).sum()))


def _difference(one: float, other: float) -> float:
    return 0.0 if one == other else one - other


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.nan


def _infinite_ratio(top: float, bottom: float) -> float:
    if math.isnan(top) or math.isnan(bottom):
        return math.nan
    return top / bottom if bottom else math.inf


def _divergence(one: Sequence[float], other: Sequence[float]) -> float:
    pairs = zip(one, other, strict=True)
    terms = [p * math.log(p / q) if q else math.inf for p, q in pairs if p > 0]
    return sum(terms) if not any(math.isnan(value) for value in (*one, *other)) else math.nan
