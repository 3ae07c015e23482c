"""S3 bucket and KMS key with the data, runs, models and pipeline artifacts of one project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from mlops_constructs._attributes import bucket_arn, key_arn
from mlops_constructs._environment import environment_of, stack_of
from mlops_constructs._problems import Problems
from mlops_constructs.access import Permission

_ALIAS = ":alias/"
_ARTIFACT_NAME_IN_KEY = 10
"""CodePipeline truncates names in artifact keys: PIPELINE (20 characters)/ARTIFACT (10)/random."""


@dataclass(frozen=True, kw_only=True)
class ArtifactStore:
    """Defines the bucket, and the key that encrypts it, for data, runs, models and artifacts.

    The methods return the permissions that a role needs for a part of the bucket.

    Args:
        bucket: the bucket.
        key: the KMS key that encrypts the bucket; not an alias.
        replicas: stores by region, such as "eu-west-1", for the artifacts of actions in other
            regions. Defaults to {}: all actions run in the region of the pipeline.

    Raises:
        ValueError: if the key is an alias.
    """

    bucket: s3.IBucket
    key: kms.IKey
    replicas: Mapping[str, ArtifactStore] = field(default_factory=dict)
    _stacks_of_logs: set[cdk.Stack] = field(
        default_factory=set, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        problems = Problems("ArtifactStore")
        if _ALIAS in key_arn(self.key):
            problems.add(
                "key: got an alias; allowed is the key itself, because IAM policies do not match "
                "the ARN of an alias: use kms.Key.from_key_arn"
            )
        problems.raise_if_any()

    def read(self, *prefixes: str) -> list[Permission]:
        """Returns the permissions to read and list objects below prefixes.

        Args:
            prefixes: key prefixes, such as "data/".
        """
        return [
            self._objects(["s3:GetObject", "s3:GetObjectVersion"], prefixes),
            Permission(
                actions=["s3:ListBucket"],
                resources=[bucket_arn(self.bucket)],
                conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
            ),
            Permission(actions=["s3:GetBucketLocation"], resources=[bucket_arn(self.bucket)]),
            self._decrypt(),
        ]

    def write(self, *prefixes: str) -> list[Permission]:
        """Returns the permissions to write objects below prefixes, multipart uploads included.

        Args:
            prefixes: key prefixes, such as "runs/".
        """
        return [
            self._objects(["s3:PutObject", "s3:AbortMultipartUpload"], prefixes),
            self._encrypt(),
        ]

    def read_artifacts(self, names: Iterable[str]) -> list[Permission]:
        """Returns the permissions to read CodePipeline artifacts.

        Args:
            names: names of the artifacts.
        """
        keys = artifact_keys(names)
        return [self._artifacts(["s3:GetObject", "s3:GetObjectVersion"], keys), self._decrypt()]

    def read_all_artifacts(self) -> list[Permission]:
        """Returns the permissions to read all CodePipeline artifacts."""
        return self.read_artifacts([""])

    def fixed(self, scope: Construct, construct_id: str) -> s3.IBucket:
        """Returns the bucket and its key as imported resources with immutable policies.

        Args:
            scope: parent construct of the imported resources.
            construct_id: id of the imported bucket.
        """
        key = kms.Key.from_key_arn(scope, f"{construct_id}Key", key_arn(self.key))
        return s3.Bucket.from_bucket_attributes(
            scope, construct_id, bucket_arn=self.bucket.bucket_arn, encryption_key=key
        )

    def share(self, principal: iam.IPrincipal, names: Iterable[str]) -> list[str]:
        """Allows a principal of another account to read artifacts, in the bucket and key policies.

        Args:
            principal: the principal that reads.
            names: names of the artifacts.

        Returns:
            Problems: the policy of an imported bucket or key cannot be changed.
        """
        statements = (
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                principals=[principal],
                resources=[f"{bucket_arn(self.bucket)}/{key}" for key in artifact_keys(names)],
            ),
            iam.PolicyStatement(
                actions=["s3:GetBucketLocation"],
                principals=[principal],
                resources=[bucket_arn(self.bucket)],
            ),
        )
        added = [self.bucket.add_to_resource_policy(one).statement_added for one in statements]
        of_key = iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:DescribeKey"], principals=[principal], resources=["*"]
        )
        problems = []
        if not all(added):
            problems.append(
                "artifacts: got an imported bucket, whose policy cannot grant access to the target "
                "account; define the pipeline in the bucket's app, or use a bucket of this app"
            )
        if not self.key.add_to_resource_policy(of_key).statement_added:
            problems.append(
                "artifacts: got an imported key, whose policy cannot grant access to the target "
                "account; define the pipeline in the key's app, or use a key of this app"
            )
        return problems

    def write_artifacts(self, names: Iterable[str]) -> list[Permission]:
        """Returns the permissions to write CodePipeline artifacts.

        Args:
            names: names of the artifacts.
        """
        return [self._artifacts(["s3:PutObject"], artifact_keys(names)), self._encrypt()]

    def use_artifacts(self, names: Sequence[str]) -> list[Permission]:
        """Returns the permissions of CodePipeline itself on its artifacts and their bucket.

        Args:
            names: names of the artifacts.
        """
        of_bucket = Permission(
            actions=["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
            resources=[bucket_arn(self.bucket)],
        )
        return [of_bucket, *self.read_artifacts(names), *self.write_artifacts(names)]

    def encrypt_logs(self, scope: IConstruct) -> kms.IKey:
        """Allows CloudWatch Logs to use the key for log groups in the stack of `scope`.

        The policy of an imported key is not changed.

        Args:
            scope: a construct in the stack of the log groups.

        Returns:
            The key.

        Source: CloudWatch Logs User Guide, "Encrypt log data using AWS KMS".
        """
        stack = stack_of(scope)
        if stack in self._stacks_of_logs:
            return self.key
        self._stacks_of_logs.add(stack)
        environment = environment_of(stack)
        groups = environment.arn(
            service="logs",
            resource="log-group",
            name="*",
            separator=":",
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=[
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                principals=[iam.ServicePrincipal(f"logs.{environment.region}.amazonaws.com")],
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )
        return self.key

    def _objects(self, actions: list[str], prefixes: Iterable[str]) -> Permission:
        return Permission(
            actions=actions,
            resources=[f"{bucket_arn(self.bucket)}/{prefix}*" for prefix in prefixes],
            because="runs create the keys below the prefix; they are not known in advance",
        )

    def _artifacts(self, actions: list[str], keys: Iterable[str]) -> Permission:
        return Permission(
            actions=actions,
            resources=[f"{bucket_arn(self.bucket)}/{key}" for key in keys],
            because="CodePipeline adds a truncated pipeline name before, and a random id after it",
        )

    def _decrypt(self) -> Permission:
        return Permission(actions=["kms:Decrypt"], resources=[key_arn(self.key)])

    def _encrypt(self) -> Permission:
        # A multipart upload also decrypts: S3 reads the parts back when it completes the object.
        return Permission(
            actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[key_arn(self.key)]
        )


def artifact_keys(names: Iterable[str]) -> list[str]:
    """Returns the patterns that match the keys of CodePipeline artifacts."""
    return [f"*/{name[:_ARTIFACT_NAME_IN_KEY]}*/*" for name in names]
