"""Where a platform's pipeline keeps its artifacts, in its own region and in those of its stages."""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.delivery import ArtifactStore
from stacks.default_settings import DefaultSettings
from stacks.platform_stack import PlatformStack

_READERS = "only the pipeline's roles read it, which CloudTrail records"
_REMADE = "what was deployed is in git; the artifacts are made anew from it"


class ReplicaStack(PlatformStack):
    """Holds the artifacts that actions in another region than the pipeline's read.

    The pipeline's stack depends on it, so that who deploys that one deploys this one before.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Artifacts of the platform's pipeline for actions in this region",
            cross_region_references=True,
        )
        self.store = artifact_store(self)


def artifact_store(scope: Construct) -> ArtifactStore:
    """A bucket and its key in a stack; what is in it is thrown away after 90 days."""
    key = kms.Key(
        scope,
        "Key",
        description="Encrypts artifacts and logs",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    bucket = s3.Bucket(
        scope,
        "Artifacts",
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=cdk.Duration.days(90),
                noncurrent_version_expiration=cdk.Duration.days(30),
            )
        ],
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    _acknowledge(bucket)
    return ArtifactStore(bucket=bucket, key=key)


def _acknowledge(bucket: s3.Bucket) -> None:
    findings = {"AwsSolutions-S1": _READERS}
    for pack in ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321"):
        findings[f"{pack}-S3BucketLoggingEnabled"] = _READERS
        findings[f"{pack}-S3BucketReplicationEnabled"] = _REMADE
    cdk.Validations.of(bucket).acknowledge(
        *(cdk.Acknowledgment(id=name, reason=reason) for name, reason in findings.items())
    )
    cast(s3.CfnBucket, bucket.node.default_child).add_metadata(
        "checkov", {"skip": [{"id": "CKV_AWS_18", "comment": _READERS}]}
    )
