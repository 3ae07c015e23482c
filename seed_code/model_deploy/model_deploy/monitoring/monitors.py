"""Monitors and alarms of a stage, and the dashboard of its endpoint."""

import hashlib
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct
from mlops_constructs.hosting import Endpoint, EndpointBase
from mlops_constructs.monitoring import (
    AlarmAction,
    Baseline,
    DatasetFormat,
    DriftMonitor,
    EndpointDashboard,
    GroundTruth,
    MetricAlarms,
    MetricThresholds,
    ModelMonitor,
    MonitoringFrequency,
    MonitoringImage,
    MonitoringInput,
    MonitoringJob,
    MonitoringNetwork,
    MonitoringOutput,
    MonitoringType,
    MonitorWidget,
    RunSchedule,
)
from mlops_constructs.validation import acknowledge, in_security_packs

from model_deploy import settings
from model_deploy.kinds.batch import CAPTURE, INPUT, PREDICTIONS
from model_deploy.kinds.stage_resources import StageResources
from model_deploy.settings.monitor import Signal

from .monitored_package import MonitoredPackage
from .monitoring_roles import MonitoringRoles

_BY_EVENT = "CloudWatch sends each state change to EventBridge, where a rule of the project acts"
HARM, WARNING = "Harm", "Warning"
"""Severities: alarms that start a retraining, and the others."""

_MAX_NAME, _MAX_SCHEDULE_NAME = 26, 64
_KINDS = {
    "data-quality": "data",
    "model-quality": "quality",
    "bias": "bias",
    "attribution": "attribution",
}
_WITHOUT_NETWORK = cdk.Acknowledgment(
    id="SageMakerChecks::JobNetwork",
    reason="the project has no network; runs read from S3 and publish metrics, so they need access",
)
Monitors = dict[str, DriftMonitor | ModelMonitor]


