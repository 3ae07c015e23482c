"""The properties of a stack's bucket: set through S3's own code, or refused by name.

ministack applies CORS, the public access block and the website, and drops what else a template
says of a bucket.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from rehearsal.ministack.stacks.stack_rows import wrap_row
from rehearsal.services.s3 import bucket_requests

Properties = dict[str, Any]

# What ministack's row, or `buckets.py` around it, handles by itself.
_HANDLED = frozenset({"BucketName", "NotificationConfiguration", "Tags"})
_PRIVATE = "private"


def install() -> None:
    """Completes ministack's row of AWS::S3::Bucket; what S3 refuses fails the resource."""
    rows = (
        *provisioners._S3_BUCKET_CONFIGURATIONS,
        (
            "VersioningConfiguration",
            bucket_requests.versioning_body,
            s3._put_bucket_versioning,
            _suspend_versioning,
        ),
        (
            "OwnershipControls",
            bucket_requests.ownership_body,
            s3._put_bucket_ownership_controls,
            s3._delete_bucket_ownership_controls,
        ),
        ("AccessControl", _canned_acl, _put_acl, lambda bucket: _put_acl(bucket, b"private")),
        (
            "LifecycleConfiguration",
            bucket_requests.lifecycle_body,
            s3._put_bucket_lifecycle,
            s3._delete_bucket_lifecycle,
        ),
        ("LoggingConfiguration", dict, _put_logging, _delete_logging),
    )
    provisioners._S3_BUCKET_CONFIGURATIONS = tuple(
        (name, to_body, _required(put), _required(delete)) for name, to_body, put, delete in rows
    )
    wrap_row("AWS::S3::Bucket", create=_whole_create, update=_whole_update)


def require_success(answer: Any, subject: str = "") -> None:
    """Raises ValueError with S3's own reason when it refused."""
    if answer is None or answer[0] < 300:
        return
    status, _, body = answer
    text = body.decode() if isinstance(body, bytes) else str(body)
    message = re.search("<Message>([^<]*)", text)
    reason = message[1] if message else text
    raise ValueError(
        f"{reason} (Service: S3, Status Code: {status})" + (f": {subject}" if subject else "")
    )


def _required(call: Callable[..., Any]) -> Callable[..., None]:
    def checked(bucket: str, *body: Any) -> None:
        require_success(call(bucket, *body), bucket)

    return checked


def _whole_create(stock: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, properties: Properties, stack_name: str) -> Any:
        _check(properties)
        known = set(s3._buckets)
        try:
            return stock(logical_id, properties, stack_name)
        except Exception:
            # A resource that failed has no physical id: its bucket would stay when the stack goes.
            for bucket in set(s3._buckets) - known:
                s3._delete_bucket(bucket)
            raise

    return create


def _whole_update(stock: Callable[..., Any]) -> Callable[..., Any]:
    def update(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Any:
        _check(new)
        return stock(physical_id, old, new, stack_name)

    return update


def _check(properties: Mapping[str, Any]) -> None:
    """Refuses what would be dropped, and finds what cannot be a request, before a change."""
    rows = provisioners._S3_BUCKET_CONFIGURATIONS
    kept = _HANDLED | {row[0] for row in rows}
    if dropped := sorted(properties.keys() - kept):
        raise ValueError(
            f"The rehearsal's S3 has no {', '.join(dropped)} of AWS::S3::Bucket: leave it out. "
            f"It has {', '.join(sorted(kept))}."
        )
    for name, to_body, _, _ in rows:
        if name in properties:
            to_body(properties[name] or {})


def _suspend_versioning(bucket: str) -> Any:
    """S3 never goes back to an unversioned bucket."""
    return s3._put_bucket_versioning(
        bucket, bucket_requests.versioning_body({"Status": "Suspended"})
    )


def _canned_acl(name: str) -> bytes:
    """`LogDeliveryWrite` of a template is `log-delivery-write` of the API."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower().encode()


def _put_acl(bucket: str, canned: bytes) -> Any:
    if canned.decode() == _PRIVATE:  # also where Object Ownership disables ACLs
        s3._bucket_acl.pop(bucket, None)
        return None
    return s3._put_bucket_acl(bucket, b"", {"x-amz-acl": canned.decode()})


def _put_logging(bucket: str, properties: Properties) -> Any:
    target = properties.get("DestinationBucketName", bucket)
    if target not in s3._buckets:
        raise ValueError(
            f"The target bucket for logging does not exist: {target} "
            "(Service: S3, Status Code: 400)"
        )
    return s3._put_bucket_logging(bucket, bucket_requests.logging_body(properties, bucket))


def _delete_logging(bucket: str) -> None:
    s3._bucket_logging_config.pop(bucket, None)
