"""Code of Lambda functions and layers in S3 that cannot be read."""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import s3

from rehearsal.ministack.registry import patch

_WHY = (
    "A function whose code cannot be read is created without code, and its first invocation does "
    "not report the cause."
)
_UNTIL = "ministack rejects a function or layer whose code cannot be read."


class _UnreadableCodeError(ValueError):
    """S3 does not return the code. An operation of a stack fails with this error as it is."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code, self.status = code, status


@patch("ministack.services.lambda_svc:_fetch_code_from_s3", why=_WHY, until=_UNTIL)
def fetch(previous: object, bucket: str, key: str, version_id: str | None = None) -> Any:
    try:
        content = s3._get_object_data(bucket, key, version_id=version_id)
    except PermissionError as error:
        raise _UnreadableCodeError(
            "AccessDeniedException",
            "Your access has been denied by S3, please make sure your request credentials have "
            f"permission to GetObject for {bucket}/{key}. {error}",
            403,
        ) from None
    if content is None:
        raise _UnreadableCodeError(
            "InvalidParameterValueException",
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The "
            f"specified key does not exist: {bucket}/{key}",
            400,
        )
    return content


@patch("ministack.app:SERVICE_HANDLERS[lambda]", why=_WHY, until=_UNTIL)
async def handle(
    previous: Callable[..., Any],
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Any:
    try:
        return await previous(method, path, headers, body, query_params)
    except _UnreadableCodeError as error:
        given = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
        return error.status, given, json.dumps({"message": str(error)}).encode()
