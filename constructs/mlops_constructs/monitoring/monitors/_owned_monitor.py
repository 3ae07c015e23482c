"""Validation, role and baseline job that both monitors share."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._job_permissions import use_keys, write_logs
from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.access._network_interfaces import network_interface_permissions

from . import _monitor_role
from ._analysis_type import ANALYSIS_TYPES, AnalysisType
from ._stored import StoredPrefix
from .baseline import Baseline
from .baseline_job import BaselineJob
from .monitor_base import MonitorBase
from .monitoring_frequency import MonitoringFrequency
from .monitoring_image import CustomMonitoringImage, MonitoringImage
from .monitoring_input import MonitoringInput
from .monitoring_job import MonitoringJob
from .monitoring_output import MonitoringOutput
from .monitoring_type import MonitoringType

MAX_NAME_LENGTH = 26
"""Of a run's 63 characters; the rest makes its name unique."""
_NAME = rf"(?!.{{{MAX_NAME_LENGTH + 1}}})[a-zA-Z0-9](?:-*[a-zA-Z0-9])*"


class OwnedMonitor(MonitorBase):
    """A monitor that is defined in this app.

    Attributes:
        role: execution role of the runs.
        baseline_job: job that creates the baseline of a `Baseline.from_job`; otherwise None.
    """

    _compares_predictions: ClassVar[bool] = False
    role: iam.IRole
    baseline_job: BaselineJob | None

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        monitoring_type: MonitoringType,
        monitoring_input: MonitoringInput,
        monitoring_output: MonitoringOutput,
        frequency: MonitoringFrequency | None,
        baseline: Baseline | None,
        image: MonitoringImage,
        job: MonitoringJob | None,
        monitor_name: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._monitoring_type, self._monitoring_input, self._monitoring_output = (
            monitoring_type,
            monitoring_input,
            monitoring_output,
        )
        self._frequency = frequency or MonitoringFrequency.hourly()
        self._image, self._job = image, job or MonitoringJob()
        self._baseline = baseline
        self.analysis_type = monitoring_type.analysis_type
        self._validate(monitor_name)
        self._own_name = monitor_name or cdk.Names.unique_resource_name(
            self, max_length=MAX_NAME_LENGTH, separator="-"
        )
        self.hours = self._frequency.hours
        self.namespace = monitoring_output.namespace or self._default_namespace(
            self.analysis_type, of_endpoint=monitoring_input.endpoint is not None
        )
        self._image_uri = image.uri(self, self.analysis_type.image)
        self._files = (
            baseline.located(monitoring_output, self._own_name) if baseline is not None else None
        )
        self.role = self._job.role or self._define_role()
        self.baseline_job = self._define_baseline_job()

    @classmethod
    def from_monitor_name(
        cls,
        scope: Construct,
        construct_id: str,
        monitor_name: str,
        *,
        analysis_type: str = "DATA_QUALITY",
        endpoint_name: str | None = None,
        namespace: str | None = None,
        hours: int = 1,
    ) -> MonitorBase:
        """Imports an existing monitor of this account and region.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            monitor_name: name of the monitor.
            analysis_type: `DATA_QUALITY`, `MODEL_QUALITY`, `MODEL_BIAS` or `MODEL_EXPLAINABILITY`.
                Defaults to `DATA_QUALITY`.
            endpoint_name: name of the monitored endpoint. Defaults to None: the monitor reads the
                output of batch transform jobs.
            namespace: namespace of the metrics. Defaults to None: `MLOps/DriftMonitor` for a
                `DriftMonitor`, the namespace of AWS's prebuilt image for a `ModelMonitor`.
            hours: hours from one run to the next, 1 to 24. Defaults to 1.

        Raises:
            ValueError: if the analysis type does not exist.
        """
        if analysis_type not in ANALYSIS_TYPES:
            raise ValueError(
                f"{cls.__name__} {scope.node.path}/{construct_id}: analysis_type: got "
                f"{analysis_type!r}; allowed are {', '.join(ANALYSIS_TYPES)}"
            )
        found = ANALYSIS_TYPES[analysis_type]
        of_endpoint = endpoint_name is not None
        return _ImportedMonitor(
            scope,
            construct_id,
            monitor_name=monitor_name,
            analysis_type=found,
            namespace=namespace or cls._default_namespace(found, of_endpoint=of_endpoint),
            dimensions=_dimensions(endpoint_name, monitor_name),
            hours=hours,
            runs=cls._runs(scope, monitor_name),
        )

    @staticmethod
    def _runs(scope: Construct, monitor_name: str) -> Mapping[str, Any]:
        """Returns the part of an event pattern that matches the runs of a monitor."""
        raise NotImplementedError

    @staticmethod
    def _default_namespace(analysis_type: AnalysisType, *, of_endpoint: bool) -> str:
        """Returns the namespace of the metrics if the output has none."""
        raise NotImplementedError

    def _validate(self, monitor_name: str | None) -> None:
        problems = Problems(type(self).__name__, self)
        if monitor_name is not None and not re.fullmatch(_NAME, monitor_name):
            problems.add(
                f"monitor_name: got {monitor_name!r}; allowed are 1 to {MAX_NAME_LENGTH} letters, "
                "digits and hyphens, beginning and ending with a letter or digit; no token, "
                "because names of runs and metrics contain it"
            )
        problems.extend(region_problems(self, *self._resource_types()))
        problems.extend(self._image.problems(self, self.analysis_type.image))
        problems.extend(self._monitoring_type.problems())
        problems.extend(
            self._monitoring_input.problems(self.analysis_type, own_role=self._job.role is None)
        )
        problems.extend(self._monitoring_output.problems())
        problems.extend(self._frequency.problems())
        problems.extend(self._job.problems(self.analysis_type, self._frequency))
        problems.extend(
            self._job.disk_problems(encrypted=self._monitoring_output.encryption_key is not None)
        )
        if self._baseline is not None:
            problems.extend(self._baseline.problems(self.analysis_type))
        problems.extend(self._own_problems())
        problems.raise_if_any()

    def _resource_types(self) -> tuple[str, ...]:
        raise NotImplementedError

    def _own_problems(self) -> Iterator[str]:
        raise NotImplementedError

    def _own_permissions(self) -> Iterator[Permission]:
        raise NotImplementedError

    def _name(self, monitor_name: str) -> None:
        """Sets the attributes that depend on the name."""
        self.monitor_name = monitor_name
        endpoint = self._monitoring_input.endpoint_name
        self.dimensions = _dimensions(endpoint, monitor_name)
        self.runs = self._runs(self, monitor_name)
        folder = "/".join(part for part in (endpoint, monitor_name) if part is not None)
        self.reports_uri = f"{self._monitoring_output.uri}/{folder}"

    def _define_role(self) -> iam.IRole:
        return ServiceRole(
            self,
            "Role",
            service="sagemaker.amazonaws.com",
            description="SageMaker: compares a model's traffic with its baseline",
            permissions=list(self._permissions()),
        )

    def _permissions(self) -> Iterator[Permission]:
        monitoring_type, monitoring_input, monitoring_output = (
            self._monitoring_type,
            self._monitoring_input,
            self._monitoring_output,
        )
        prefixes = monitoring_input.read(self.analysis_type, predictions=self._compares_predictions)
        if monitoring_type.ground_truth is not None:
            labels = monitoring_type.ground_truth
            prefixes.append(StoredPrefix(bucket=labels.bucket, prefix=labels.prefix))
        files = [*monitoring_type.files]
        if self._files is not None:
            files += [file for file in (self._files.constraints, self._files.statistics) if file]
        if self._baseline is not None:
            files += self._baseline.read_files
        for prefix in prefixes:
            yield from _monitor_role.read_prefix(prefix)
        yield from _monitor_role.read_files(files)
        yield from _monitor_role.write_reports(monitoring_output.bucket, monitoring_output.prefix)
        buckets = [one.bucket for one in prefixes] + [file.bucket for file in files]
        yield from use_keys(
            [monitoring_output.encryption_key, *(bucket.encryption_key for bucket in buckets)]
        )
        yield from _monitor_role.pull_image(
            self._image.repository_arn(self, self.analysis_type.image)
        )
        yield from write_logs(self)
        network = self._job.network
        if network.vpc is not None:
            yield from network_interface_permissions(
                self,
                subnet_ids=network.subnet_ids(),
                security_group_ids=network.security_group_ids(),
            )
        yield from self._own_permissions()

    def _define_baseline_job(self) -> BaselineJob | None:
        if self._baseline is None or self._baseline.dataset is None or self._files is None:
            return None
        return BaselineJob(
            self,
            "Baseline",
            job_name_prefix=f"{self._own_name}-baseline",
            image_uri=self._image_uri,
            own_image=isinstance(self._image, CustomMonitoringImage),
            monitoring_type=self._monitoring_type,
            baseline=self._baseline,
            output=self._files.constraints,
            monitoring_output=self._monitoring_output,
            job=self._job,
            role=self.role,
        )


class _ImportedMonitor(MonitorBase):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        monitor_name: str,
        analysis_type: AnalysisType,
        namespace: str,
        dimensions: Mapping[str, str],
        hours: int,
        runs: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, construct_id, physical_name=monitor_name)
        self.monitor_name = monitor_name
        self.analysis_type = analysis_type
        self.namespace = namespace
        self.dimensions = dimensions
        self.hours = hours
        self.reports_uri = None
        self.runs = runs


def _dimensions(endpoint_name: str | None, monitor_name: str) -> dict[str, str]:
    endpoint = {} if endpoint_name is None else {"Endpoint": endpoint_name}
    return {**endpoint, "MonitoringSchedule": monitor_name}
