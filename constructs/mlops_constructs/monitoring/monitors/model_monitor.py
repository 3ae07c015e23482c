"""SageMaker Model Monitor: a job definition and its monitoring schedule."""

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
    """Defines a monitoring schedule of SageMaker Model Monitor with its job definition.

    AWS closed Model Monitor to new customers on 2026-07-30. Existing customers keep it, without new
    features; any other account needs a `DriftMonitor`, which supports the same monitoring types.

    A job definition is immutable in AWS. Its name contains a hash of every property whose change
    replaces it, and the name of the schedule contains a hash of the inputs. A change therefore
    replaces both without a conflict of names. Another tag, also one of the app, replaces the job
    definition only: the schedule, and with it the dimension of the metrics, keeps its name.

    Args:
        monitoring_type: data quality, model quality, model bias or model explainability.
        monitoring_input: captured traffic of an endpoint, or of batch transform jobs.
        monitoring_output: destination of reports and metrics.
        baseline: baseline that the traffic is compared with. Defaults to None: runs write
            statistics and find no violations.
        frequency: schedule of the runs. Defaults to None: hourly.
        image: image of the runs. Defaults to None: AWS's prebuilt image of the region.
        job: instances, limits, network and role of the runs. Defaults to None: `MonitoringJob()`.
        monitor_name: name of the schedule, unique in the account and region. Defaults to None: one
            with a hash of the inputs.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

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
        monitor_name: str | None = None,
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
            monitor_name=monitor_name,
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
        # The schedule has the definition's name, not a reference, so it would not wait for it.
        schedule.add_resource_dependency(definition)
        self._name(name)

    def metric_greatest_drift(self, **options: Unpack[MonitorMetricOptions]) -> cloudwatch.Metric:
        """Returns the drift of the feature that has drifted most, as `MonitorBase` defines it.

        Args:
            **options: options of the metric, with the statistic `Maximum` by default.

        Raises:
            ValueError: if the monitor runs AWS's prebuilt image, or has another monitoring type.
        """
        if not isinstance(self._image, CustomMonitoringImage):
            raise ValueError(
                f"ModelMonitor {self.node.path}: metric_greatest_drift: AWS's prebuilt image does "
                "not publish it; use metric_drift(feature) for each feature, or a custom image"
            )
        return super().metric_greatest_drift(**options)

    def silence_alarm(
        self,
        construct_id: str,
        *,
        max_silence: cdk.Duration | None = None,
        metric: cloudwatch.Metric | None = None,
        description: str | None = None,
        alarm_name: str | None = None,
    ) -> cloudwatch.Alarm:
        """Defines an alarm on a monitor whose runs have stopped, as `MonitorBase` defines it.

        Args:
            construct_id: id of the alarm within the monitor.
            max_silence: maximum time without a completed run, whole hours up to 7 days. Defaults to
                None: twice the time from one run to the next.
            metric: metric that each run publishes at least once; required with AWS's prebuilt
                image, which does not count its runs. Defaults to None: `completed_runs` of a custom
                image.
            description: description of the alarm. Defaults to None: a text with the name of the
                monitor.
            alarm_name: name of the alarm. Defaults to None: CloudFormation generates it.

        Raises:
            ValueError: if AWS's prebuilt image runs and `metric` is missing, or if CloudWatch
                cannot evaluate `max_silence`.
        """
        if metric is None and not isinstance(self._image, CustomMonitoringImage):
            raise ValueError(
                f"ModelMonitor {self.node.path}/{construct_id}: metric: got none, but AWS's "
                "prebuilt image does not count its runs; give a metric that it publishes, such as "
                "metric_completeness(feature)"
            )
        return super().silence_alarm(
            construct_id,
            max_silence=max_silence,
            metric=metric,
            description=description,
            alarm_name=alarm_name,
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
            # With a custom image, too, AWS's prebuilt image merges the labels first.
            yield from MonitoringImage.prebuilt().problems(self, MERGER)
        if self._monitoring_input.variant_name is not None:
            yield (
                f"variant_name: got {self._monitoring_input.variant_name!r}, but Model Monitor "
                "reads the traffic of all variants; remove it, or use a DriftMonitor"
            )
        isolation = self._job.network.isolation
        own_image = isinstance(self._image, CustomMonitoringImage)
        if self.analysis_type is MODEL_EXPLAINABILITY:
            if self._monitoring_type.analysis_config is None:
                yield (
                    "model explainability: got no analysis configuration, which Model Monitor "
                    "needs; give analysis_config_bucket and analysis_config_key"
                )
            if isolation and not own_image:
                yield (
                    "network isolation: not supported for model explainability with AWS's prebuilt "
                    "image, which invokes the model; remove it, or use a custom image with the "
                    "model in it"
                )
            elif isolation and self._monitoring_type.model_data is not None:
                yield (
                    "network isolation: not supported with model_data_bucket, from which the "
                    "container reads the model; remove either, or put the model into the image"
                )
        makes_baseline = self._baseline is not None and self._baseline.dataset is not None
        if makes_baseline and self.analysis_type is not DATA_QUALITY and not own_image:
            yield (
                f"baseline: got Baseline.from_job for {self.analysis_type.name} with AWS's "
                "prebuilt image, which needs a dataset with predictions; run that job in the "
                "pipeline and use Baseline.from_files(…), or use a custom image"
            )

    def _own_permissions(self) -> Iterator[Permission]:
        yield from _monitor_role.put_metrics([self.namespace, f"/{self.namespace}"])
        if self._monitoring_type.ground_truth is not None:
            yield from self._merging()
        own_image = isinstance(self._image, CustomMonitoringImage)
        if self.analysis_type is MODEL_EXPLAINABILITY and not own_image:
            yield from _monitor_role.explain_with_shadow_endpoint(self)

    def _merging(self) -> Iterator[Permission]:
        """Returns the permissions of the job that merges ground truth labels before a run.

        It writes the merged data below the prefix of the reports, where the run reads it.
        """
        merger = MonitoringImage.prebuilt().repository_arn(self, MERGER)
        yield Permission(actions=_monitor_role.PULL, resources=[merger])
        merged = f"{self._monitoring_output.prefix}/merge"
        yield from _monitor_role.read_prefix(
            StoredPrefix(bucket=self._monitoring_output.bucket, prefix=merged)
        )
