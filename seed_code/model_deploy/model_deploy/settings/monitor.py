"""Section `monitor`: monitors of an endpoint or of batch jobs, their alarms, and retraining."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .section import InstanceType, Section

Signal = Literal[
    "data-quality", "prediction-drift", "model-quality", "bias", "attribution", "features"
]
"""Findings that can start a retraining."""

_Count = Field(default=0, ge=0, le=10_000)


class DataQuality(Section):
    """Comparison of requests with the training data: missing values, types, distributions.

    Args:
        max_violations: number of violations in a run, 0 to 10,000, above which the alarm goes off.
            Defaults to 0.
        features: maximum drift from the training data, above 0 to 1, by the name of a feature; each
            has an alarm. Defaults to none.
        instances: number of instances of a run, 1 to 100. Several read the traffic with Spark,
            which the image of the model needs. Defaults to 1.
    """

    max_violations: int = _Count
    instances: int = Field(default=1, ge=1, le=100)
    features: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(default={}, max_length=50)


class PredictionDrift(Section):
    """Comparison of predictions with those for held-out rows; a part of the data quality runs.

    Args:
        max_drift: maximum drift, above 0 to 1. Defaults to 0.1.
    """

    max_drift: float = Field(default=0.1, gt=0, le=1)


class _Labeled(Section):
    ground_truth: str = Field(default="ground-truth", pattern=r"^ground-truth(/[\w.-]+)*$")
    delay_hours: int = Field(default=0, ge=0, le=720)
    max_violations: int = _Count


class ModelQuality(_Labeled):
    """Comparison of predictions with actual labels, and of their quality with the evaluation.

    Args:
        ground_truth: prefix of the labels in the bucket of the stage, `ground-truth` or below.
            Defaults to `ground-truth`.
        delay_hours: hours, 0 to 720, until labels arrive; a run analyzes traffic that is older by
            this time. Defaults to 0.
        max_violations: number of violations in a run, 0 to 10,000, above which the alarm goes off.
            Defaults to 0.
    """


class Bias(_Labeled):
    """Comparison of bias between groups with that of the evaluation.

    The training configuration names the groups (`bias` in config.yaml of model-build).

    Args:
        ground_truth: as for `model_quality`. Defaults to `ground-truth`.
        delay_hours: as for `model_quality`. Defaults to 0.
        max_violations: as for `model_quality`. Defaults to 0.
    """


class Attribution(Section):
    """Comparison of the features' contributions to predictions with those of the evaluation.

    Args:
        max_violations: number of violations in a run, 0 to 10,000, above which the alarm goes off.
            Defaults to 0.
    """

    max_violations: int = _Count


class Retrain(Section):
    """Retraining after an alarm, within the limits that the platform sets for the project.

    Args:
        on: findings that start a retraining. Defaults to None: a worse quality of predictions where
            `model_quality` is configured; otherwise drift of predictions and of the configured
            features. Drift of other features alone starts none: it may do no harm.
        cooldown_days: days, 0 to 365, between two trainings; the limit of the project applies if it
            is higher. Defaults to None: that of the project.
        max_runs_per_month: maximum number of retrainings in 30 days, 1 to 100; the limit of the
            project applies if it is lower. Defaults to None: that of the project.
    """

    on: list[Signal] | None = Field(default=None, min_length=1)
    cooldown_days: int | None = Field(default=None, ge=0, le=365)
    max_runs_per_month: int | None = Field(default=None, ge=1, le=100)


class Monitor(Section):
    """Monitors of an endpoint; each compares captured traffic with the model's own baseline.

    Args:
        engine: `drift-monitor`, or `model-monitor` for accounts that still have SageMaker Model
            Monitor, which AWS closed to new customers. Defaults to `drift-monitor`.
        frequency: `hourly` or `daily`. Defaults to None: that of the project.
        at_hour: hour of daily runs in UTC, 0 to 23. Defaults to 3.
        instance_type: instance type of the runs. Defaults to `ml.m5.large`.
        data_quality: monitor of requests. Defaults to `DataQuality()`.
        prediction_drift: alarm on predictions; needs `data_quality`. Defaults to
            `PredictionDrift()`.
        model_quality: monitor of predictions with labels. Defaults to None: no labels come.
        bias: monitor of bias with labels. Defaults to None: none.
        attribution: monitor of the features' contributions. Defaults to None: none.
        dashboard: True for a dashboard of the endpoint and its monitors. Defaults to True.
        retrain: retraining after an alarm. Defaults to `Retrain()`; `null` only notifies.
    """

    PREFIX: ClassVar[str] = "monitoring"  # the prefix to which the role of the runs can write

    engine: Literal["drift-monitor", "model-monitor"] = "drift-monitor"
    frequency: Literal["hourly", "daily"] | None = None
    at_hour: int = Field(default=3, ge=0, le=23)
    instance_type: InstanceType = "ml.m5.large"
    data_quality: DataQuality | None = DataQuality()
    prediction_drift: PredictionDrift | None = PredictionDrift()
    model_quality: ModelQuality | None = None
    bias: Bias | None = None
    attribution: Attribution | None = None
    dashboard: bool = True
    retrain: Retrain | None = Retrain()

    @property
    def retraining_signals(self) -> list[Signal]:
        """Findings that start a retraining."""
        return _retraining_signals(self)

    def problems(self) -> list[str]:
        """Returns one message for each key that contradicts another one."""
        return _problems(self)


class BatchMonitor(Section):
    """The monitor of batch jobs: it compares the files that they read and wrote with a baseline.

    A run reads the jobs that started since the run before it. A job that has not ended by then is
    not read: its manifests are written at its end.

    Args:
        engine: as for endpoints; `model-monitor` compares neither predictions nor labels. Defaults
            to `drift-monitor`.
        every_hours: hours from one run to the next: 1, 2, 3, 4, 6, 8, 12 or 24. Defaults to None:
            those of the jobs' schedule where it starts them at equal distances through the day,
            otherwise 24.
        at_hour: hour of one of the runs in UTC, 0 to 23, after the end of the jobs. Defaults to
            None: 4 hours after the hour in which jobs start, or `every_hours` if they are fewer;
            7 for a schedule such as `rate(1 day)`, which names no hour.
        instance_type: instance type of the runs. Defaults to `ml.m5.large`.
        data_quality: monitor of the input files. Defaults to `DataQuality()`.
        prediction_drift: alarm on predictions; needs `data_quality`. Defaults to
            `PredictionDrift()`.
        model_quality: monitor of predictions with labels; jobs add an id to each prediction, to
            which its label refers. Defaults to None: no labels come.
        bias: monitor of bias with labels, which refer to the same ids. Defaults to None: none.
        retrain: retraining after an alarm. Defaults to `Retrain()`; `null` only notifies.
    """

    PREFIX: ClassVar[str] = Monitor.PREFIX
    # Attribution needs requests to an endpoint, a dashboard the endpoint itself.
    attribution: ClassVar[None] = None
    dashboard: ClassVar[bool] = False

    engine: Literal["drift-monitor", "model-monitor"] = "drift-monitor"
    every_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24] | None = None
    at_hour: int | None = Field(default=None, ge=0, le=23)
    instance_type: InstanceType = "ml.m5.large"
    data_quality: DataQuality | None = DataQuality()
    prediction_drift: PredictionDrift | None = PredictionDrift()
    model_quality: ModelQuality | None = None
    bias: Bias | None = None
    retrain: Retrain | None = Retrain()

    @property
    def reads_labels(self) -> bool:
        """True if a monitor compares predictions with labels, which refer to their ids."""
        return self.model_quality is not None or self.bias is not None

    @property
    def retraining_signals(self) -> list[Signal]:
        """Findings that start a retraining."""
        return _retraining_signals(self)

    def problems(self) -> list[str]:
        """Returns one message for each key that contradicts another one."""
        found = _problems(self)
        if self.engine != "model-monitor":
            return found
        if self.prediction_drift is not None:
            found.append(
                "monitor.prediction_drift: not supported for batch jobs by the engine "
                "model-monitor, which reads their input only; use drift-monitor, or set "
                "prediction_drift: null"
            )
        found += [
            f"monitor.{key}: not supported for batch jobs by the engine model-monitor: AWS does "
            "not document the files in which it gives labels of batch jobs to a custom image; use "
            f"drift-monitor, or remove {key}"
            for key, given in (("model_quality", self.model_quality), ("bias", self.bias))
            if given is not None
        ]
        return found


def _retraining_signals(monitor: Monitor | BatchMonitor) -> list[Signal]:
    if monitor.retrain is None:
        return []
    if monitor.retrain.on is not None:
        return monitor.retrain.on
    if monitor.model_quality is not None:
        return ["model-quality"]
    return ["prediction-drift", "features"]


def _problems(monitor: Monitor | BatchMonitor) -> list[str]:
    found = []
    watched: dict[Signal, object] = {
        "data-quality": monitor.data_quality,
        "prediction-drift": monitor.prediction_drift,
        "model-quality": monitor.model_quality,
        "bias": monitor.bias,
        "attribution": monitor.attribution,
        "features": monitor.data_quality and (monitor.data_quality.features or None),
    }
    if monitor.prediction_drift is not None and monitor.data_quality is None:
        found.append(
            "monitor.prediction_drift: got it without data_quality, whose runs measure it; "
            "add data_quality, or set prediction_drift: null"
        )
    if not any(one is not None for one in watched.values()):
        found.append("monitor: got no monitor; add one, such as data_quality")
    given = monitor.retrain.on if monitor.retrain is not None else None
    for signal in given or []:
        if watched[signal] is None:
            found.append(
                f"monitor.retrain.on: got {signal}, which is not monitored; configure it, or "
                "remove it here"
            )
    return found
