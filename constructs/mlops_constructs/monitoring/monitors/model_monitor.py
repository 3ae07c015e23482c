"""SageMaker Model Monitor: a job definition and the schedule that runs it."""

from collections.abc import Iterator, Mapping
from typing import Any, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._content_name import content_hash, name_by_content
from mlops_constructs.access import Permission

from . import _monitor_role
from ._analysis_type import DATA_QUALITY, MODEL_EXPLAINABILITY, AnalysisType
from ._job_definition import JobDefinition
from ._owned_monitor import OwnedMonitor
from ._stored import StoredPrefix
from .baseline import Baseline
from .monitor_base import MonitorMetricOptions
from .monitoring_frequency import MonitoringFrequency
from .monitoring_image import MERGER, CustomMonitoringImage, MonitoringImage
from .monitoring_input import MonitoringInput
from .monitoring_job import MonitoringJob
from .monitoring_output import MonitoringOutput
from .monitoring_type import MonitoringType

_SCHEDULE = "AWS::SageMaker::MonitoringSchedule"


class ModelMonitor(OwnedMonitor):
    """Defines a schedule of SageMaker Model Monitor, with its job definition.

    AWS closed Model Monitor to new customers on 2026-07-30. An account that did not use it before
    takes `DriftMonitor`, which asks the same questions; existing customers keep it, without new
    features.

    A job definition cannot be changed in AWS: it is named by a hash of all that replaces it, and
    the schedule by one of the inputs, so a change replaces both, the new before the old, without
    clash of names. Another tag, also one of the app, replaces the definition alone: the schedule,
    and with it the dimension of the metrics, keeps its name.

    Args:
        question: what is asked: data quality, model quality, bias or explainability.
        data: the traffic of an endpoint, or of batch transform jobs.
        reports: where reports and metrics go.
        baseline: what the traffic is compared with. Left out: runs write statistics, and find no
            violations.
        frequency: how often it runs. Left out: hourly.
        image: what runs. Left out: AWS's image of the region.
        job: machines, time, network and role of the runs. Left out: `MonitoringJob()`.

    Raises:
        ValueError: with every problem of the input.

    Source: CreateDataQualityJobDefinition, CreateModelQualityJobDefinition,
    CreateModelBiasJobDefinition, CreateModelExplainabilityJobDefinition and
    CreateMonitoringSchedule of SageMaker's API reference; "Amazon SageMaker Model Monitor
    availability change" of its developer guide.

    Example:
        ```python
        ModelMonitor(
            stack,
            "DataQuality",
            monitoring_type=MonitoringType.data_quality(),
            monitoring_input=MonitoringInput.from_endpoint(
                Endpoint.from_endpoint_name(stack, "Churn", "churn-prod"), capture_bucket=bucket
            ),
            monitoring_output=MonitoringOutput.to_bucket(bucket),
            baseline=Baseline.from_files(
                bucket,
                constraints_key="baseline/constraints.json",
                statistics_key="baseline/statistics.json",
            ),
            frequency=MonitoringFrequency.daily(at_hour=3),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        monitoring_type: MonitoringType,
        monitoring_input: MonitoringInput,
        monitoring_output: MonitoringOutput,
        baseline: Baseline | None = None,
        frequency: MonitoringFrequency | None = None,
        image: MonitoringImage | None = None,
        job: MonitoringJob | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            monitoring_type=monitoring_type,
            monitoring_input=monitoring_input,
            monitoring_output=monitoring_output,
            baseline=baseline,
            frequency=frequency,
            image=image or MonitoringImage.prebuilt(),
            job=job,
        )
        content = JobDefinition(
            monitoring_type=monitoring_type,
            monitoring_input=monitoring_input,
            monitoring_output=monitoring_output,
            frequency=self._frequency,
            job=self._job,
            baseline=self._files,
            image_uri=self._image_uri,
            own_image=isinstance(self._image, CustomMonitoringImage),
            role_arn=self.role.role_arn,
        ).content()
        expression = self._frequency.model_monitor_expression
        hashed = content_hash(self, [self.analysis_type.member, content, expression])
        name = f"{self._own_name}-{hashed}"
        definition = self.analysis_type.definition(self, "JobDefinition", **content)
        name_by_content(definition, "JobDefinitionName", self._own_name)
        config = sagemaker.CfnMonitoringSchedule
        schedule = sagemaker.CfnMonitoringSchedule(
            self,
            "Resource",
            monitoring_schedule_name=name,
            monitoring_schedule_config=config.MonitoringScheduleConfigProperty(
                monitoring_job_definition_name=definition.job_definition_name,
                monitoring_type=self.analysis_type.member,
                schedule_config=config.ScheduleConfigProperty(schedule_expression=expression),
            ),
        )
        # The schedule names the definition, which is no reference; so it would not wait for it.
        schedule.add_resource_dependency(definition)
        self._name(name)

    def metric_greatest_drift(self, **options: Unpack[MonitorMetricOptions]) -> cloudwatch.Metric:
        if not isinstance(self._image, CustomMonitoringImage):
            raise ValueError(
                f"monitor {self.node.path}: got the greatest drift of all features, which AWS's "
                "image does not put; use metric_drift(feature) of each, or an image of your own"
            )
        return super().metric_greatest_drift(**options)

    def silence_alarm(
        self,
        construct_id: str,
        *,
        max_silence: cdk.Duration | None = None,
        metric: cloudwatch.Metric | None = None,
        description: str | None = None,
    ) -> cloudwatch.Alarm:
        """An alarm on a monitor whose runs have stopped, as `MonitorBase` defines it.

        Args:
            construct_id: id of the alarm below the monitor.
            max_silence: whole hours up to 7 days. Left out: twice the time from one run to the
                next.
            metric: what a run puts at least once. Required with AWS's image, which does not count
                its runs. Left out with an image of your own: `completed_runs`.
            description: of the alarm. Left out: it names the monitor.

        Raises:
            ValueError: without a metric where AWS's image runs, or for a time that CloudWatch
                cannot look at.
        """
        if metric is None and not isinstance(self._image, CustomMonitoringImage):
            raise ValueError(
                f"monitor {self.node.path}: got no metric for the silence alarm, and AWS's image "
                "does not count its runs; give one that it puts, such as "
                "metric_completeness(feature)"
            )
        return super().silence_alarm(
            construct_id, max_silence=max_silence, metric=metric, description=description
        )

    def _resource_types(self) -> tuple[str, ...]:
        return (self.analysis_type.resource_type, _SCHEDULE)

    @staticmethod
    def _runs(scope: Construct, monitor_name: str) -> Mapping[str, Any]:
        arn = cdk.Stack.of(scope).format_arn(
            service="sagemaker", resource="monitoring-schedule", resource_name=monitor_name
        )
        # SageMaker writes names in its ARNs in lower case.
        return {"MonitoringScheduleArn": [{"equals-ignore-case": arn}]}

    @staticmethod
    def _default_namespace(analysis_type: AnalysisType, *, of_endpoint: bool) -> str:
        return analysis_type.namespace(of_endpoint=of_endpoint)

    def _own_problems(self) -> Iterator[str]:
        if self._monitoring_type.ground_truth is not None and isinstance(
            self._image, CustomMonitoringImage
        ):
            # Whoever answers, AWS's own image merges the labels first.
            yield from MonitoringImage.prebuilt().problems(self, MERGER)
        if self._monitoring_input.variant_name is not None:
            yield (
                f"variant_name: got {self._monitoring_input.variant_name!r}, but Model Monitor "
                "reads the traffic of all variants; leave it out, or use a DriftMonitor"
            )
        isolation = self._job.network.isolation
        if self.analysis_type is MODEL_EXPLAINABILITY:
            if self._monitoring_type.analysis_config is None:
                yield (
                    "explainability: got no analysis configuration, which Model Monitor needs; "
                    "give analysis_config_bucket and analysis_config_key"
                )
            if isolation:
                yield (
                    "network isolation: got it for explainability, which asks the model while it "
                    "explains; leave it out"
                )
        makes_baseline = self._baseline is not None and self._baseline.dataset is not None
        own_image = isinstance(self._image, CustomMonitoringImage)
        if makes_baseline and self.analysis_type is not DATA_QUALITY and not own_image:
            yield (
                f"baseline: got Baseline.from_job for {self.analysis_type.name} with AWS's image, "
                "which wants a dataset with answers in it; run that job in the pipeline "
                "and give Baseline.from_files(…), or an image of your own"
            )

    def _own_permissions(self) -> Iterator[Permission]:
        yield from _monitor_role.put_metrics([self.namespace, f"/{self.namespace}"])
        if self._monitoring_type.ground_truth is not None:
            yield from self._merging()
        if self.analysis_type is MODEL_EXPLAINABILITY:
            yield from _monitor_role.explain_with_shadow_endpoint(self)

    def _merging(self) -> Iterator[Permission]:
        """Before a run a job of Model Monitor merges the labels into the traffic, and leaves the
        result below the reports, where the run reads it."""
        merger = MonitoringImage.prebuilt().repository_arn(self, MERGER)
        yield Permission(actions=_monitor_role.PULL, resources=[merger])
        merged = f"{self._monitoring_output.prefix}/merge"
        yield from _monitor_role.read_prefix(
            StoredPrefix(bucket=self._monitoring_output.bucket, prefix=merged)
        )
