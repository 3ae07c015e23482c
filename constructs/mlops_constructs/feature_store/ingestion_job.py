"""Image, compute resources, limits, network and role of an ingestion's runs."""

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

_MAX_RUN_SECONDS = 777_600
_DEFAULT_RUN_SECONDS = 3600
_MAX_CONCURRENCY = 100


@dataclass(frozen=True, kw_only=True)
class IngestionJob:
    """The runs of an ingestion.

    Args:
        repository: ECR repository of the image. The image of a project (seed code, `model_build`)
            contains the program; any other image must accept the same arguments.
        tag_or_digest: tag, or a digest that begins with `sha256:`.
        instance_type: ML instance type; a run has one instance. Defaults to `ml.m5.large`.
        volume_size_in_gb: volume of the instance in GB, 1 to 16,384, with room for the largest
            file. Defaults to 20.
        max_runtime: maximum time of a run, up to 9 days. Defaults to None: one hour.
        concurrency: number of records that are written concurrently, 1 to 100. Throttled requests
            are retried with backoff. Defaults to 16.
        network: network of the runs, with `NetworkUseCase.FEATURE_STORE`. Defaults to None: no VPC.
        encryption_key: key of the disk, of the schedule and of `dead_letter_queue`. Defaults to
            None: the key of the files' bucket, or an AWS managed key if the bucket has none.
        role: execution role of the runs. Defaults to None: a role with least privilege.

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

    def max_seconds(self) -> int:
        """Returns the maximum time of a run in seconds."""
        if self.max_runtime is None:
            return _DEFAULT_RUN_SECONDS
        return int(self.max_runtime.to_seconds())

    @property
    def joined(self) -> JobNetwork:
        """The network in the form of a processing job's request."""
        if self.network is None:
            return JobNetwork()
        return JobNetwork(
            vpc=self.network.vpc,
            subnets=self.network.subnet_selection,
            security_groups=self.network.security_groups,
            internal=self.network.internal,
        )

    def problems(self, key: kms.IKey | None) -> Iterator[str]:
        """Validates the job; yields one message per problem.

        Args:
            key: key of the disk; None without a customer managed key.
        """
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
        if outside(self.concurrency, 1, _MAX_CONCURRENCY):
            yield f"job concurrency: got {self.concurrency}; allowed are 1 to {_MAX_CONCURRENCY}"
        seconds = self.max_seconds()
        if outside(seconds, 1, _MAX_RUN_SECONDS):
            yield (f"job max_runtime: got {seconds} seconds; allowed are 1 to {_MAX_RUN_SECONDS}")
        yield from self.joined.problems()
