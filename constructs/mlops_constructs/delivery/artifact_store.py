"""Where pipelines and jobs of one project keep their files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from mlops_constructs.access.service_role import Permission

_ARTIFACT_NAME_IN_KEY = 10
"""CodePipeline cuts names in artifact keys: PIPELINE (20 characters)/ARTIFACT (10)/random."""


@dataclass(frozen=True, kw_only=True)
class ArtifactStore:
    """Defines the bucket, and the key that encrypts it, for data, runs, models and artifacts.

    Its methods name the permissions that a role needs for a part of it.
    """

    bucket: s3.IBucket
    key: kms.IKey

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
