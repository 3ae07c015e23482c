"""Attributes of keys, buckets, repositories and roles, read once for each.

They do not change, and an access is a call to the jsii process.
"""

from collections.abc import Callable
from weakref import WeakKeyDictionary

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

_KNOWN: WeakKeyDictionary[IConstruct, dict[str, str]] = WeakKeyDictionary()


def key_arn(key: kms.IKey) -> str:
    """Returns the ARN of a key."""
    return _once(key, "key_arn", lambda: key.key_arn)


def bucket_arn(bucket: s3.IBucket) -> str:
    """Returns the ARN of a bucket."""
    return _once(bucket, "bucket_arn", lambda: bucket.bucket_arn)


def bucket_name(bucket: s3.IBucket) -> str:
    """Returns the name of a bucket."""
    return _once(bucket, "bucket_name", lambda: bucket.bucket_name)


def arn_of_objects(bucket: s3.IBucket, keys: str) -> str:
    """Returns the ARN of objects of a bucket, as `IBucket.arn_for_objects` does.

    Args:
        bucket: the bucket.
        keys: pattern of the keys.
    """
    return f"{bucket_arn(bucket)}/{keys}"


def repository_arn(repository: ecr.IRepository) -> str:
    """Returns the ARN of an image repository."""
    return _once(repository, "repository_arn", lambda: repository.repository_arn)


def role_arn(role: iam.IRole) -> str:
    """Returns the ARN of a role."""
    return _once(role, "role_arn", lambda: role.role_arn)


def _once(construct: IConstruct, name: str, read: Callable[[], str]) -> str:
    known = _KNOWN.setdefault(construct, {})
    if name not in known:
        known[name] = read()
    return known[name]
