"""Buckets of a stack: tags, deletion of a bucket that has objects, policies of missing buckets."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import s3

from rehearsal.ministack.registry import resource_handler

_TAGS = {
    "why": "The tags of a bucket are dropped, so CDK's auto-delete of objects skips the bucket.",
    "until": "ministack applies the Tags of AWS::S3::Bucket.",
}


@resource_handler("AWS::S3::Bucket", "create", **_TAGS)
def create_bucket(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    created = previous(logical_id, props, stack_name)
    _set_tags(created[0], props)
    return created


@resource_handler("AWS::S3::Bucket", "update", **_TAGS)
def update_bucket(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
) -> Any:
    updated = previous(physical_id, old_props, new_props, stack_name)
    _set_tags(updated[0], new_props)
    return updated


@resource_handler(
    "AWS::S3::Bucket",
    "delete",
    why="A bucket is deleted with its objects.",
    until="ministack fails the deletion of a bucket that has objects.",
)
def delete_bucket(previous: object, physical_id: str, props: Mapping[str, Any]) -> None:
    if physical_id in s3._buckets:
        require_success(s3._delete_bucket(physical_id), physical_id)


@resource_handler(
    "AWS::S3::BucketPolicy",
    "create",
    why="A policy for a bucket that does not exist is accepted.",
    until="ministack rejects policies for missing buckets.",
)
def create_bucket_policy(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    bucket = props.get("Bucket", "")
    if bucket not in s3._buckets:
        raise ValueError(f"The specified bucket does not exist: {bucket} (Status Code: 404)")
    return previous(logical_id, props, stack_name)


def require_success(response: Any, subject: str = "") -> None:
    """Checks a response of S3.

    Raises:
        ValueError: S3 rejected the request; the text is its message.
    """
    if response is None or response[0] < 300:
        return
    status, _, body = response
    text = body.decode() if isinstance(body, bytes) else str(body)
    message = re.search("<Message>([^<]*)", text)
    reason = message[1] if message else text
    raise ValueError(
        f"{reason} (Service: S3, Status Code: {status})" + (f": {subject}" if subject else "")
    )


def _set_tags(bucket: str, properties: Mapping[str, Any]) -> None:
    tags = {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags", [])}
    if tags:
        s3._bucket_tags[bucket] = tags
    else:
        s3._bucket_tags.pop(bucket, None)
