"""The properties of a bucket of a stack: applied by the code of S3's API, or rejected by name."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from rehearsal.ministack.corrections.buckets import require_success
from rehearsal.ministack.registry import CLOUDFORMATION, patch_value, resource_handler
from rehearsal.services.s3 import bucket_requests

Properties = dict[str, Any]

# Properties that ministack's handlers and `corrections.buckets` apply.
_HANDLED = frozenset({"BucketName", "NotificationConfiguration", "Tags"})
_PRIVATE = "private"
_UNSUPPORTED = {
    "why": "Properties that S3 does not have here are dropped, and a bucket that fails stays.",
    "until": "ministack rejects unsupported properties and removes a bucket whose creation fails.",
    "after": "corrections.buckets",
}


@patch_value(
    f"{CLOUDFORMATION}.provisioners:_S3_BUCKET_CONFIGURATIONS",
    why="Most properties of AWS::S3::Bucket are dropped, and errors of S3 are ignored.",
    until="ministack applies each property of AWS::S3::Bucket, or fails the resource.",
    after="encryption.bucket_encryption",
)
def configurations(table: tuple[Any, ...]) -> tuple[Any, ...]:
    further = (
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
    return tuple(
        (name, to_body, _required(put), _required(delete))
        for name, to_body, put, delete in (*table, *further)
    )


@resource_handler("AWS::S3::Bucket", "create", **_UNSUPPORTED)
def create(
    previous: Callable[..., Any], logical_id: str, props: Properties, stack_name: str
) -> Any:
    _check(props)
    known = set(s3._buckets)
    try:
        return previous(logical_id, props, stack_name)
    except Exception:
        # A resource that failed has no physical id: its bucket would outlive the stack.
        for bucket in set(s3._buckets) - known:
            s3._delete_bucket(bucket)
        raise


@resource_handler("AWS::S3::Bucket", "update", **_UNSUPPORTED)
def update(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Properties,
    new_props: Properties,
    stack_name: str,
) -> Any:
    _check(new_props)
    return previous(physical_id, old_props, new_props, stack_name)


def _required(call: Callable[..., Any]) -> Callable[..., None]:
    def checked(bucket: str, *body: Any) -> None:
        require_success(call(bucket, *body), bucket)

    return checked


def _check(properties: Mapping[str, Any]) -> None:
    """Rejects unsupported and malformed properties before anything changes."""
    configurations = provisioners._S3_BUCKET_CONFIGURATIONS
    supported = _HANDLED | {name for name, *_ in configurations}
    if dropped := sorted(properties.keys() - supported):
        raise ValueError(
            f"The rehearsal's S3 has no {', '.join(dropped)} of AWS::S3::Bucket: remove it. "
            f"It has {', '.join(sorted(supported))}."
        )
    for name, to_body, _, _ in configurations:
        if name in properties:
            to_body(properties[name] or {})


def _suspend_versioning(bucket: str) -> Any:
    """A bucket never becomes unversioned again."""
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
