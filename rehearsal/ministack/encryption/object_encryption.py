"""SSE-KMS of S3 objects: the permissions on the key that writes and reads need.

S3 needs kms:GenerateDataKey to write an object or to start a multipart upload, and kms:Decrypt to
read or copy one, for each part and for the completion. HEAD needs none, unless it requests a
checksum. No object is encrypted on disk.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ministack.core import iam_evaluator
from ministack.services import s3

from rehearsal.framework.platform import AwsError
from rehearsal.ministack.encryption import object_keys
from rehearsal.ministack.encryption.bucket_encryption import (
    BUCKET_KEY,
    ENCRYPTION,
    KEY,
    KMS_ALGORITHMS,
    MANAGED_KEY,
    wanted_encryption,
)
from rehearsal.ministack.registry import CLOUDFORMATION, PERMANENT, patch, patch_value
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.stacks.stack_principal import current_principal_arn

Headers = Mapping[str, str]

_WHY = (
    "An encrypted object is written and read without permissions on its key, and with a disabled "
    "key."
)
_UNTIL = "ministack evaluates KMS permissions and the state of the key in S3."
_INTERNAL = "A call of another service in this process is a request of that service's caller."


@dataclass(frozen=True)
class _Request:
    """An S3 request that is being served."""

    method: str
    bucket: str
    key: str
    headers: Headers
    body: bytes
    query: Mapping[str, list[str]]


_request: contextvars.ContextVar[_Request | None] = contextvars.ContextVar("s3", default=None)
_template: contextvars.ContextVar[bool] = contextvars.ContextVar("template", default=False)


@patch_value(
    "ministack.services.s3:_SSE_STORED_HEADERS",
    why="The header of a bucket key is not kept with the object.",
    until="ministack keeps the header of a bucket key.",
)
def stored_headers(names: tuple[str, ...]) -> tuple[str, ...]:
    return (*names, BUCKET_KEY)


@patch(
    "ministack.services.s3:_dispatch",
    why="Checks of encryption get a part of the request only; they need its principal.",
    until=PERMANENT,
)
def dispatch(
    previous: Callable[..., Any],
    method: str,
    bucket: str,
    key: str,
    headers: Headers,
    body: bytes,
    query_params: Any,
) -> Any:
    with _serving(_Request(method, bucket, key, headers, body, query_params)):
        return previous(method, bucket, key, headers, body, query_params)


@patch("ministack.services.s3:_get_object", why=_INTERNAL, until=PERMANENT)
def get_object(
    previous: Callable[..., Any],
    bucket_name: str,
    key: str,
    headers: Headers,
    query_params: Any = None,
) -> Any:
    with _request_of(headers, "GET", bucket_name, key):
        return previous(bucket_name, key, headers, query_params)


@patch("ministack.services.s3:_put_object", why=_INTERNAL, until=PERMANENT)
def put_object(
    previous: Callable[..., Any], bucket_name: str, key: str, body: bytes, headers: Headers
) -> Any:
    with _request_of(headers, "PUT", bucket_name, key):
        return previous(bucket_name, key, body, headers)


@patch("ministack.services.s3:_resolve_sse_write_headers", why=_WHY, until=_UNTIL)
def check_write(
    previous: Callable[..., Any], headers: Headers, bucket_name: str
) -> tuple[dict[str, str] | None, Any]:
    try:
        wanted = wanted_encryption(headers, bucket_name)
        if wanted is None:
            kept, error = previous(headers, bucket_name)
            return kept, error
        principal, region = _principal(), _region(bucket_name)
        key = object_keys.find_key(wanted[KEY], principal.account, region)
        kept = {**wanted, KEY: key["Arn"]}
        # A form names its object in its body, which the encryption context omits here.
        arn = _context(kept, _object_arn())
        object_keys.check_use(key, "kms:GenerateDataKey", principal, region=region, context_arn=arn)
    except AwsError as error:
        return None, _error_response(error)
    return kept, None


@patch("ministack.services.s3:_check_sse_read_headers", why=_WHY, until=_UNTIL)
def check_read(previous: Callable[..., Any], headers: Headers, obj: Mapping[str, Any]) -> Any:
    return previous(headers, obj) or _denied_content(headers, obj, _object_arn())


@patch("ministack.services.s3:_check_sse_c_copy_source", why=_WHY, until=_UNTIL)
def check_copy_source(
    previous: Callable[..., Any], headers: Headers, src_obj: Mapping[str, Any]
) -> Any:
    source = unquote(headers["x-amz-copy-source"].partition("?")[0]).lstrip("/")
    return previous(headers, src_obj) or _denied_content(headers, src_obj, f"arn:aws:s3:::{source}")


@patch("ministack.services.s3:_check_sse_c_part", why=_WHY, until=_UNTIL)
def check_part(previous: Callable[..., Any], headers: Headers, upload: Mapping[str, Any]) -> Any:
    arn = f"arn:aws:s3:::{upload['bucket']}/{upload['key']}"
    return previous(headers, upload) or _denied_content(headers, upload, arn)


@patch("ministack.services.s3:_get_object_data", why=_WHY, until=_UNTIL)
def get_object_data(
    previous: Callable[..., Any], bucket_name: str, key: str, version_id: str | None = None
) -> Any:
    """Returns an object that a service reads in this process: a template, code of a function."""
    if version_id:
        versions = s3._object_versions.get((bucket_name, key), [])
        record = next((v for v in versions if v["version_id"] == version_id), None)
    else:
        record = (s3._buckets.get(bucket_name) or {"objects": {}})["objects"].get(key)
    if record is not None:
        try:
            _check_decrypt(record, f"arn:aws:s3:::{bucket_name}/{key}", _reader)
        except AwsError as error:
            raise PermissionError(f"S3 error: {error.message}") from None
    return previous(bucket_name, key, version_id)


@patch(
    f"{CLOUDFORMATION}.helpers:_resolve_document",
    why=(
        "CloudFormation reads a template with the permissions of its caller, and other objects "
        "with the role of the stack."
    ),
    until=PERMANENT,
    after="stacks.stack_templates",
)
def read_as_caller(
    previous: Callable[..., Any], params: Any, body_key: str, url_key: str, label: str
) -> Any:
    token = _template.set(True)
    try:
        return previous(params, body_key, url_key, label)
    finally:
        _template.reset(token)


@contextlib.contextmanager
def _serving(request: _Request) -> Iterator[None]:
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def _request_of(
    headers: Headers, method: str, bucket: str, key: str
) -> contextlib.AbstractContextManager[None]:
    """Makes a call by another service of this process a request, which has no access key."""
    request = _request.get()
    if request is not None and headers is request.headers:
        return contextlib.nullcontext()
    return _serving(_Request(method, bucket, key, {}, b"", {}))


def _denied_content(headers: Headers, record: Mapping[str, Any], arn: str) -> Any:
    """Returns S3's error if the principal may not decrypt what it reads, or None."""
    if not _reads_content(headers, record):
        return None
    try:
        _check_decrypt(record, arn, _principal)
    except AwsError as error:
        return _error_response(error)
    return None


