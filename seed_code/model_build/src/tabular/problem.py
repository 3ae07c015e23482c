"""XGBoost's settings for each problem type, and the metrics of model quality."""

from dataclasses import dataclass

from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of model quality.

    Args:
        name: name in `config.yaml` and in the log lines that the tuner reads.
        maximize: True if a larger value is better.
        report_path: path of the value in `evaluation.json`.
    """

    name: str
    maximize: bool
    report_path: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """XGBoost's settings for one kind of target.

    Args:
        objective: learning objective of XGBoost.
        loss: XGBoost metric that decides when training stops; it is smooth, unlike accuracy.
        metrics: metrics that tuning and the quality check support; the first is the default.
    """

    objective: str
    loss: str
    metrics: tuple[Metric, ...]

    def metric(self, name: str) -> Metric:
        """Returns the metric of a name.

        Args:
            name: name of the metric.

        Raises:
            InputError: this kind of target does not have the metric; the message lists its metrics.
        """
        for metric in self.metrics:
            if metric.name == name:
                return metric
        allowed = ", ".join(metric.name for metric in self.metrics)
        raise InputError(f"objective.metric: got {name!r}; allowed: {allowed}")


def _metrics(problem_type: ProblemType, *names: tuple[str, bool, str]) -> tuple[Metric, ...]:
    return tuple(
        Metric(name=name, maximize=maximize, report_path=f"{problem_type.report}.{key}.value")
        for name, maximize, key in names
    )


# Names of groups and values are those of SageMaker Model Monitor's model quality statistics, so
# that a monitor can be compared with the evaluation.
# Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
PROBLEMS = {
    ProblemType.BINARY: Problem(
        objective="binary:logistic",
        loss="logloss",
        metrics=_metrics(
            ProblemType.BINARY,
            ("auc", True, "auc"),
            ("f1", True, "f1"),
            ("accuracy", True, "accuracy"),
            ("logloss", False, "logloss"),
        ),
    ),
    ProblemType.MULTICLASS: Problem(
        objective="multi:softprob",
        loss="mlogloss",
        metrics=_metrics(
            ProblemType.MULTICLASS,
            ("accuracy", True, "accuracy"),
            ("f1", True, "weighted_f1"),
            ("logloss", False, "logloss"),
        ),
    ),
    ProblemType.REGRESSION: Problem(
        objective="reg:squarederror",
        loss="rmse",
        metrics=_metrics(
            ProblemType.REGRESSION,
            ("rmse", False, "rmse"),
            ("mae", False, "mae"),
            ("r2", True, "r2"),
        ),
    ),
}
