"""The bucket of a project, or of a stage in another account."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

_OLD_VERSIONS = cdk.Duration.days(90)
_UNFINISHED_UPLOADS = cdk.Duration.days(7)


def project_bucket(
    scope: Construct,
    construct_id: str,
    *,
    key: kms.IKey,
    removal_policy: cdk.RemovalPolicy,
    server_access_logs_bucket: s3.IBucket | None,
    bucket_name: str | None = None,
) -> s3.Bucket:
    """Defines a private, versioned bucket that a key encrypts.

    Args:
        scope: parent of the bucket.
        construct_id: id of the bucket within the scope.
        key: key of the objects.
        removal_policy: what happens to the bucket when the stack is deleted.
        server_access_logs_bucket: bucket of the server access logs; None for no logs.
        bucket_name: name of the bucket. Defaults to None: CloudFormation generates it.
    """
    return s3.Bucket(
        scope,
        construct_id,
        bucket_name=bucket_name,
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
                noncurrent_version_expiration=_OLD_VERSIONS,
                abort_incomplete_multipart_upload_after=_UNFINISHED_UPLOADS,
            )
        ],
    )
