"""Compute resources, limits, network and role of a monitor's runs."""

from collections.abc import Iterator
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from mlops_constructs._instance_type import has_local_storage, is_instance_type
from mlops_constructs._job_network import JobNetwork
from mlops_constructs._problems import is_known, outside
from mlops_constructs.network import NetworkBase

from ._analysis_type import AnalysisType
from .monitoring_frequency import MonitoringFrequency

_MAX_RUN_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class MonitoringNetwork(JobNetwork):
    """The network of a monitor's runs.

    Args:
        vpc: VPC of the runs. Defaults to None: no VPC.
        subnets: subnets of the VPC. Defaults to None: the private subnets.
        security_groups: 1 to 5 security groups of the VPC. Defaults to no groups, which is only
            allowed without a VPC.
        isolation: True for runs without network access. Defaults to None: True for a `ModelMonitor`
            of data quality, model quality or model bias, or with a custom image that contains the
            model that it explains; False for other model explainability, which invokes the model or
            reads it from S3, and for a `DriftMonitor`, which reads from S3 and publishes metrics.
        traffic_encryption: True to encrypt the traffic between the instances of a run; encryption
            takes time only with several instances. Defaults to True.
        internal: True if the security groups let the instances of a run reach one another, which
            several instances need. Defaults to None: not known.

    Example:
        ```python
        MonitoringNetwork(isolation=True)
        ```
    """

    @staticmethod
    def within(network: NetworkBase) -> "MonitoringNetwork":
        """Returns the subnets and security groups of a `Network`.

        With `NetworkUseCase.MODEL_MONITORING` runs reach CloudWatch, which a `DriftMonitor`
        needs; S3 can always be reached.

        Args:
            network: network of the runs.

        Example:
            ```python
            MonitoringNetwork.within(
                Network(stack, "Private", uses=[NetworkUseCase.MODEL_MONITORING])
            )
            ```
        """
        return MonitoringNetwork(
            vpc=network.vpc,
            subnets=network.subnet_selection,
            security_groups=network.security_groups,
            internal=network.internal,
        )


@dataclass(frozen=True, kw_only=True)
class MonitoringJob:
    """The compute resources, limits, network and role of a monitor's runs.

    Args:
        instance_type: ML instance type. Defaults to `ml.m5.large`.
        instance_count: number of instances of a run, 1 to 100. A `DriftMonitor` supports several
            for data quality of an endpoint, whose image then needs Spark. Defaults to 1.
        volume_size_in_gb: volume of each instance in GB, 1 to 16,384. Defaults to 20.
        max_runtime: maximum time of a run. Defaults to None: half an hour with ground truth,
            otherwise one hour, AWS's limits for an hourly schedule.
        network: network of the runs. Defaults to `MonitoringNetwork()`.
        role: execution role of the runs. Defaults to None: the monitor creates one with least
            privilege.

    Example:
        ```python
        MonitoringJob(instance_type="ml.m5.xlarge", max_runtime=cdk.Duration.minutes(20))
        ```
    """

    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    volume_size_in_gb: int = 20
    max_runtime: cdk.Duration | None = None
    network: MonitoringNetwork = MonitoringNetwork()
    role: iam.IRole | None = None

    def max_seconds(self, analysis_type: AnalysisType) -> int:
        """Returns the maximum time of a run in seconds.

        Args:
            analysis_type: type of the analysis, which determines the default.
        """
        if self.max_runtime is None:
            return analysis_type.max_hourly_run_seconds
        return int(self.max_runtime.to_seconds())

    def problems(
        self, analysis_type: AnalysisType, frequency: MonitoringFrequency
    ) -> Iterator[str]:
        """Validates the job; yields one message per problem.

        Args:
            analysis_type: type of the analysis.
            frequency: schedule of the runs.

        Source: MonitoringStoppingCondition of SageMaker's API reference.
        """
        if is_known(self.instance_type) and not is_instance_type(self.instance_type):
            yield (
                f"job instance_type: got {self.instance_type!r}; allowed is one such as ml.m5.large"
            )
        if outside(self.instance_count, 1, 100):
            yield f"job instance_count: got {self.instance_count}; allowed are 1 to 100"
        if outside(self.volume_size_in_gb, 1, 16_384):
            yield f"job volume_size_in_gb: got {self.volume_size_in_gb}; allowed are 1 to 16384"
        hourly = frequency.hours == 1
        allowed = analysis_type.max_hourly_run_seconds if hourly else _MAX_RUN_SECONDS
        seconds = self.max_seconds(analysis_type)
        if not 1 <= seconds <= allowed:
            yield (
                f"job max_runtime: got {seconds} seconds; allowed are 1 to {allowed} for runs "
                f"every {frequency.hours} hours"
            )
        yield from self.network.problems()
        yield from self.network.distributed_problems(self.instance_count)

    def disk_problems(self, *, encrypted: bool) -> Iterator[str]:
        """Validates the key of the disks; yields one message per problem.

        Args:
            encrypted: True if the disks are encrypted with the key of the output.

        Source: ProcessingClusterConfig of SageMaker's API reference, VolumeKmsKeyId.
        """
        known = is_known(self.instance_type)
        if encrypted and known and has_local_storage(self.instance_type):
            yield (
                f"job instance_type: got {self.instance_type} with an encryption key, which cannot "
                "encrypt its local NVMe disks (their hardware does); use a type without local disks"
            )
