"""SSE-KMS of S3 objects: who may write and read them, with which key.

ministack keeps the headers of SSE-KMS and asks KMS for nothing, so an object stays readable without
kms:Decrypt and with a disabled key. Here S3 asks as AWS documents it: kms:GenerateDataKey to write
an object or to begin a multipart upload; kms:Decrypt to read or copy one, for each part and for the
completion; nothing for HEAD, unless it asks for a checksum. No object is encrypted on disk.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ministack.core import iam_evaluator
from ministack.services import s3
from ministack.services.cloudformation import helpers

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
from rehearsal.ministack.scope import current_scope
from rehearsal.ministack.stacks.stack_actor import acting_principal

Headers = Mapping[str, str]


@dataclass(frozen=True)
class _Request:
    """An S3 request that is being served. `body` is the request's own bytes, not a copy."""

    method: str
    bucket: str
    key: str
    headers: Headers
    body: bytes
    query: Mapping[str, list[str]]


_request: contextvars.ContextVar[_Request | None] = contextvars.ContextVar("s3", default=None)
_template: contextvars.ContextVar[bool] = contextvars.ContextVar("template", default=False)


def install() -> None:
    """Puts KMS behind the places where ministack's S3 checks encryption headers."""
    s3._SSE_STORED_HEADERS = (*s3._SSE_STORED_HEADERS, BUCKET_KEY)
    s3._dispatch = _known(s3._dispatch)
    s3._get_object = _inside(s3._get_object, "GET")
    s3._put_object = _inside(s3._put_object, "PUT")
    s3._resolve_sse_write_headers = _encrypting(s3._resolve_sse_write_headers)
    s3._check_sse_read_headers = _decrypting(s3._check_sse_read_headers, _object_arn)
    s3._check_sse_c_copy_source = _decrypting(s3._check_sse_c_copy_source, _source_arn)
    s3._check_sse_c_part = _decrypting(s3._check_sse_c_part, _part_arn)
    s3._get_object_data = _decrypting_data(s3._get_object_data)
    helpers._resolve_document = _as_caller(helpers._resolve_document)


def _known(stock: Callable[..., Any]) -> Callable[..., Any]:
    """Keeps the request for the checks below, which ministack gives a part of it only."""

    def dispatch(
        method: str, bucket: str, key: str, headers: Headers, body: bytes, query: Any
    ) -> Any:
        token = _request.set(_Request(method, bucket, key, headers, body, query))
        try:
            return stock(method, bucket, key, headers, body, query)
        finally:
            _request.reset(token)

    return dispatch


def _inside(stock: Callable[..., Any], method: str) -> Callable[..., Any]:
    """Makes a call by another service of this process a request, which has no access key."""

    def call(bucket: str, key: str, *arguments: Any, **options: Any) -> Any:
        request = _request.get()
        if request is not None and any(given is request.headers for given in arguments):
            return stock(bucket, key, *arguments, **options)
        token = _request.set(_Request(method, bucket, key, {}, b"", {}))
        try:
            return stock(bucket, key, *arguments, **options)
        finally:
            _request.reset(token)

    return call


def _encrypting(stock: Callable[..., Any]) -> Callable[..., Any]:
    def resolve(headers: Headers, bucket: str) -> tuple[dict[str, str] | None, Any]:
        try:
            wanted = wanted_encryption(headers, bucket)
            if wanted is None:
                kept, error = stock(headers, bucket)
                return kept, error
            principal, region = _principal(), _region(bucket)
            key = object_keys.find_key(wanted[KEY], principal.account, region)
            kept = {**wanted, KEY: key["Arn"]}
            # A form names its object in its body, which the encryption context leaves out here.
            arn = _context(kept, _object_arn(headers, {}))
            object_keys.check_use(
                key, "kms:GenerateDataKey", principal, region=region, context_arn=arn
            )
        except AwsError as error:
            return None, _answer(error)
        return kept, None

    return resolve


def _decrypting(
    stock: Callable[..., Any], arn_of: Callable[[Headers, Mapping[str, Any]], str]
) -> Callable[..., Any]:
    """Asks for kms:Decrypt where ministack checks the headers of an object, source or upload."""

    def check(headers: Headers, record: Mapping[str, Any]) -> Any:
        refused = stock(headers, record)
        if refused is not None or not _reads_content(headers, record):
            return refused
        try:
            _check_decrypt(record, arn_of(headers, record), _principal)
        except AwsError as error:
            return _answer(error)
        return None

    return check


def _reads_content(headers: Headers, record: Mapping[str, Any]) -> bool:
    """HEAD answers metadata, which is not encrypted; checksums are."""
    if _served().method != "HEAD":
        return True
    asked = headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    return asked and bool(record.get("checksums"))


def _decrypting_data(stock: Callable[..., Any]) -> Callable[..., Any]:
    """Objects that a service reads in this process: templates, and code of functions."""

    def read(bucket: str, key: str, version_id: str | None = None) -> Any:
        if version_id:
            versions = s3._object_versions.get((bucket, key), [])
            record = next((v for v in versions if v["version_id"] == version_id), None)
        else:
            record = (s3._buckets.get(bucket) or {"objects": {}})["objects"].get(key)
        if record is not None:
            try:
                _check_decrypt(record, f"arn:aws:s3:::{bucket}/{key}", _reader)
            except AwsError as error:
                raise PermissionError(f"S3 error: {error.message}") from None
        return stock(bucket, key, version_id)

    return read


def _as_caller(stock: Callable[..., Any]) -> Callable[..., Any]:
    """CloudFormation reads a template with its caller's permissions, not with the stack's role."""

    def resolve(*arguments: Any) -> Any:
        token = _template.set(True)
        try:
            return stock(*arguments)
        finally:
            _template.reset(token)

    return resolve


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
    """Who sent the S3 request; for a call inside of the server, who sent that one."""
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
    """Who reads in the name of a stack: its role or caller; only the caller reads its template."""
    actor = None if _template.get() else acting_principal()
    return object_keys.principal_named(actor or iam_evaluator.caller_arn())


def _object_arn(headers: Headers, record: Mapping[str, Any]) -> str:
    request = _served()
    return f"arn:aws:s3:::{request.bucket}/{request.key}"


def _served() -> _Request:
    request = _request.get()
    if request is None:
        raise RuntimeError("S3 checks the encryption of an object outside of a request")
    return request


def _source_arn(headers: Headers, record: Mapping[str, Any]) -> str:
    return f"arn:aws:s3:::{unquote(headers['x-amz-copy-source'].partition('?')[0]).lstrip('/')}"


def _part_arn(headers: Headers, upload: Mapping[str, Any]) -> str:
    return f"arn:aws:s3:::{upload['bucket']}/{upload['key']}"


def _context(kept: Headers, arn: str) -> str:
    """The aws:s3:arn of the encryption context: a bucket key stands for the whole bucket."""
    return arn.partition("/")[0] if kept.get(BUCKET_KEY) else arn


def _region(bucket: str) -> str:
    return str(s3.bucket_region(bucket) or current_scope().region)


def _answer(error: AwsError) -> Any:
    request = _served()
    resource = f"/{request.bucket}/{request.key}"
    return s3._error(error.code, error.message, error.status, resource)
