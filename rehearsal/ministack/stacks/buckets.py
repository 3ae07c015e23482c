"""S3 buckets of a stack: tags that stay, objects that are not lost, policies with a bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import s3

from rehearsal.ministack.stacks.bucket_configurations import require_success
from rehearsal.ministack.stacks.stack_rows import wrap_row


def install() -> None:
    """Corrects ministack's rows of AWS::S3::Bucket and AWS::S3::BucketPolicy."""
    wrap_row("AWS::S3::Bucket", create=_tagged_create, update=_tagged_update, delete=_careful)
    wrap_row("AWS::S3::BucketPolicy", create=_with_bucket)


def _tagged_create(stock: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        made = stock(logical_id, properties, stack_name)
        _tag(made[0], properties)
        return made

    return create


def _tagged_update(stock: Callable[..., Any]) -> Callable[..., Any]:
    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str) -> Any:
        made = stock(physical_id, old, new, stack_name)
        _tag(made[0], new)
        return made

    return update


def _tag(bucket: str, properties: dict[str, Any]) -> None:
    tags = {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags", [])}
    if tags:
        s3._bucket_tags[bucket] = tags
    else:
        s3._bucket_tags.pop(bucket, None)


def _careful(stock: Callable[..., Any]) -> Callable[..., Any]:
    """Deletes through the API's own code, which keeps a bucket that holds objects."""

    def delete(physical_id: str, properties: dict[str, Any]) -> None:
        if physical_id not in s3._buckets:
            return
        require_success(s3._delete_bucket(physical_id), physical_id)

    return delete


def _with_bucket(stock: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        bucket = properties.get("Bucket", "")
        if bucket not in s3._buckets:
            raise ValueError(f"The specified bucket does not exist: {bucket} (Status Code: 404)")
        return stock(logical_id, properties, stack_name)

    return create
