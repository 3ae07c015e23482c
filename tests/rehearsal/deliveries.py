"""Queues as targets of deliveries by the running server."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.rehearsal.conftest import ACCOUNT, REGION

DEADLINE_SECONDS = 240


def unique(prefix: str) -> str:
    """Returns a unique name, because all tests of a process share the server."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def eventually(check: Callable[[], Any]) -> Any:
    """Returns the first result of a check that is true."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := check()):
        if time.monotonic() > deadline:
            pytest.fail(f"The condition was not met within {DEADLINE_SECONDS} seconds.")
        time.sleep(0.1)
    return found


def lets(principals: list[str], action: str | list[str], resource: str) -> dict[str, Any]:
    """Returns a statement of a resource policy that allows an action to services."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": principals},
        "Action": action,
        "Resource": resource,
    }


def new_queue(aws: Any, *principals: str) -> tuple[str, str]:
    """Creates a queue to which only the given services may send; returns its URL and ARN."""
    sqs = aws.client("sqs")
    name = unique("queue")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    if principals:
        statement = lets(list(principals), "sqs:SendMessage", arn)
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def received_by(aws: Any, url: str) -> dict[str, Any]:
    """Waits for the first message of a queue and returns it."""
    sqs = aws.client("sqs")
    found: dict[str, Any] = eventually(
        lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
    )[0]
    return found
