"""Where pipelines and jobs of one project keep their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from mlops_constructs._problems import Problems
from mlops_constructs.access.service_role import Permission

_ALIAS = ":alias/"
_ARTIFACT_NAME_IN_KEY = 10
"""CodePipeline cuts names in artifact keys: PIPELINE (20 characters)/ARTIFACT (10)/random."""


@dataclass(frozen=True, kw_only=True)
class ArtifactStore:
    """Defines the bucket, and the key that encrypts it, for data, runs, models and artifacts.

    Its methods name the permissions that a role needs for a part of it.

    Args:
        bucket: the bucket.
        key: the key that encrypts it.
        replicas: by region, the stores where CodePipeline leaves artifacts for actions in other
            regions. Default: none.

    Raises ValueError for the alias of a key.
    """

    bucket: s3.IBucket
    key: kms.IKey
    replicas: Mapping[str, ArtifactStore] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = Problems("the artifact store")
        if _ALIAS in self.key.key_arn:
            problems.add(
                "key is an alias, and IAM lets nobody use a key by the ARN of its alias; give the "
                "key itself, such as kms.Key.from_key_arn"
            )
        problems.raise_if_any()

    def read(self, *prefixes: str) -> list[Permission]:
        """Read objects below `prefixes`, and list them."""
        return [
            self._objects(["s3:GetObject", "s3:GetObjectVersion"], prefixes),
            Permission(
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
            ),
            Permission(actions=["s3:GetBucketLocation"], resources=[self.bucket.bucket_arn]),
            self._decrypt(),
        ]

    def write(self, *prefixes: str) -> list[Permission]:
        """Write objects below `prefixes`, in parts if they are large."""
        return [
            self._objects(["s3:PutObject", "s3:AbortMultipartUpload"], prefixes),
            self._encrypt(),
        ]

    def read_artifacts(self, names: Iterable[str]) -> list[Permission]:
        """Read CodePipeline artifacts of these names."""
        keys = artifact_keys(names)
        return [self._artifacts(["s3:GetObject", "s3:GetObjectVersion"], keys), self._decrypt()]

    def read_all_artifacts(self) -> list[Permission]:
        """Read artifacts whatever their names."""
        return self.read_artifacts([""])

    def fixed(self, scope: Construct, construct_id: str) -> s3.IBucket:
        """The bucket, with its key, as one whose policies no construct can widen."""
        key = kms.Key.from_key_arn(scope, f"{construct_id}Key", self.key.key_arn)
        return s3.Bucket.from_bucket_attributes(
            scope, construct_id, bucket_arn=self.bucket.bucket_arn, encryption_key=key
        )

    def share(self, principal: iam.IPrincipal) -> list[str]:
        """Lets a principal of another account read artifacts, by the bucket's and key's policies.

        Gives what is in the way: the policy of something imported cannot be changed from here.
        """
        statements = (
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                principals=[principal],
                resources=[self.bucket.arn_for_objects("*")],
            ),
            iam.PolicyStatement(
                actions=["s3:GetBucketLocation"],
                principals=[principal],
                resources=[self.bucket.bucket_arn],
            ),
        )
        added = [self.bucket.add_to_resource_policy(one).statement_added for one in statements]
        of_key = iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:DescribeKey"], principals=[principal], resources=["*"]
        )
        problems = []
        if not all(added):
            problems.append(
                "the artifact bucket is imported, so its policy cannot let the target account read "
                "it; define the pipeline in the bucket's app, or own the bucket"
            )
        if not self.key.add_to_resource_policy(of_key).statement_added:
            problems.append(
                "the artifacts' key is imported, so its policy cannot let the target account use "
                "it; define the pipeline in the key's app, or own the key"
            )
        return problems

    def write_artifacts(self, names: Iterable[str]) -> list[Permission]:
        """Write CodePipeline artifacts of these names."""
        return [self._artifacts(["s3:PutObject"], artifact_keys(names)), self._encrypt()]

    def use_of_bucket(self) -> Permission:
        """What CodePipeline asks of its artifact bucket itself."""
        return Permission(
            actions=["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
            resources=[self.bucket.bucket_arn],
        )

    def encrypt_logs(self, scope: IConstruct) -> kms.IKey:
        """Lets CloudWatch Logs use the key, for log groups in the account and region of `scope`.

        A key that is imported keeps the policy that it has.

        Source: CloudWatch Logs User Guide, "Encrypt log data using AWS KMS".
        """
        stack = cdk.Stack.of(scope)
        groups = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
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
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )
        return self.key

    def _objects(self, actions: list[str], prefixes: Iterable[str]) -> Permission:
        return Permission(
            actions=actions,
            resources=[self.bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes],
            because="keys below the prefix are made by runs and not known beforehand",
        )

    def _artifacts(self, actions: list[str], keys: Iterable[str]) -> Permission:
        return Permission(
            actions=actions,
            resources=[self.bucket.arn_for_objects(key) for key in keys],
            because="CodePipeline puts its cut name before, and a random name after the artifact's",
        )

    def _decrypt(self) -> Permission:
        return Permission(actions=["kms:Decrypt"], resources=[self.key.key_arn])

    def _encrypt(self) -> Permission:
        # A multipart upload also decrypts: S3 reads the parts back when it completes the object.
        return Permission(
            actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self.key.key_arn]
        )


def artifact_keys(names: Iterable[str]) -> list[str]:
    """The patterns that match the keys of CodePipeline artifacts."""
    return [f"*/{name[:_ARTIFACT_NAME_IN_KEY]}*/*" for name in names]
