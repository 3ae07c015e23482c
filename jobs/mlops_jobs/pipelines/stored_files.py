"""Files of the data on S3, as the train build reads them."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mlops_jobs.failure import InputError


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file on S3.

    Args:
        bucket: name of the bucket.
        key: key of the object.
        size: size in bytes.
        etag: hash of the content, by S3.
    """

    bucket: str
    key: str
    size: int
    etag: str


def files_of(uri: str, s3: Any) -> list[StoredFile]:
    """Lists the files of the data, without markers of the tools that wrote it.

    Args:
        uri: S3 URI of a file, or of a folder if it ends with `/`.
        s3: boto3 client of S3.

    Raises:
        InputError: there is no file, or the role of the build cannot read it.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    with _s3_errors_explained(uri):
        if not key.endswith("/"):
            head = s3.head_object(Bucket=bucket, Key=key)
            size, etag = head["ContentLength"], head["ETag"]
            return [StoredFile(bucket=bucket, key=key, size=size, etag=etag)]
        found = list_folder(bucket, key, s3)
    if not found:
        raise InputError(
            f"data.uri: got {uri}, which holds no object; upload the table there, or change it"
        )
    return found


def list_folder(bucket: str, prefix: str, s3: Any) -> list[StoredFile]:
    """Lists the files of a folder, without markers of the tools that wrote it.

    Args:
        bucket: name of the bucket.
        prefix: key of the folder, with `/` at its end.
        s3: boto3 client of S3.
    """
    return [
        StoredFile(bucket=bucket, key=entry["Key"], size=entry["Size"], etag=entry["ETag"])
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for entry in page.get("Contents", [])
        if not entry["Key"].endswith("/") and Path(entry["Key"]).name[0] not in "._"
    ]


def version_of(files: Sequence[StoredFile]) -> str:
    """Returns a hash of the content of files.

    Args:
        files: the files.
    """
    digest = hashlib.sha256(repr([(entry.key, entry.etag) for entry in files]).encode())
    return digest.hexdigest()[:16]


def download(
    files: Sequence[StoredFile], folder: Path, s3: Any, *, heading_bytes: int | None = None
) -> None:
    """Downloads files.

    Args:
        files: the files.
        folder: existing folder for them.
        s3: boto3 client of S3.
        heading_bytes: only the first bytes of a file are downloaded. Defaults to None: all.

    Raises:
        InputError: the role of the build cannot read a file.
    """
    for number, entry in enumerate(files):
        byte_range = (
            {"Range": f"bytes=0-{heading_bytes - 1}"}
            # The names of a Parquet file's columns are at its end.
            if heading_bytes and entry.size and not entry.key.endswith(".parquet")
            else {}
        )
        with _s3_errors_explained(f"s3://{entry.bucket}/{entry.key}"):
            body = s3.get_object(Bucket=entry.bucket, Key=entry.key, **byte_range)["Body"].read()
        (folder / f"{number:05d}-{Path(entry.key).name}").write_bytes(body)


@contextmanager
def _s3_errors_explained(uri: str) -> Iterator[None]:
    """Raises an InputError with the remedy when the table cannot be read from S3."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchKey", "NoSuchBucket"):
            raise InputError(
                f"data.uri: got {uri}, which does not exist; the URI of a folder ends with /"
            ) from error
        if code in ("403", "AccessDenied"):
            raise InputError(
                f"data.uri: the role of the train build cannot read {uri} ({error}); grant "
                "s3:GetObject, s3:ListBucket and kms:Decrypt to it and to the pipeline's role"
            ) from error
        raise
