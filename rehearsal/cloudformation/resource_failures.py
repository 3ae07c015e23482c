"""Errors of AWS as CloudFormation reports them in the events of a stack."""

import re
from typing import Any

import botocore.exceptions

from rehearsal.cloudformation.resource_types import ResourceFailure, ResourceType

_GONE = re.compile(r"NotFound|DoesNotExist|NoSuch")
_GONE_MESSAGE = re.compile(
    r"(could not find|cannot find|does not exist|not found|RecordNotFound|unable to describe)",
    re.IGNORECASE,
)


def is_gone(error: botocore.exceptions.ClientError) -> bool:
    """Returns True if an error states that the resource does not exist."""
    code = error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "")
    if _GONE.search(code):
        return True
    # SageMaker returns ValidationException "Could not find ..." instead of a separate code.
    return code.startswith("Validation") and _GONE_MESSAGE.search(message) is not None


class aws_reasons:  # noqa: N801  # reads as a statement: with aws_reasons(...)
    """Raises an error of AWS as the reason that CloudFormation has in its events.

    Args:
        resource_type: the type whose API is called.
    """

    def __init__(self, resource_type: ResourceType) -> None:
        self._type = resource_type

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, botocore.exceptions.ClientError):
            described = error.response["Error"]
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            message = described.get("Message", "")
            raise ResourceFailure(
                f'Resource handler returned message: "{message} (Service: {self._type.service}, '
                f'Status Code: {status}, Error Code: {described["Code"]})"'
            ) from None
        if isinstance(error, botocore.exceptions.BotoCoreError):
            raise ResourceFailure(f"{self._type.type_name}: {error}") from None
