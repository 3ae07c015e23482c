"""The machines and the network that the runs of a monitor have."""

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

_LONGEST_RUN_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class MonitoringNetwork(JobNetwork):
    """The network of a monitor's runs.

    Args:
        vpc: network that they are attached to. Left out: none.
        subnets: of the network. Left out: the private ones.
        security_groups: one to five of the network.
        isolation: whether a run has no network at all. Left out: a `ModelMonitor` of data or model
            quality or of bias has none; those that explain ask the model, and those of a
            `DriftMonitor` read S3 and write to CloudWatch, so they have one.
        traffic_encryption: whether traffic between the instances of a run is encrypted. It takes
            time only where there are several.
        internal: whether the security groups let the instances of a run reach one another, which
            several have to. Left out: only their owner knows.

    Example:
        ```python
        MonitoringNetwork(isolation=True)
        ```
    """

    @staticmethod
    def within(network: NetworkBase) -> "MonitoringNetwork":
        """The subnets and security groups of a `Network`.

        With `NetworkUseCase.MODEL_MONITORING` a run reaches CloudWatch from there, which that of a
        `DriftMonitor` needs; S3 is always within reach.

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
    """The machines of a monitor's runs.

    Args:
        instance_type: for example `ml.m5.xlarge`.
        instance_count: how many work on one run; a `DriftMonitor` has one.
        volume_size_in_gb: disk of each.
        max_runtime: how long a run may take. Left out: half of an hour with ground truth, else
            an hour, which are AWS's limits of an hourly schedule.
        network: of the runs. Left out: `MonitoringNetwork()`.
        role: with which they act. Left out: one that the monitor makes, with least privilege.

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

    def maximum_seconds(self, analysis_type: AnalysisType) -> int:
        """How long a run may take, AWS's limit of an hourly one where nothing is said."""
        if self.max_runtime is None:
            return analysis_type.longest_hourly_run
        return int(self.max_runtime.to_seconds())

    def problems(
        self, analysis_type: AnalysisType, frequency: MonitoringFrequency
    ) -> Iterator[str]:
        """What AWS would refuse.

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
        longest = analysis_type.longest_hourly_run if frequency.hours == 1 else _LONGEST_RUN_SECONDS
        seconds = self.maximum_seconds(analysis_type)
        if not 1 <= seconds <= longest:
            yield (
                f"job max_runtime: got {seconds} seconds; allowed are 1 to {longest} for runs "
                f"every {frequency.hours} hours"
            )
        yield from self.network.problems()
        yield from self.network.distributed_problems(self.instance_count)

    def disk_problems(self, *, encrypted: bool) -> Iterator[str]:
        """What AWS would refuse of its disks when they get the key of the reports.

        Source: ProcessingClusterConfig of SageMaker's API reference, VolumeKmsKeyId.
        """
        known = is_known(self.instance_type)
        if encrypted and known and has_local_storage(self.instance_type):
            yield (
                f"job instance_type: got {self.instance_type} with an encryption key, which cannot "
                "encrypt its local NVMe disks (their hardware does); use a type without local disks"
            )
