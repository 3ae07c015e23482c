"""Key, artifact bucket and image repository of a project."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._environment import inherit
from mlops_constructs._findings import acknowledge, without_access_log, without_replica
from mlops_constructs.delivery import ArtifactStore

from ._project_bucket import project_bucket
from .adopted_stores import AdoptedStores, created_or, define_only_if_created

_IMAGE_RETENTION = cdk.Duration.days(180)
_REPRODUCIBLE = (
    "runs and models can be reproduced from the repositories and the data; the owner of the data "
    "is responsible for copies of it"
)
_CLOUDTRAIL = (
    "CloudTrail data events of the account record access to objects; a log bucket for each project "
    "would outlive the project. A log bucket of the account can be set"
)
_MUTABLE_TAGS = (
    "the tag is the commit id, which a retried build pushes again; endpoints keep an image's digest"
)


class ProjectStores(Construct):
    """Defines a project's key, its artifact bucket and its image repository.

    A dedicated key with yearly rotation encrypts both.

    The bucket keeps noncurrent versions of an object for 90 days. Data, runs and models do not
    expire, because only the team can decide which are still needed.

    Image tags are mutable. The tag is the commit id; a retried build of a commit pushes the tag
    again with an image that differs in its timestamps, and with immutable tags every retry would
    fail. Models are not affected: SageMaker resolves a tag to the image's digest when it creates a
    model. An image that lost its tag is kept for 180 days for endpoints that still scale out with
    it; tagged images do not expire.

    Args:
        removal_policy: what happens to the stores when the stack is deleted. DESTROY also deletes
            images; the bucket must be empty, because CloudFormation does not empty it.
        server_access_logs_bucket: bucket for S3 server access logs. Defaults to None: no server
            access logs.
        adopted: existing stores to adopt. Defaults to None: new stores.
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
        super().__init__(scope, construct_id)
        inherit(self, scope)
        self.artifacts: ArtifactStore
        self.images: ecr.IRepository
        self.created_key: kms.Key | None = None
        if adopted is not None and adopted.unless is None:
            self._import(adopted)
            return
        self.created_key = key = self._define_key(removal_policy)
        bucket = self._define_bucket(key, removal_policy, server_access_logs_bucket)
        images = self._define_images(key, removal_policy)
        self.artifacts = ArtifactStore(bucket=bucket, key=key)
        self.images = images
        if adopted is not None:
            # The imported key below may be the adopted one, whose policy cannot be changed.
            self.artifacts.encrypt_logs(self)
            resources = [one for one in self.node.find_all() if isinstance(one, cdk.CfnResource)]
            define_only_if_created(adopted, *resources)
            self._import(adopted, bucket=bucket, key=key, images=images)

    def _import(
        self,
        adopted: AdoptedStores,
        *,
        bucket: s3.Bucket | None = None,
        key: kms.Key | None = None,
        images: ecr.Repository | None = None,
    ) -> None:
        """Imports the adopted stores, or those that are created instead."""
        used_key = kms.Key.from_key_arn(
            self,
            "KeyInUse",
            created_or(adopted, created=key.key_arn if key else "", existing=adopted.key_arn),
        )
        used_bucket = s3.Bucket.from_bucket_attributes(
            self,
            "ArtifactsInUse",
            bucket_name=created_or(
                adopted, created=bucket.bucket_name if bucket else "", existing=adopted.bucket_name
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
                existing=adopted.image_repository_name,
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
        bucket = project_bucket(
            self,
            "Artifacts",
            key=key,
            removal_policy=removal_policy,
            server_access_logs_bucket=server_access_logs_bucket,
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
        acknowledge(images, {"CKV_AWS_51": _MUTABLE_TAGS})
        return images
