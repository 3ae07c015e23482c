"""Rarely used options of variants on instances: prefix-aware routing and core dumps."""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside
from mlops_constructs.access import Permission
from mlops_constructs.hosting._permissions import grant


@dataclass(frozen=True, kw_only=True)
class PrefixAwareRouting:
    """Settings of `RoutingStrategy.PREFIX_AWARE`.

    Requests whose prompts begin alike go to the instance that served the same prefix before.

    Args:
        prefix_length: length of the compared prefix of a prompt in characters, 1024 to 65536.
        concurrency_threshold: number of requests in progress above which another instance gets the
            request, 1 to 1024.

    Source: PrefixAwareRoutingConfig of SageMaker's API reference.

    Example:
        ```python
        PrefixAwareRouting(prefix_length=4096, concurrency_threshold=16)
        ```
    """

    prefix_length: int
    concurrency_threshold: int

    def problems(self) -> list[str]:
        """Validates the settings; returns one message per problem."""
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
        """Returns the PrefixAwareRoutingConfig of a variant."""
        return sagemaker.CfnEndpointConfig.PrefixAwareRoutingConfigProperty(
            prefix_length=self.prefix_length, concurrency_threshold=self.concurrency_threshold
        )


@dataclass(frozen=True, kw_only=True)
class CoreDumpConfig:
    """Destination of the core dumps of crashed containers.

    A core dump contains requests, so it is as confidential as they are.

    Args:
        bucket: bucket in the region of the endpoint.
        prefix: key prefix of the dumps, without leading or trailing slash. Defaults to
            `core-dumps`.
        encryption_key: KMS key of the dumps. Defaults to None: the key of the bucket.

    Source: ProductionVariantCoreDumpConfig of SageMaker's API reference.

    Example:
        ```python
        CoreDumpConfig(bucket=bucket, prefix="dumps/churn")
        ```
    """

    bucket: s3.IBucket
    prefix: str = "core-dumps"
    encryption_key: kms.IKey | None = None

    @property
    def key(self) -> kms.IKey | None:
        """KMS key of the dumps, or None without one."""
        return self.encryption_key or self.bucket.encryption_key

    def problems(self) -> list[str]:
        """Validates the settings; returns one message per problem."""
        prefix = self.prefix
        if not is_known(prefix) or (prefix and prefix == prefix.strip("/")):
            return []
        return [f"core_dumps prefix: got {prefix!r}; allowed is a path without slashes around it"]

    def grant_write(self, role: iam.IRole) -> None:
        """Lets the role of a model write dumps; does not change an imported role.

        Args:
            role: execution role of the model.
        """
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
        """Returns the CoreDumpConfig of a variant."""
        key = self.key
        return sagemaker.CfnEndpointConfig.CoreDumpConfigProperty(
            destination_s3_uri=self.bucket.s3_url_for_object(self.prefix),
            kms_key_id=key.key_arn if key else None,
        )
