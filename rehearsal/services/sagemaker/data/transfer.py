"""Transfer of data between S3 and the directories of a job, as SageMaker does it."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.containers.sandbox_files import OutsideError, open_beneath
from rehearsal.framework.aws_client import aws_client
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError

_PARALLEL = 8


@dataclass(frozen=True)
class S3Location:
    """`s3://bucket/key`; the key may be a prefix or empty."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> S3Location:
        """Returns the location of an S3 URI; raises ExecutionFailedError if it is not one."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if not uri.startswith("s3://") or not bucket:
            raise ExecutionFailedError(
                f'ClientError: Invalid S3 URI "{uri}": expected s3://bucket/key-or-prefix.'
            )
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def below(self, *parts: str) -> S3Location:
        key = "/".join([self.key.rstrip("/"), *parts]).lstrip("/")
        return S3Location(self.bucket, key)


@dataclass(frozen=True)
class Shard:
    """The objects of one instance with ShardedByS3Key: as many as the others have, up to one.

    AWS documents the number of objects of an instance, not which ones it gets.

    Args:
        number: the number of the instance, from 0.
        count: the number of instances.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
    """

    number: int
    count: int


def download(
    session: boto3.Session,
    uri: str,
    directory: Path,
    data_type: str = "S3Prefix",
    shard: Shard | None = None,
) -> list[Path]:
    """Downloads an object, all objects below a prefix, or those of a manifest.

    As SageMaker does, a prefix also matches an object of exactly that name; the file then keeps its
    last part as name.

    Args:
        session: a session of the role that reads.
        uri: the URI of the object, prefix or manifest.
        directory: the folder of the files, which is created, even if its shard has no object.
        data_type: S3Prefix or ManifestFile. Defaults to S3Prefix.
        shard: downloads these objects only. Defaults to None: all of them.

    Raises:
        ExecutionFailedError: there is nothing, the role cannot read it, or a key would leave the
            directory.
    """
    client = aws_client(session, "s3")
    found = sources(session, uri, data_type)
    if shard is not None:
        found = found[shard.number :: shard.count]
    targets = [(source, _inside(directory, name, source)) for source, name in found]
    directory.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(lambda pair: _download_object(client, *pair), targets))
    return [target for _, target in targets]


def sources(
    session: boto3.Session, uri: str, data_type: str = "S3Prefix"
) -> list[tuple[S3Location, str]]:
    """Returns the objects that `download` downloads, each with its path in the directory."""
    client = aws_client(session, "s3")
    location = S3Location.parse(uri)
    if data_type == "ManifestFile":
        return list(_manifest(client, location))
    return list(_listing(client, location))


def download_object(session: boto3.Session, uri: str, target: Path) -> None:
    """Downloads one object."""
    _download_object(aws_client(session, "s3"), S3Location.parse(uri), target)


def _download_object(client: Any, source: S3Location, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(source.bucket, source.key, str(target))
    except ClientError as error:
        raise _download_failed(f"Unable to download object {source}", error) from error
    except BotoCoreError as error:
        raise ExecutionFailedError(f"ClientError: Data download failed:{error}") from error
    except OSError as error:
        raise disk_failure(error, target) from error


def _listing(client: Any, location: S3Location) -> Iterator[tuple[S3Location, str]]:
    """Yields the objects below a prefix, each with its path relative to the prefix's folder."""
    folder = location.key.rpartition("/")[0] if not location.key.endswith("/") else location.key
    found = False
    try:
        for page in client.get_paginator("list_objects_v2").paginate(
            Bucket=location.bucket, Prefix=location.key
        ):
            for item in page.get("Contents", []):
                key = item["Key"]
                if key.endswith("/"):
                    continue  # the marker object of an empty folder
                found = True
                yield S3Location(location.bucket, key), _relative(key, location.key, folder)
    except ClientError as error:
        raise _download_failed(f"Unable to list objects under {location}", error) from error
    if not found:
        raise ExecutionFailedError(
            f'ClientError: No S3 objects found under S3 URL "{location}" given in input data '
            "source. Please ensure that the bucket exists in the selected region, that objects "
            'exist under that S3 prefix, and that the role has "s3:ListBucket" permissions on '
            f'bucket "{location.bucket}".'
        )


