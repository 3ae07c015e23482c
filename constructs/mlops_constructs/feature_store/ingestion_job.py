"""The machine, the program and the network of an ingestion's runs."""

from collections.abc import Iterator
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from mlops_constructs._instance_type import has_local_storage, is_instance_type
from mlops_constructs._job_network import JobNetwork
from mlops_constructs._problems import is_known, outside
from mlops_constructs.network import NetworkBase

_LONGEST_RUN_SECONDS = 777_600
_HOUR = 3600
_MOST_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class IngestionJob:
    """The runs of an ingestion.

    Args:
        repository: ECR repository with the program. The image of a project (seed code,
            `model_build`) has it; another image has to take the same arguments.
        tag_or_digest: of the image; a digest begins with `sha256:`.
        instance_type: for example `ml.m5.large`; runs have one instance.
        volume_size_in_gb: disk of the instance, with room for the largest file.
        max_runtime: how long a run may take, up to 9 days. Left out: an hour.
        concurrency: records that are written at the same time, 1 to 100. What AWS throttles is
            tried again, and slower.
        network: network that a run joins; it needs `NetworkUseCase.FEATURE_STORE`. Left out: none.
        encryption_key: key of the disk, of the schedule and of `dead_letter_queue`. Left out:
            that of the files' bucket, or AWS's where it has none.
        role: with which runs act. Left out: one that is made here, with least privilege.

    Source: CreateProcessingJob of SageMaker's API reference.

    Example:
        ```python
        IngestionJob(
            repository=repository,
            tag_or_digest="1",
            network=Network(stack, "Private", uses=[NetworkUseCase.FEATURE_STORE]),
        )
        ```
    """

    repository: ecr.IRepository
    tag_or_digest: str
    instance_type: str = "ml.m5.large"
    volume_size_in_gb: int = 20
    max_runtime: cdk.Duration | None = None
    concurrency: int = 16
    network: NetworkBase | None = None
    encryption_key: kms.IKey | None = None
    role: iam.IRole | None = None

    def maximum_seconds(self) -> int:
        """How long a run may take."""
        return _HOUR if self.max_runtime is None else int(self.max_runtime.to_seconds())

    @property
    def joined(self) -> JobNetwork:
        """The network, as the request of a job takes it."""
        if self.network is None:
            return JobNetwork()
        return JobNetwork(
            vpc=self.network.vpc,
            subnets=self.network.subnet_selection,
            security_groups=self.network.security_groups,
            internal=self.network.internal,
        )

    def problems(self, key: kms.IKey | None) -> Iterator[str]:
        """What AWS would refuse; `key` is that of the disk."""
        if is_known(self.tag_or_digest) and not self.tag_or_digest:
            yield "job tag_or_digest: got ''; allowed is a tag, or a digest such as sha256:…"
        if is_known(self.instance_type):
            if not is_instance_type(self.instance_type):
                yield (
                    f"job instance_type: got {self.instance_type!r}; allowed is one such as "
                    "ml.m5.large"
                )
            elif key is not None and has_local_storage(self.instance_type):
                yield (
                    f"job instance_type: got {self.instance_type} with an encryption key, which "
                    "cannot encrypt its local NVMe disks; use a type without local disks"
                )
        if outside(self.volume_size_in_gb, 1, 16_384):
            yield f"job volume_size_in_gb: got {self.volume_size_in_gb}; allowed are 1 to 16384"
        if outside(self.concurrency, 1, _MOST_AT_ONCE):
            yield f"job concurrency: got {self.concurrency}; allowed are 1 to {_MOST_AT_ONCE}"
        seconds = self.maximum_seconds()
        if outside(seconds, 1, _LONGEST_RUN_SECONDS):
            yield (
                f"job max_runtime: got {seconds} seconds; allowed are 1 to {_LONGEST_RUN_SECONDS}"
            )
        yield from self.joined.problems()
