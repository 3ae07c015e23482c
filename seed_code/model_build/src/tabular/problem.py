"""What kind of question the target column asks, and how an answer to it is measured."""

from dataclasses import dataclass
from enum import StrEnum

from tabular.failure import InputError


class ProblemType(StrEnum):
    """The kinds of target that the project can learn."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A measure of quality.

    Args:
        name: the word used in `config.yaml` and in the lines that the tuner reads.
        maximize: whether more is better.
        report_path: where `evaluation.json` holds its value.
    """

    name: str
    maximize: bool
    report_path: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """How XGBoost learns one kind of target.

    Args:
        objective: XGBoost's learning objective.
        loss: the XGBoost metric that decides when training stops: it is smooth, unlike accuracy.
        report: the group of `evaluation.json`, in the words of SageMaker Model Monitor.
        metrics: what the project may be tuned for and judged by; the first is the default.
    """

    objective: str
    loss: str
    report: str
    metrics: tuple[Metric, ...]

    def metric(self, name: str) -> Metric:
        """The metric of that name.

        Raises:
            InputError: if this kind of problem does not have it; the message lists what it has.
        """
        for metric in self.metrics:
            if metric.name == name:
                return metric
        allowed = ", ".join(metric.name for metric in self.metrics)
        raise InputError(f"got metric {name!r}; allowed: {allowed}")


def _metrics(report: str, *names: tuple[str, bool, str]) -> tuple[Metric, ...]:
    return tuple(
        Metric(name=name, maximize=maximize, report_path=f"{report}.{key}.value")
        for name, maximize, key in names
    )


# Names of groups and values follow SageMaker Model Monitor's model-quality statistics, so that a
# monitor can be compared with the evaluation:
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
PROBLEMS = {
    ProblemType.BINARY: Problem(
        objective="binary:logistic",
        loss="logloss",
        report="binary_classification_metrics",
        metrics=_metrics(
            "binary_classification_metrics",
            ("auc", True, "auc"),
            ("f1", True, "f1"),
            ("accuracy", True, "accuracy"),
            ("logloss", False, "logloss"),
        ),
    ),
    ProblemType.MULTICLASS: Problem(
        objective="multi:softprob",
        loss="mlogloss",
        report="multiclass_classification_metrics",
        metrics=_metrics(
            "multiclass_classification_metrics",
            ("accuracy", True, "accuracy"),
            ("f1", True, "weighted_f1"),
            ("logloss", False, "logloss"),
        ),
    ),
    ProblemType.REGRESSION: Problem(
        objective="reg:squarederror",
        loss="rmse",
        report="regression_metrics",
        metrics=_metrics(
            "regression_metrics",
            ("rmse", False, "rmse"),
            ("mae", False, "mae"),
            ("r2", True, "r2"),
        ),
    ),
}