def _relative(key: str, prefix: str, folder: str) -> str:
    """Returns a path such as `a.csv` of `data/train/a.csv` for the prefix `data/train`."""
    inside = prefix.rstrip("/") + "/"
    if prefix and key.startswith(inside):
        return key[len(inside) :]
    return key[len(folder) :].lstrip("/")


def _manifest(client: Any, location: S3Location) -> Iterator[tuple[S3Location, str]]:
    """Yields the objects of a manifest, a JSON list.

    Its first entry is `{"prefix": "s3://bucket/folder/"}`, the others are names below it.
    """
    try:
        body = client.get_object(Bucket=location.bucket, Key=location.key)["Body"].read()
    except ClientError as error:
        raise _download_failed(f"Unable to download manifest {location}", error) from error
    try:
        entries = json.loads(body)
        prefix = entries[0]["prefix"]
    except (ValueError, LookupError, TypeError) as error:
        raise ExecutionFailedError(
            f"ClientError: Data download failed:Manifest {location} is not valid: expected a JSON "
            'list that starts with {"prefix": "s3://..."}.'
        ) from error
    base = S3Location.parse(prefix)
    for name in entries[1:]:
        yield S3Location(base.bucket, base.key + name), name


def _inside(directory: Path, name: str, source: S3Location) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or name.startswith("/") or "//" in name or "\0" in name:
        raise ExecutionFailedError(
            f"ClientError: Data download failed:Failed to download data. S3 key: {source} has an "
            "illegal char sub-sequence in it ('//', '..')."
        )
    return directory.joinpath(*parts)


def upload(
    session: boto3.Session,
    source: Path,
    uri: str,
    *,
    kms_key: str | None = None,
    root: Path | None = None,
) -> list[str]:
    """Uploads a file to `uri`, or the files of a directory below it; returns the URIs.

    Symbolic links that leave the directory are not followed.

    Args:
        session: a session of the role that writes.
        source: a file or a directory.
        uri: the URI of the object or prefix.
        kms_key: the KMS key. Defaults to None: the encryption of the bucket.
        root: a folder above a file that a running container writes; no link below it is followed.
            Defaults to None: `source` itself.
    """
    location = S3Location.parse(uri)
    pairs = [(source, location)]
    if source.is_dir() and not source.is_symlink():
        root = source = source.resolve()
        pairs = [(file, location.below(*file.relative_to(source).parts)) for file in _files(source)]
    client = aws_client(session, "s3")
    extra: Mapping[str, str] = {}
    if kms_key:
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(lambda pair: _upload_object(client, root, pair[0], pair[1], extra), pairs))
    return [str(target) for _, target in pairs]


def _files(directory: Path) -> Iterable[Path]:
    root = directory.resolve()
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.resolve().is_relative_to(root):
            yield path


def _upload_object(
    client: Any, root: Path | None, source: Path, target: S3Location, extra: Mapping[str, str]
) -> None:
    options = dict(extra) or None
    try:
        if root is None:
            client.upload_file(str(source), target.bucket, target.key, ExtraArgs=options)
        else:
            with open_beneath(root, source.resolve()) as body:
                client.upload_fileobj(body, target.bucket, target.key, ExtraArgs=options)
    except (OSError, OutsideError) as error:
        raise ExecutionFailedError(
            f"ClientError: Data upload failed:Unable to read {source.name} ({error})"
        ) from error
    except (ClientError, S3UploadFailedError, BotoCoreError) as error:
        detail = str(error)
        if isinstance(error, ClientError):
            detail = f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        raise ExecutionFailedError(
            f"ClientError: Data upload failed:Unable to upload to {target} ({detail})"
        ) from error


def _download_failed(what: str, error: ClientError) -> ExecutionFailedError:
    code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    named = {"403": "AccessDenied", "404": "NoSuchKey"}.get(code, code)  # HEAD has no error body
    detail = f"{named} ({status}): {said}" if named.startswith("NoSuch") else f"{named}: {said}"
    return ExecutionFailedError(f"ClientError: Data download failed:{what} ({detail})")


def disk_failure(error: OSError, path: Path) -> ExecutionFailedError:
    """Returns the error for a local file that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ExecutionFailedError(
            f"ClientError: No space left on device: {path.parent} of this machine is full. Free "
            "space or point TMPDIR of the rehearsal at a larger disk."
        )
    return ExecutionFailedError(f"InternalServerError: {path}: {error.strerror}")
