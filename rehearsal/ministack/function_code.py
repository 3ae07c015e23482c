"""Code of Lambda functions and layers in S3: what cannot be read fails, as in AWS.

ministack makes a function without code instead, whose first invocation says nothing of the cause.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import lambda_svc, s3

from rehearsal.ministack.routing import Answer, Handler, wrap_service


class _UnreadableCodeError(ValueError):
    """Code that S3 does not give. A stack's operation fails with it as it is."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def install() -> None:
    """Makes Lambda's API and the rows of a stack fail where their code cannot be read."""
    lambda_svc._fetch_code_from_s3 = _fetch
    wrap_service("lambda", _answering)


def _fetch(bucket: str, key: str, version_id: str | None = None) -> Any:
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


def _answering(stock: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Answer:
        try:
            return await stock(method, path, headers, body, query)
        except _UnreadableCodeError as error:
            given = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
            return error.status, given, json.dumps({"message": str(error)}).encode()

    return handle
