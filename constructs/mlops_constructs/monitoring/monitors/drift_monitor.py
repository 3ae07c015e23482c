"""Drift monitors that do not need SageMaker Model Monitor."""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs._dead_letter_queue import DeadLetterQueue
from mlops_constructs._job_permissions import use_keys
from mlops_constructs._job_schedule import PROCESSING, ScheduledJobs
from mlops_constructs._problems import is_known
from mlops_constructs._processing_request import OUTPUT, ProcessingInput, ProcessingRequest
from mlops_constructs.access import Permission

from . import _monitor_role
from ._analysis_type import DATA_QUALITY, MODEL_BIAS, MODEL_EXPLAINABILITY, AnalysisType
from ._owned_monitor import OwnedMonitor
from .baseline import Baseline
from .monitoring_frequency import MonitoringFrequency
from .monitoring_image import CustomMonitoringImage
from .monitoring_input import MonitoringInput
from .monitoring_job import MonitoringJob
from .monitoring_output import MonitoringOutput
from .monitoring_type import MonitoringType
from .run_schedule import RunSchedule

_SCHEDULE = "AWS::Scheduler::Schedule"
_MAX_VARIABLE_LENGTH = 256


class DriftMonitor(OwnedMonitor):
    """Defines a drift monitor that does not need SageMaker Model Monitor.

    AWS closed Model Monitor to new customers on 2026-07-30. This monitor is a scheduled processing
    job with a custom image, which EventBridge Scheduler starts. It supports the same monitoring
    types, writes the same reports and publishes the same metrics as a `ModelMonitor`, but in the
    namespace `MLOps/DriftMonitor`; alarms, dashboards and retraining work with both.

    The image of a project (seed code, `model_build`) contains the program. Any other image must
    implement the contract of Model Monitor's containers and read the traffic from S3:
    `dataset_source` is an S3 URI, `end_time` and `period_hours` specify the hours to read. For
    batch transform jobs the URI contains manifests that list the files.

    A run that cannot be started is retried and then kept in `dead_letter_queue`. Neither this nor a
    failed run sends a notification: `silence_alarm` defines an alarm for when no run completes, and
    `on_failure` a rule for the events of failed runs.

    Args:
        monitoring_type: data quality, model quality, model bias or model explainability.
        monitoring_input: captured traffic of an endpoint, or of batch transform jobs.
        monitoring_output: destination of reports and metrics.
        image: image of the runs.
        baseline: baseline that the traffic is compared with. Defaults to None: runs write
            statistics and find no violations.
        frequency: schedule of the runs. Defaults to None: hourly.
        job: instance, limits, network and role of the runs. Defaults to None: `MonitoringJob()`.
        monitor_name: name of the monitor, up to 26 letters, digits and hyphens, unique in the
            account and region; the names of runs start with it. Defaults to None: a name from the
            path of the construct.
        schedule: existing role and queue of the schedule. Defaults to None: the monitor creates
            both.

    Attributes:
        dead_letter_queue: queue of the runs that could not be started.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

    Source: CreateProcessingJob of SageMaker's API reference; "Using universal targets" of
    EventBridge Scheduler's user guide.

    Example:
        ```python
        DriftMonitor(
            stack,
            "DataQuality",
            monitoring_type=MonitoringType.data_quality(),
            monitoring_input=MonitoringInput.from_endpoint(
                Endpoint.from_endpoint_name(stack, "Churn", "churn-prod"), capture_bucket=bucket
            ),
            monitoring_output=MonitoringOutput.to_bucket(bucket),
            image=MonitoringImage.from_ecr_repository(repository, tag_or_digest="1"),
            baseline=Baseline.from_job(bucket, dataset_key="data/train.csv"),
        )
        ```
    """

    # Model Monitor reads the input of transform jobs only.
    _compares_predictions = True

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        monitoring_type: MonitoringType,
        monitoring_input: MonitoringInput,
        monitoring_output: MonitoringOutput,
        image: CustomMonitoringImage,
        baseline: Baseline | None = None,
        frequency: MonitoringFrequency | None = None,
        job: MonitoringJob | None = None,
        monitor_name: str | None = None,
        schedule: RunSchedule | None = None,
    ) -> None:
        self._schedule = schedule
        super().__init__(
            scope,
            construct_id,
            monitoring_type=monitoring_type,
            monitoring_input=monitoring_input,
            monitoring_output=monitoring_output,
            baseline=baseline,
            frequency=frequency,
            image=image,
            job=job,
            monitor_name=monitor_name,
        )
        self._name(self._own_name)
        key = monitoring_output.encryption_key
        self.dead_letter_queue: sqs.IQueue = (
            schedule.dead_letter_queue
            if schedule is not None
            else DeadLetterQueue(self, "DeadLetters", encryption_key=key)
        )
        ScheduledJobs(
            kind=PROCESSING,
            name_prefix=self.monitor_name,
            request=self._request(),
            expression=self._frequency.scheduler_expression,
            time_zone="UTC",
            description=f"{self.monitor_name}: compares traffic with the baseline",
            role_description="EventBridge Scheduler: starts the runs of a monitor",
            dead_letter_queue=self.dead_letter_queue,
            passed_role=self.role,
            # The key encrypts the schedule, the queue and, by a grant of the caller, the disk.
            permissions=list(use_keys([key])),
            encryption_key=key,
            role=schedule.role if schedule is not None else None,
            schedule_name=schedule.name if schedule is not None else None,
        ).schedule(self, role_id="SchedulerRole")

    def _resource_types(self) -> tuple[str, ...]:
        return (_SCHEDULE,)

    @staticmethod
    def _default_namespace(analysis_type: AnalysisType, *, of_endpoint: bool) -> str:
        return _monitor_role.NAMESPACE

    def _own_problems(self) -> Iterator[str]:
        if self._job.network.isolation:
            yield (
                "network isolation: not supported for a DriftMonitor, whose runs read from S3 and "
                "publish metrics; remove it and use a vpc with endpoints for S3 and CloudWatch"
            )
        yield from self._address_problems()
        if self._schedule is not None:
            yield from self._schedule.problems()
        if self._job.instance_count != 1 and not self._reads_on_spark:
            yield (
                f"job instance_count: got {self._job.instance_count}; allowed is 1, because "
                "several instances read captured traffic for data quality only"
            )
        if (
            self.analysis_type is MODEL_BIAS
            and self._monitoring_type.probability_threshold is not None
        ):
            yield (
                f"probability_threshold: got {self._monitoring_type.probability_threshold} for "
                "MODEL_BIAS; bias is computed from the predicted labels; remove it"
            )
        if self.analysis_type is MODEL_EXPLAINABILITY and self._monitoring_type.model_data is None:
            yield (
                "model explainability: got no model, which is needed to attribute predictions to "
                "features; give model_data_bucket and model_data_key"
            )

    @property
    def _reads_on_spark(self) -> bool:
        """True if a run may have several instances, which read the traffic with Spark."""
        return self.analysis_type is DATA_QUALITY and self._monitoring_input.endpoint is not None

    def _address_problems(self) -> Iterator[str]:
        """Validates the S3 URIs that runs get as environment variables.

        Source: ProcessingEnvironmentMap of SageMaker's API reference.
        """
        labels = self._monitoring_type.ground_truth
        addresses = {
            "monitoring_input": (self._monitoring_input.source, self._monitoring_input.prefix)
        }
        if labels is not None:
            addresses["ground_truth"] = (labels.uri, labels.prefix)
        for name, (address, prefix) in addresses.items():
            # Only the prefix is known of a bucket whose name CloudFormation generates.
            length = len(address) if is_known(address) else len(f"s3://.../{prefix}")
            if is_known(prefix) and length > _MAX_VARIABLE_LENGTH:
                yield (
                    f"{name} prefix: got an S3 URI of {length} characters; allowed are "
                    f"{_MAX_VARIABLE_LENGTH}, because a run gets it as an environment variable"
                )

    def _own_permissions(self) -> Iterator[Permission]:
        yield from _monitor_role.put_metrics([self.namespace])

    @staticmethod
    def _runs(scope: Construct, monitor_name: str) -> Mapping[str, Any]:
        # The runs are plain processing jobs without a monitoring schedule.
        return {"ProcessingJobName": [{"prefix": f"{monitor_name}-"}]}

    def _inputs(self) -> dict[str, ProcessingInput]:
        """Returns the files on the disk of a run, by the variable that names each."""
        files = {
            "analysis_config": self._monitoring_type.analysis_config,
            "model_source": self._monitoring_type.model_data,
            "baseline_constraints": self._files.constraints if self._files else None,
            "baseline_statistics": self._files.statistics if self._files else None,
        }
        return {
            name: ProcessingInput(name=name, file=file)
            for name, file in files.items()
            if file is not None
        }

    def _environment(self) -> dict[str, str]:
        monitoring_type, monitoring_input = self._monitoring_type, self._monitoring_input
        chosen = {
            "sagemaker_endpoint_name": monitoring_input.endpoint_name,
            "variant_name": monitoring_input.variant_name,
            "problem_type": monitoring_type.problem_type,
            "probability_threshold_attribute": monitoring_type.probability_threshold,
            "ground_truth_source": monitoring_type.ground_truth.uri
            if monitoring_type.ground_truth
            else None,
            "ground_truth_delay_hours": monitoring_type.ground_truth.delay_hours
            if monitoring_type.ground_truth
            else None,
            "engine": "spark" if self._job.instance_count != 1 else None,
            **self._attributes(),
        }
        return {
            "analysis_type": self.analysis_type.name,
            "dataset_source": monitoring_input.source,
            "dataset_format": monitoring_input.container_format,
            "end_time": scheduler.ContextAttribute.scheduled_time,
            "period_hours": str(self.hours),
            "output_path": OUTPUT,
            "publish_cloudwatch_metrics": "Enabled",
            "metrics_namespace": self.namespace,
            "sagemaker_monitoring_schedule_name": self.monitor_name,
            **{name: one.path for name, one in self._inputs().items()},
            **{name: str(value) for name, value in chosen.items() if value is not None},
        }

    def _attributes(self) -> dict[str, str | None]:
        """Returns the positions of predictions, which a batch transform job may have changed.

        `OutputFilter` of the job selects and reorders parts of its output.
        """
        if self._monitoring_input.endpoint is not None:
            return {}
        has_output = self._monitoring_input.transform_output is not None
        return {
            "batch_predictions": "Enabled"
            if has_output and self.analysis_type is DATA_QUALITY
            else None,
            "inference_attribute": self._monitoring_type.inference_attribute,
            "probability_attribute": self._monitoring_type.probability_attribute,
        }

    def _request(self) -> Mapping[str, Any]:
        return ProcessingRequest(
            image_uri=self._image_uri,
            arguments=["monitor"],
            environment=self._environment(),
            inputs=list(self._inputs().values()),
            output_uri=self.reports_uri or "",
            encryption_key=self._monitoring_output.encryption_key,
            job=self._job,
            maximum_seconds=self._job.max_seconds(self.analysis_type),
            role_arn=self.role.role_arn,
            tags=self._schedule.tags if self._schedule is not None else None,
        ).render()