class StageMonitors(Construct):
    """Defines the monitors of an endpoint, or of batch jobs, with the baselines of its model.

    The schedules are named `<project>-<stage>-data`, `-quality`, `-bias` and `-attribution`, the
    alarms `<project>-<stage>-drift-<finding>-harm` or `-warning`. Alarms on harm are children of
    the alarm `<project>-<stage>-drift-retrain`, which starts the retraining of the project. A
    monitor whose baseline the package does not have is not defined; `missing` has the reason.

    Args:
        resources: resources of the stage.
        endpoint: the endpoint; None for batch jobs.
        stage: settings of the stage, which have `monitor` and, for an endpoint, `capture`.
        roles: roles and queue of the monitors.
        package: the model package that the stage deploys.

    Attributes:
        missing: one message for each monitor that the package has no baseline for.

    Raises:
        ValueError: settings contradict each other, or a name is too long.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: StageResources,
        endpoint: Endpoint | None,
        stage: settings.RealTime | settings.Batch,
        roles: MonitoringRoles,
        package: MonitoredPackage,
    ) -> None:
        super().__init__(scope, construct_id)
        is_captured = isinstance(stage, settings.Batch) or stage.capture is not None
        if stage.monitor is None or not is_captured:
            raise ValueError("monitor: got no capture, whose data it reads; add the key capture")
        self._settings: settings.Monitor | settings.BatchMonitor = stage.monitor
        self._stage = stage
        self._resources, self._endpoint = resources, endpoint
        self._roles, self._package = roles, package
        if self._is_model_monitor and not self._is_only_variant:
            raise ValueError(
                "monitor.engine: got model-monitor beside second_variant or shadow, whose traffic "
                "it does not separate; use drift-monitor"
            )
        self._buckets: dict[str, s3.IBucket] = {}
        types = dict(self._types())
        lacks = {name: one for name in types if (one := self._lacks(name)) is not None}
        self.missing = [
            f"{name}: the model package has no {one} for it; the next training brings one"
            for name, one in lacks.items()
        ]
        self._monitors: Monitors = {
            name: self._monitor(name, kind) for name, kind in types.items() if name not in lacks
        }
        if not self._monitors:
            return
        if resources.network is None:
            for monitor in self._monitors.values():
                cdk.Validations.of(monitor).acknowledge(_WITHOUT_NETWORK)
        alarms = self._alarms()
        acknowledge(self, in_security_packs("CloudWatchAlarmAction", _BY_EVENT))
        if endpoint is not None and self._settings.dashboard:
            EndpointDashboard(
                self,
                "Dashboard",
                endpoint=endpoint,
                alarms=[alarms],
                monitor_widgets=list(self._widgets()),
                dashboard_name=f"{resources.name}-drift",
            )

    def _types(self) -> Iterator[tuple[str, MonitoringType]]:
        given, bucket = self._settings, self._resources.bucket
        if given.data_quality is not None:
            yield "data-quality", MonitoringType.data_quality()
        if given.model_quality is not None:
            yield (
                "model-quality",
                MonitoringType.model_quality(
                    problem_type=self._package.problem_type or "BinaryClassification",
                    ground_truth=_labels(bucket, given.model_quality),
                ),
            )
        if given.bias is not None:
            _, config = self._package.baselines.get("bias", ["s3://none/none"] * 2)
            yield (
                "bias",
                MonitoringType.model_bias(
                    ground_truth=_labels(bucket, given.bias),
                    analysis_config_bucket=self._bucket_of(config),
                    analysis_config_key=_key_of(config),
                ),
            )
        if given.attribution is not None:
            archive = self._package.model_data
            clarify_config = self._package.attribution_config if self._is_model_monitor else None
            yield (
                "attribution",
                MonitoringType.model_explainability(
                    analysis_config_bucket=self._bucket_of(clarify_config)
                    if clarify_config
                    else None,
                    analysis_config_key=_key_of(clarify_config) if clarify_config else None,
                    model_data_bucket=self._bucket_of(archive),
                    model_data_key=_key_of(archive),
                ),
            )

    def _lacks(self, name: str) -> str | None:
        """Returns what the package has not, of the files that a monitor needs."""
        if name not in self._package.baselines:
            return "baseline"
        is_configured = self._package.attribution_config is not None
        if name == "attribution" and self._is_model_monitor and not is_configured:
            return "analysis configuration"
        return None

    @property
    def _is_model_monitor(self) -> bool:
        return self._settings.engine == "model-monitor"

    @property
    def _is_only_variant(self) -> bool:
        stage = self._stage
        if isinstance(stage, settings.Batch):
            return True
        return stage.second_variant is None and stage.shadow is None

    def _monitor(self, name: str, kind: MonitoringType) -> DriftMonitor | ModelMonitor:
        given, resources = self._settings, self._resources
        own_name = f"{resources.name}-{_KINDS[name]}"
        constraints, *others = self._package.baselines[name]
        statistics = others[0] if others and name != "bias" else None
        construct_id = "".join(word.title() for word in name.split("-"))
        common: dict[str, Any] = {
            "monitoring_type": kind,
            "monitoring_output": MonitoringOutput.to_bucket(
                resources.bucket, prefix=given.PREFIX, encryption_key=resources.key
            ),
            "baseline": Baseline.from_files(
                self._bucket_of(constraints),
                constraints_key=_key_of(constraints),
                statistics_key=_key_of(statistics) if statistics is not None else None,
            ),
            "image": self._image,
            "frequency": self._frequency,
            "job": MonitoringJob(
                instance_type=given.instance_type,
                instance_count=given.data_quality.instances
                if name == "data-quality" and given.data_quality is not None
                else 1,
                role=self._role,
                network=self._network,
            ),
        }
        if self._is_model_monitor:
            if len(own_name) > _MAX_NAME:
                raise ValueError(
                    f"monitor.engine: got model-monitor, and the name {own_name!r} of a monitor "
                    f"with {len(own_name)} characters; allowed are {_MAX_NAME}; use drift-monitor, "
                    "or a shorter name of the project or the stage"
                )
            return ModelMonitor(
                self,
                construct_id,
                **common,
                monitoring_input=self._traffic(name),
                monitor_name=own_name,
            )
        if len(own_name) > _MAX_SCHEDULE_NAME:
            raise ValueError(
                f"monitor: got the name {own_name!r} of a schedule with {len(own_name)} "
                f"characters; allowed are {_MAX_SCHEDULE_NAME}; shorten the name of the project or "
                "the stage"
            )
        return DriftMonitor(
            self,
            construct_id,
            **common,
            monitoring_input=self._traffic(name),
            monitor_name=_shortened(own_name),
            schedule=RunSchedule(
                role=self._starter,
                dead_letter_queue=self._queue,
                name=own_name,
                tags={
                    "sagemaker:project-name": resources.project.name,
                    "sagemaker:project-id": resources.project.id,
                },
            ),
        )

    def _alarms(self) -> MetricAlarms:
        signals, name = self._settings.retraining_signals, self._resources.name
        thresholds = list(self._thresholds(signals))
        harmful = any(HARM in one.thresholds for one in thresholds)
        for kind, monitor in self._monitors.items():
            monitor.silence_alarm("Silent", alarm_name=f"{name}-silent-{_KINDS[kind]}")
        return MetricAlarms(
            self,
            "Alarms",
            thresholds=thresholds,
            actions={HARM: [AlarmAction.combine(self._retrain_alarm)]} if harmful else None,
            alarm_name_prefix=f"{name}-drift",
        )

    @property
    def _retrain_alarm(self) -> str:
        """Name of the alarm that starts a retraining; it carries tighter limits."""
        name, retrain = f"{self._resources.name}-drift-retrain", self._settings.retrain
        if retrain is None or retrain.cooldown_days is retrain.max_runs_per_month is None:
            return name
        # The limits of the project apply where they are tighter.
        return f"{name}-{retrain.cooldown_days or 0}d-{retrain.max_runs_per_month or 9999}"

    def _thresholds(self, signals: list[Signal]) -> Iterator[MetricThresholds]:
        def above(
            signal: Signal, name: str, metric: cdk.aws_cloudwatch.IMetric, limit: float, text: str
        ) -> MetricThresholds:
            severity = HARM if signal in signals else WARNING
            return MetricThresholds.above(name, metric, {severity: limit}, description=text)

        given = self._settings
        texts: dict[Signal, str] = {
            "data-quality": "requests differ from the training data",
            "model-quality": "predictions are worse than in the evaluation",
            "bias": "groups are treated differently than in the evaluation",
            "attribution": "predictions depend on other features than in the evaluation",
        }
        limits = {
            "data-quality": given.data_quality,
            "model-quality": given.model_quality,
            "bias": given.bias,
            "attribution": given.attribution,
        }
        for signal, text in texts.items():
            monitor, limit = self._monitors.get(signal), limits[signal]
            if monitor is not None and limit is not None:
                metric = monitor.metric_violations()
                yield above(signal, signal, metric, limit.max_violations, text)
        data = self._monitors.get("data-quality")
        if data is None or given.data_quality is None:
            return
        if given.prediction_drift is not None:
            yield above(
                "prediction-drift",
                "prediction-drift",
                data.metric_greatest_prediction_drift(),
                given.prediction_drift.max_drift,
                "predictions have drifted",
            )
        for feature, drift in given.data_quality.features.items():
            name = f"feature-{_slug(feature)}"
            yield above(
                "features", name, data.metric_drift(feature), drift, f"{feature} has drifted"
            )

    def _widgets(self) -> Iterator[MonitorWidget]:
        yield MonitorWidget(
            title="Violations of the baselines",
            metrics=[one.metric_violations(label=name) for name, one in self._monitors.items()],
        )
        data = self._monitors.get("data-quality")
        if data is not None:
            yield MonitorWidget(
                title="Greatest drift",
                metrics=[
                    data.metric_greatest_drift(label="features"),
                    data.metric_greatest_prediction_drift(label="predictions"),
                ],
                threshold=self._settings.prediction_drift.max_drift
                if self._settings.prediction_drift is not None
                else None,
            )

    def _traffic(self, name: str) -> MonitoringInput:
        """Returns the input of a monitor by its name, such as `data-quality`."""
        bucket, stage = self._resources.bucket, self._stage
        if isinstance(stage, settings.Batch):
            folder = self._resources.stage
            lines = stage.content_type == "application/jsonlines"
            is_compared = name != "data-quality" or self._settings.prediction_drift is not None
            return MonitoringInput.from_batch_transform(
                bucket,
                prefix=f"{CAPTURE}/{folder}",
                dataset_format=DatasetFormat.json_lines() if lines else None,
                input_prefix=f"{INPUT}/{folder}",
                output_prefix=f"{PREDICTIONS}/{folder}" if is_compared else None,
            )
        return MonitoringInput.from_endpoint(
            self._named,
            capture_bucket=bucket,
            capture_prefix=settings.Capture.prefix,
            variant_name=None
            if self._is_only_variant or self._endpoint is None
            else self._endpoint.variant_name,
        )

    @cached_property
    def _named(self) -> EndpointBase:
        """The endpoint by its name: the check of templates requires literal requests."""
        return Endpoint.from_endpoint_name(self, "Endpoint", self._resources.name)

    @cached_property
    def _frequency(self) -> MonitoringFrequency:
        stage = self._stage
        if isinstance(stage, settings.Batch):
            hours, first_hour = stage.monitor_hours
            return MonitoringFrequency.every(hours=hours, first_hour=first_hour)
        given = stage.monitor or settings.Monitor()
        if (given.frequency or self._roles.frequency) == "hourly":
            return MonitoringFrequency.hourly()
        return MonitoringFrequency.daily(at_hour=given.at_hour)

    @cached_property
    def _image(self) -> MonitoringImage:
        """The image of the model, which has the program of the monitors."""
        registry, _, path = self._package.image.partition("/")
        account, _, _, region, *_ = registry.split(".")
        name, separator, digest = path.partition("@")
        if not separator:
            name, _, digest = path.partition(":")
        repository = ecr.Repository.from_repository_attributes(
            self,
            "Images",
            repository_arn=f"arn:{cdk.Aws.PARTITION}:ecr:{region}:{account}:repository/{name}",
            repository_name=name,
        )
        return MonitoringImage.from_ecr_repository(repository, tag_or_digest=digest)

    @cached_property
    def _role(self) -> iam.IRole:
        return iam.Role.from_role_arn(self, "RunRole", self._roles.role_arn, mutable=False)

    @cached_property
    def _starter(self) -> iam.IRole:
        arn = self._roles.starter_role_arn
        return iam.Role.from_role_arn(self, "StarterRole", arn, mutable=False)

    @cached_property
    def _queue(self) -> sqs.IQueue:
        return sqs.Queue.from_queue_arn(self, "NotStarted", self._roles.queue_arn)

    @cached_property
    def _network(self) -> MonitoringNetwork:
        network = self._resources.network
        return MonitoringNetwork() if network is None else MonitoringNetwork.within(network)

    def _bucket_of(self, uri: str) -> s3.IBucket:
        name = uri.removeprefix("s3://").partition("/")[0]
        if name not in self._buckets:
            self._buckets[name] = s3.Bucket.from_bucket_name(self, f"Bucket-{name}", name)
        return self._buckets[name]


def _labels(bucket: s3.IBucket, given: settings.ModelQuality | settings.Bias) -> GroundTruth:
    return GroundTruth.in_bucket(
        bucket, prefix=given.ground_truth, delay=cdk.Duration.hours(given.delay_hours)
    )


def _key_of(uri: str) -> str:
    return uri.removeprefix("s3://").partition("/")[2]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _shortened(name: str) -> str:
    """Returns the name of a monitor, of which the names of runs have 26 characters."""
    if len(name) <= _MAX_NAME:
        return name
    return f"{name[: _MAX_NAME - 9].strip('-')}-{_hash(name)}"


def _slug(feature: str) -> str:
    """Returns the name of a feature for names of alarms, unique among features."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", feature).strip("-").lower()[:40]
    return plain if plain == feature else f"{plain}-{_hash(feature)}".lstrip("-")
