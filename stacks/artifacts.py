"""Artifact stores of the platform pipeline, in its region and in those of its stages."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.delivery import ArtifactStore
from mlops_constructs.validation import acknowledge, without_access_log, without_replica
from stacks.platform_stack import PlatformStack
from stacks.settings.defaults import DefaultSettings

_READERS = "only the pipeline's roles read it, and CloudTrail records their access"
_REPRODUCIBLE = "artifacts are reproducible from the commit in git"


class ReplicaStack(PlatformStack):
    """Defines the artifact store of actions in another region than the pipeline's.

    The pipeline's stack depends on it, so that a deployment of that stack deploys this one first.

    Args:
        defaults: settings of every stack.
        env: account and region.
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
    """Creates a bucket and its key in a stack; objects expire after 90 days."""
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
    acknowledge(bucket, {**without_access_log(_READERS), **without_replica(_REPRODUCIBLE)})
    return ArtifactStore(bucket=bucket, key=key)
