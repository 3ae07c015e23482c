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
        if self.retrain is None:
            return []
        if self.retrain.on is not None:
            return self.retrain.on
        if self.model_quality is not None:
            return ["model-quality"]
        return ["prediction-drift", "features"]

    def problems(self) -> list[str]:
        """Returns one message for each key that contradicts another one."""
        return _problems(self)


class BatchMonitor(Section):
    """The monitor of batch jobs: it compares the files that they read and wrote with a baseline.

    It runs daily and reads the jobs that started in the 24 hours before `at_hour`. A job that has
    not ended by then is not read: its manifests are written at its end.

    Args:
        engine: as for endpoints; `model-monitor` does not compare predictions. Defaults to
            `drift-monitor`.
        at_hour: hour of the runs in UTC, 0 to 23, after the end of the jobs. Defaults to 7.
        instance_type: instance type of the runs. Defaults to `ml.m5.large`.
        data_quality: monitor of the input files. Defaults to `DataQuality()`.
        prediction_drift: alarm on predictions; needs `data_quality`. Defaults to
            `PredictionDrift()`.
        retrain: retraining after an alarm. Defaults to `Retrain()`; `null` only notifies.
    """

    PREFIX: ClassVar[str] = Monitor.PREFIX
    # A job's manifest is in the hour of its start and written at its end, so that hourly runs miss
    # jobs; labels need ids that would change the output; a dashboard needs an endpoint.
    frequency: ClassVar[Literal["daily"]] = "daily"
    model_quality: ClassVar[None] = None
    bias: ClassVar[None] = None
    attribution: ClassVar[None] = None
    dashboard: ClassVar[bool] = False

    engine: Literal["drift-monitor", "model-monitor"] = "drift-monitor"
    at_hour: int = Field(default=7, ge=0, le=23)
    instance_type: InstanceType = "ml.m5.large"
    data_quality: DataQuality | None = DataQuality()
    prediction_drift: PredictionDrift | None = PredictionDrift()
    retrain: Retrain | None = Retrain()

    @property
    def retraining_signals(self) -> list[Signal]:
        """Findings that start a retraining."""
        if self.retrain is None:
            return []
        return self.retrain.on or ["prediction-drift", "features"]

    def problems(self) -> list[str]:
        """Returns one message for each key that contradicts another one."""
        found = _problems(self)
        if self.engine == "model-monitor" and self.prediction_drift is not None:
            found.append(
                "monitor.prediction_drift: not supported for batch jobs by the engine "
                "model-monitor, which reads their input only; use drift-monitor, or set "
                "prediction_drift: null"
            )
        return found


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
