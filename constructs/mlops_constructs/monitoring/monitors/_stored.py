"""Files and prefixes in buckets that monitors read and write."""

from dataclasses import dataclass

from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """An object in a bucket."""

    bucket: s3.IBucket
    key: str

    @property
    def uri(self) -> str:
        """The S3 URI of the object."""
        return self.bucket.s3_url_for_object(self.key)

    @property
    def arn(self) -> str:
        """The ARN of the object."""
        return self.bucket.arn_for_objects(self.key)


@dataclass(frozen=True, kw_only=True)
class StoredPrefix:
    """A prefix in a bucket."""

    bucket: s3.IBucket
    prefix: str


def prefix_problems(name: str, prefix: str) -> list[str]:
    """Returns a message if a prefix is empty or has a leading or trailing slash."""
    if not is_known(prefix) or (prefix and prefix == prefix.strip("/")):
        return []
    return [f"{name}: got {prefix!r}; allowed is a path without leading or trailing slash"]


def key_problems(name: str, key: str) -> list[str]:
    """Returns a message if a key does not name an object."""
    if not is_known(key) or (key and not key.startswith("/") and not key.endswith("/")):
        return []
    return [f"{name}: got {key!r}; allowed is the key of one object, such as 'baseline/1.json'"]
