"""Problem types of the target column, and the order of its labels."""

from collections.abc import Sequence
from enum import StrEnum


class ProblemType(StrEnum):
    """Kinds of target."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"

    @property
    def report(self) -> str:
        """Group of the metrics in `evaluation.json` and in the statistics of Model Monitor.

        Source:
            https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
        """
        return _REPORTS[self]


_REPORTS = {
    ProblemType.BINARY: "binary_classification_metrics",
    ProblemType.MULTICLASS: "multiclass_classification_metrics",
    ProblemType.REGRESSION: "regression_metrics",
}


def in_order(labels: Sequence[str]) -> list[str]:
    """Returns labels in the order of their classes: numerically if possible, else alphabetically.

    Args:
        labels: the labels.
    """
    try:
        return sorted(labels, key=float)
    except ValueError:
        return sorted(labels)
