"""CDK's custom resources in Python, with the role of their functions.

The Node functions need `@aws-sdk/*` packages, which Lambda's own runtime has; without them a stack
waits for a response until its timeout. Behaviour follows aws-cdk-lib 2.275.
"""

import io
import mimetypes
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

Result = tuple[str, dict[str, Any]]  # physical id, attributes
_AUTO_DELETE_TAG = "aws-cdk:auto-delete-objects"


@dataclass(frozen=True)
class CustomResource:
    """A request to a custom resource; `session` has the role of the provider's function."""

    request_type: str
    session: boto3.Session
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any]
    physical_id: str | None


def auto_delete_objects(request: CustomResource) -> Result:
    """Custom::S3AutoDeleteObjects: empties a bucket before its deletion, if its tag requires it."""
    bucket = request.properties["BucketName"]
    before = request.old_properties.get("BucketName", bucket)
    s3 = request.session.client("s3")
    if request.request_type == "Delete":
        _empty_tagged_bucket(s3, bucket)
    elif before != bucket:
        _empty_tagged_bucket(s3, before)
    return request.physical_id or str(uuid.uuid4()), {}


def _empty_tagged_bucket(s3: Any, bucket: str) -> None:
    try:
        tags = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchBucket", "NoSuchTagSet"):
            return
        raise
    if {"Key": _AUTO_DELETE_TAG, "Value": "true"} not in tags:
        return
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        _delete(s3, bucket, [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in found])


def _delete(s3: Any, bucket: str, objects: list[dict[str, str]]) -> None:
    if not objects:
        return
    response = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    if errors := response.get("Errors"):
        raise RuntimeError(f"{bucket} cannot be emptied: {errors[0]['Message']}")


def bucket_deployment(request: CustomResource) -> Result:
    """Custom::CDKBucketDeployment: unpacks assets into a bucket, with deploy-time values."""
    given = request.properties
    unsupported = [n for n in ("Include", "Exclude", "DistributionId") if given.get(n)]
    if unsupported:
        raise ValueError(f"The rehearsal's bucket deployment does not support {unsupported[0]}.")
    bucket = given["DestinationBucketName"]
    prefix = str(given.get("DestinationBucketKeyPrefix") or "").strip("/")
    physical_id = request.physical_id or f"aws.cdk.s3deployment.{uuid.uuid4()}"
    s3 = request.session.client("s3")
    if request.request_type == "Delete":
        if not _true(given.get("RetainOnDelete", "true")):
            _delete_missing(s3, bucket, prefix, keep=set())
        return physical_id, {}
    written = set()
    for key, content in _contents(s3, given):
        target = f"{prefix}/{key}" if prefix else key
        s3.put_object(Bucket=bucket, Key=target, Body=content, **_metadata(target, given))
        written.add(target)
    if _true(given.get("Prune", "true")):
        _delete_missing(s3, bucket, prefix, keep=written)
    attributes: dict[str, Any] = {"DestinationBucketArn": f"arn:aws:s3:::{bucket}"}
    if _true(given.get("OutputObjectKeys", "true")):
        attributes["SourceObjectKeys"] = given["SourceObjectKeys"]
    return physical_id, attributes


def _contents(s3: Any, given: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    sources = list(zip(given["SourceBucketNames"], given["SourceObjectKeys"], strict=True))
    markers = given.get("SourceMarkers") or [{}] * len(sources)
    for (bucket, key), values in zip(sources, markers, strict=True):
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        if not _true(given.get("Extract", "true")):
            yield key.rsplit("/", 1)[-1], content
            continue
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                if not name.endswith("/"):
                    yield name, _replaced(archive.read(name), values or {})


def _replaced(content: bytes, markers: Mapping[str, Any]) -> bytes:
    for marker, value in markers.items():
        content = content.replace(marker.encode(), str(value).encode())
    return content


def _metadata(key: str, given: Mapping[str, Any]) -> dict[str, Any]:
    system = {
        "".join(part.title() for part in name.split("-")): value
        for name, value in (given.get("SystemMetadata") or {}).items()
    }
    guessed = mimetypes.guess_type(key)[0]
    if guessed:
        system.setdefault("ContentType", guessed)
    user = {str(k).lower(): str(v) for k, v in (given.get("UserMetadata") or {}).items()}
    return {**system, "Metadata": user}


def _delete_missing(s3: Any, bucket: str, prefix: str, keep: set[str]) -> None:
    under = f"{prefix}/" if prefix else ""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=under):
        keys = [item["Key"] for item in page.get("Contents", [])]
        _delete(s3, bucket, [{"Key": key} for key in keys if key not in keep])


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


HANDLERS: dict[str, Callable[[CustomResource], Result]] = {
    "Custom::S3AutoDeleteObjects": auto_delete_objects,
    "Custom::CDKBucketDeployment": bucket_deployment,
}
