"""Files in buckets that monitors read and write."""

from dataclasses import dataclass

from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """One object of a bucket."""

    bucket: s3.IBucket
    key: str

    @property
    def uri(self) -> str:
        return self.bucket.s3_url_for_object(self.key)

    @property
    def arn(self) -> str:
        return self.bucket.arn_for_objects(self.key)


@dataclass(frozen=True, kw_only=True)
class StoredPrefix:
    """A part of a bucket that runs read, key by key."""

    bucket: s3.IBucket
    prefix: str


def prefix_problems(name: str, prefix: str) -> list[str]:
    """A prefix is a path without slashes around it."""
    if not is_known(prefix) or (prefix and prefix == prefix.strip("/")):
        return []
    return [f"{name}: got {prefix!r}; allowed is a path without slashes around it"]


def key_problems(name: str, key: str) -> list[str]:
    """A key names one object."""
    if not is_known(key) or (key and not key.startswith("/") and not key.endswith("/")):
        return []
    return [f"{name}: got {key!r}; allowed is the key of one object, such as 'baseline/1.json'"]
