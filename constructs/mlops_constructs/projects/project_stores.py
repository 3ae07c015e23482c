"""Where a project keeps its data, models and images."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._findings import acknowledge, without_access_log, without_replica
from mlops_constructs.delivery import ArtifactStore

from .adopted_stores import AdoptedStores, created_or, define_only_if_created

_IMAGE_RETENTION = cdk.Duration.days(180)
_REPRODUCIBLE = (
    "runs and models can be made again from the repositories and the data; data that nobody else "
    "has is for its owner to copy"
)
_CLOUDTRAIL = (
    "access to objects is recorded by the account's CloudTrail data events; a log bucket for each "
    "project would outlive the project and be read by nobody. One of the account's can be given"
)
_MOVED_TAGS = (
    "the tag is the commit id, which a retried build pushes again; endpoints keep an image's digest"
)


class ProjectStores(Construct):
    """Defines a project's key, its artifact bucket and its image repository.

    One key of the project's own, rotated every year, encrypts both.

    The bucket keeps old versions of an object for 90 days. Data, runs and models have no end:
    which of them are needed again, only the team knows.

    Image tags can be moved. The tag is the commit id; a retried build of a commit pushes the tag
    again with an image that differs in its time stamps, and would fail for ever if tags were
    immutable. Models are not affected: SageMaker resolves a tag to the image's digest when it
    creates a model. The image that lost its tag is kept for 180 days for endpoints that still
    scale out with it; tagged images are kept.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: cdk.RemovalPolicy,
        server_access_logs_bucket: s3.IBucket | None = None,
        adopted: AdoptedStores | None = None,
    ) -> None:
        """Creates the stores.

        Args:
            removal_policy: what happens to all of them when the stack is deleted. DESTROY also
                deletes images; a bucket must be emptied first, as CloudFormation does not do so.
            server_access_logs_bucket: where S3 writes who read and wrote. Default: nowhere.
            adopted: stores that are there already. Default: new ones.
        """
        super().__init__(scope, construct_id)
        self.artifacts: ArtifactStore
        self.images: ecr.IRepository
        self.created_key: kms.Key | None = None
        if adopted is not None and adopted.unless is None:
            self._take_up(adopted)
            return
        self.created_key = key = self._define_key(removal_policy)
        bucket = self._define_bucket(key, removal_policy, server_access_logs_bucket)
        images = self._define_images(key, removal_policy)
        self.artifacts = ArtifactStore(bucket=bucket, key=key)
        self.images = images
        if adopted is not None:
            # What is referred to from now on may be another key, with the policy of its own.
            self.artifacts.encrypt_logs(self)
            resources = [one for one in self.node.find_all() if isinstance(one, cdk.CfnResource)]
            define_only_if_created(adopted, *resources)
            self._take_up(adopted, bucket=bucket, key=key, images=images)

    def _take_up(
        self,
        adopted: AdoptedStores,
        *,
        bucket: s3.Bucket | None = None,
        key: kms.Key | None = None,
        images: ecr.Repository | None = None,
    ) -> None:
        """Refers to what is adopted, or to what is created instead."""
        used_key = kms.Key.from_key_arn(
            self,
            "KeyInUse",
            created_or(adopted, created=key.key_arn if key else "", taken_up=adopted.key_arn),
        )
        used_bucket = s3.Bucket.from_bucket_attributes(
            self,
            "ArtifactsInUse",
            bucket_name=created_or(
                adopted, created=bucket.bucket_name if bucket else "", taken_up=adopted.bucket_name
            ),
            encryption_key=used_key,
        )
        self.artifacts = ArtifactStore(bucket=used_bucket, key=used_key)
        self.images = ecr.Repository.from_repository_name(
            self,
            "ImagesInUse",
            created_or(
                adopted,
                created=images.repository_name if images else "",
                taken_up=adopted.image_repository_name,
            ),
        )

    def _define_key(self, removal_policy: cdk.RemovalPolicy) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description="Encrypts data, models and images of one SageMaker project",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )

    def _define_bucket(
        self,
        key: kms.Key,
        removal_policy: cdk.RemovalPolicy,
        server_access_logs_bucket: s3.IBucket | None,
    ) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Artifacts",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            server_access_logs_bucket=server_access_logs_bucket,
            removal_policy=removal_policy,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="OldVersions",
                    noncurrent_version_expiration=cdk.Duration.days(90),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                )
            ],
        )
        acknowledge(bucket, without_replica(_REPRODUCIBLE))
        if server_access_logs_bucket is None:
            acknowledge(bucket, without_access_log(_CLOUDTRAIL))
        return bucket

    def _define_images(self, key: kms.Key, removal_policy: cdk.RemovalPolicy) -> ecr.Repository:
        images = ecr.Repository(
            self,
            "Images",
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.MUTABLE,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    description="Images whose tag was moved to a newer one",
                    tag_status=ecr.TagStatus.UNTAGGED,
                    max_image_age=_IMAGE_RETENTION,
                )
            ],
            removal_policy=removal_policy,
            empty_on_delete=removal_policy == cdk.RemovalPolicy.DESTROY,
        )
        acknowledge(images, {"CKV_AWS_51": _MOVED_TAGS})
        return images