def _reads_content(headers: Headers, record: Mapping[str, Any]) -> bool:
    """HEAD returns metadata, which is not encrypted; checksums are."""
    if _served().method != "HEAD":
        return True
    requested = headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    return requested and bool(record.get("checksums"))


def _check_decrypt(record: Mapping[str, Any], arn: str, principal_of: Callable[[], Any]) -> None:
    kept = record.get("preserved_headers", {})
    if kept.get(ENCRYPTION) not in KMS_ALGORITHMS:
        return
    principal, region = principal_of(), _region(arn.split(":::", 1)[1].split("/", 1)[0])
    reference = kept.get(KEY) or MANAGED_KEY
    key = object_keys.find_key(reference, principal.account, region)
    object_keys.check_use(
        key, "kms:Decrypt", principal, region=region, context_arn=_context(kept, arn)
    )


def _principal() -> Any:
    """Returns the principal of the S3 request, or of the request that an internal call serves."""
    request = _served()
    access_key = s3._request_access_key(
        request.method, request.key, request.headers, request.query, request.body
    )
    if access_key:
        return object_keys.principal_of_key(access_key)
    if iam_evaluator._anonymous.get():
        raise AwsError(
            "InvalidArgument",
            "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS "
            "Signature Version 4.",
        )
    return object_keys.principal_named(iam_evaluator.caller_arn())


def _reader() -> Any:
    """Returns the principal of a stack operation; a template is read by the caller only."""
    principal = None if _template.get() else current_principal_arn()
    return object_keys.principal_named(principal or iam_evaluator.caller_arn())


def _object_arn() -> str:
    request = _served()
    return f"arn:aws:s3:::{request.bucket}/{request.key}"


def _served() -> _Request:
    request = _request.get()
    if request is None:
        raise RuntimeError("S3 checks the encryption of an object outside of a request")
    return request


def _context(kept: Headers, arn: str) -> str:
    """Returns aws:s3:arn of the encryption context: the bucket for a bucket key, or the object."""
    return arn.partition("/")[0] if kept.get(BUCKET_KEY) else arn


def _region(bucket: str) -> str:
    return str(s3.bucket_region(bucket) or current_scope().region)


def _error_response(error: AwsError) -> Any:
    request = _served()
    resource = f"/{request.bucket}/{request.key}"
    return s3._error(error.code, error.message, error.status, resource)
