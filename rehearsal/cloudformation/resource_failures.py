"""AWS's errors as CloudFormation tells them."""

from __future__ import annotations

import re
from typing import Any

import botocore.exceptions

from rehearsal.cloudformation.resource_types import ResourceFailure, ResourceType

_GONE = re.compile(r"NotFound|DoesNotExist|NoSuch")
_GONE_MESSAGE = re.compile(r"(could not find|does not exist|not found)", re.IGNORECASE)


def is_gone(error: botocore.exceptions.ClientError) -> bool:
    """Whether an error says that the resource does not exist."""
    code = error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "")
    if _GONE.search(code):
        return True
    # SageMaker answers ValidationException "Could not find ..." instead of a code of its own.
    return code.startswith("Validation") and _GONE_MESSAGE.search(message) is not None


class aws_reasons:  # noqa: N801  # reads as a statement: with aws_reasons(...)
    """Turns an error of AWS into the reason that CloudFormation shows in its events."""

    def __init__(self, row: ResourceType) -> None:
        self._row = row

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, botocore.exceptions.ClientError):
            described = error.response["Error"]
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            message = described.get("Message", "")
            raise ResourceFailure(
                f'Resource handler returned message: "{message} (Service: {self._row.service}, '
                f'Status Code: {status}, Error Code: {described["Code"]})"'
            ) from None
        if isinstance(error, botocore.exceptions.BotoCoreError):
            raise ResourceFailure(f"{self._row.type_name}: {error}") from None
