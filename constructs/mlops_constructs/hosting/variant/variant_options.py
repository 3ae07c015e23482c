"""What few variants on instances need: routing by prefix, core dumps."""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside
from mlops_constructs.access import Permission
from mlops_constructs.hosting._permissions import grant


@dataclass(frozen=True, kw_only=True)
class PrefixRouting:
    """How `Routing.PREFIX_AWARE` finds the instance that answered the same beginning before.

    Args:
        prefix_length: how much of a prompt is compared, 1024 to 65536.
        concurrency_threshold: requests in progress above which another instance gets the request,
            1 to 1024.

    Source: PrefixAwareRoutingConfig of SageMaker's API reference.

    Example:
        ```python
        PrefixRouting(prefix_length=4096, concurrency_threshold=16)
        ```
    """

    prefix_length: int
    concurrency_threshold: int

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = []
        if outside(self.prefix_length, 1024, 65_536):
            found.append(
                f"prefix_routing prefix_length: got {self.prefix_length}; allowed are 1024 to 65536"
            )
        if outside(self.concurrency_threshold, 1, 1024):
            found.append(
                f"prefix_routing concurrency_threshold: got {self.concurrency_threshold}; allowed "
                "are 1 to 1024"
            )
        return found

    def render(self) -> sagemaker.CfnEndpointConfig.PrefixAwareRoutingConfigProperty:
        """The PrefixAwareRoutingConfig of a variant."""
        return sagemaker.CfnEndpointConfig.PrefixAwareRoutingConfigProperty(
            prefix_length=self.prefix_length, concurrency_threshold=self.concurrency_threshold
        )


@dataclass(frozen=True, kw_only=True)
class CoreDumps:
    """Where SageMaker writes the memory of a container whose process has crashed.

    The memory holds requests, so it is as confidential as they are.

    Args:
        bucket: bucket of the same region.
        prefix: part of the bucket, without slashes around it.
        encryption_key: key of the dumps. Left out: the bucket's own.

    Source: ProductionVariantCoreDumpConfig of SageMaker's API reference.

    Example:
        ```python
        CoreDumps(bucket=bucket, prefix="dumps/churn")
        ```
    """

    bucket: s3.IBucket
    prefix: str = "core-dumps"
    encryption_key: kms.IKey | None = None

    @property
    def key(self) -> kms.IKey | None:
        return self.encryption_key or self.bucket.encryption_key

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        prefix = self.prefix
        if not is_known(prefix) or (prefix and prefix == prefix.strip("/")):
            return []
        return [f"core_dumps prefix: got {prefix!r}; allowed is a path without slashes around it"]

    def grant_write(self, role: iam.IRole) -> None:
        """Lets the role of a model write dumps; an imported role is left alone."""
        allowed = [
            Permission(
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"{self.prefix}/*")],
                because="SageMaker chooses the keys of core dumps",
            ),
        ]
        if self.key is not None:
            actions = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
            allowed.append(Permission(actions=actions, resources=[self.key.key_arn]))
        grant(role, allowed)

    def render(self) -> sagemaker.CfnEndpointConfig.CoreDumpConfigProperty:
        """The CoreDumpConfig of a variant."""
        key = self.key
        return sagemaker.CfnEndpointConfig.CoreDumpConfigProperty(
            destination_s3_uri=self.bucket.s3_url_for_object(self.prefix),
            kms_key_id=key.key_arn if key else None,
        )
