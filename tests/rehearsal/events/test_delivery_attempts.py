"""Retries of deliveries, and the report of a permanent failure."""

from __future__ import annotations

import threading

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError

from rehearsal.events.attempts import RetryPolicy, UndeliveredError, attempt
from rehearsal.framework.platform import AwsError


def _error(code: str, status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "SendMessage")  # type: ignore[arg-type]


def _attempts(policy: RetryPolicy, *errors: Exception | None) -> list[int]:
    """The numbers of the attempts at something that fails with `errors`, one after the other."""
    seen: list[int] = []
    left = list(errors)

    def send(number: int) -> None:
        seen.append(number)
        error = left.pop(0)
        if error is not None:
            raise error

    attempt(send, policy, threading.Event(), first_wait=0.001)
    return seen


def test_what_may_pass_is_tried_again() -> None:
    throttled, down = _error("ThrottlingException"), _error("InternalFailure", 500)
    unreachable = ConnectTimeoutError(endpoint_url="https://127.0.0.1")
    assert _attempts(RetryPolicy(), throttled, down, unreachable, None) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_error("AccessDeniedException"), "AccessDeniedException"),
        (AwsError("AccessDenied", "may not assume"), "AccessDenied"),
        (ParamValidationError(report="Missing"), "SdkClientException"),
        (ValueError("no JSON"), "ValueError"),
    ],
)
def test_what_will_not_pass_is_given_up_at_once(error: Exception, code: str) -> None:
    with pytest.raises(UndeliveredError) as raised:
        _attempts(RetryPolicy(), error)
    assert raised.value.code == code
    attributes = raised.value.attributes(TARGET_ARN="arn")
    told = {name: value["StringValue"] for name, value in attributes.items()}
    assert told["RETRY_ATTEMPTS"] == "0"
    assert told["TARGET_ARN"] == "arn"
    assert "EXHAUSTED_RETRY_CONDITION" not in told


@pytest.mark.parametrize(
    ("policy", "exhausted", "retries"),
    [
        ({"MaximumRetryAttempts": 2}, "MaximumRetryAttempts", 2),
        ({"MaximumRetryAttempts": 0}, "MaximumRetryAttempts", 0),
        ({"MaximumEventAgeInSeconds": 0}, "MaximumEventAgeInSeconds", 0),
    ],
)
def test_the_limit_that_ended_it_is_reported(
    policy: dict[str, int], exhausted: str, retries: int
) -> None:
    with pytest.raises(UndeliveredError) as raised:
        _attempts(RetryPolicy.of(policy), *[_error("ThrottlingException")] * 9)
    assert raised.value.retries == retries
    assert raised.value.attributes()["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == exhausted


def test_a_service_that_ends_does_not_wait_for_the_next_attempt() -> None:
    stop = threading.Event()
    stop.set()

    def send(number: int) -> None:
        raise _error("ThrottlingException")

    with pytest.raises(UndeliveredError):
        attempt(send, RetryPolicy(), stop)
