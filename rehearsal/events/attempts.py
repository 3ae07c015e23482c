"""Retries of a delivery, and the attributes of its dead letter.

EventBridge and EventBridge Scheduler retry transient errors (throttling, a service that is down),
but not permanent ones, such as a missing permission.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.platform import AwsError

_THROTTLED = ("Throttling", "TooManyRequests", "RequestLimitExceeded", "ServiceUnavailable")
_FIRST_WAIT_SECONDS = 1.0
_MAX_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class RetryPolicy:
    """The limits of retries, with the defaults of AWS."""

    maximum_attempts: int = 185
    maximum_age_seconds: float = 86400.0

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> RetryPolicy:
        """Returns the policy of a target's `RetryPolicy`."""
        given = given or {}
        return cls(
            given.get("MaximumRetryAttempts", cls.maximum_attempts),
            given.get("MaximumEventAgeInSeconds", cls.maximum_age_seconds),
        )


class UndeliveredError(Exception):
    """A delivery failed permanently.

    Args:
        error: the last error.
        retries: the number of retries.
        exhausted: the limit of the retry policy that was reached, or None for a permanent error.
    """

    def __init__(self, error: Exception, retries: int, exhausted: str | None) -> None:
        code, message = described(error)
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retries = retries
        self.exhausted = exhausted

    def attributes(self, **further: str) -> dict[str, dict[str, str]]:
        """Returns the message attributes of the dead letter."""
        values = {
            "ERROR_CODE": self.code,
            "ERROR_MESSAGE": self.message[:1024] or "-",
            "RETRY_ATTEMPTS": str(self.retries),
            **({"EXHAUSTED_RETRY_CONDITION": self.exhausted} if self.exhausted else {}),
            **further,
        }
        return {
            name: {"DataType": "String", "StringValue": value}
            for name, value in sorted(values.items())
        }


def attempt(
    send: Callable[[int], None],
    policy: RetryPolicy,
    stop: threading.Event,
    *,
    first_wait: float = _FIRST_WAIT_SECONDS,
) -> None:
    """Calls `send` until it succeeds.

    Args:
        send: sends; its argument is the number of the attempt, from 1.
        policy: the limits of retries.
        stop: ends the retries when it is set.
        first_wait: the seconds before the first retry. Defaults to 1; the wait doubles up to a
            minute.

    Raises:
        UndeliveredError: the delivery failed permanently.
    """
    began = time.monotonic()
    wait = first_wait
    retries = 0
    while True:
        try:
            send(retries + 1)
            return
        except Exception as error:
            if not is_transient(error):
                raise UndeliveredError(error, retries, None) from error
            if retries >= policy.maximum_attempts:
                raise UndeliveredError(error, retries, "MaximumRetryAttempts") from error
            if time.monotonic() - began + wait > policy.maximum_age_seconds:
                raise UndeliveredError(error, retries, "MaximumEventAgeInSeconds") from error
            if stop.wait(wait):
                raise UndeliveredError(error, retries, None) from error
        retries += 1
        wait = min(wait * 2, _MAX_WAIT_SECONDS)


def is_transient(error: Exception) -> bool:
    """Returns True if the same request may succeed later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        code = error.response["Error"].get("Code", "")
        return status >= 500 or any(word in code for word in _THROTTLED)
    return isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError)


def described(error: Exception) -> tuple[str, str]:
    """Returns the code and the message of an error."""
    if isinstance(error, ClientError):
        found = error.response["Error"]
        return found.get("Code", "Unknown"), found.get("Message", str(error))
    if isinstance(error, AwsError):
        return error.code, error.message
    if isinstance(error, BotoCoreError):
        return "SdkClientException", str(error)
    return type(error).__name__, str(error)


def iso(moment: datetime.datetime) -> str:
    """Returns a time as AWS writes it in events, to the second."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
