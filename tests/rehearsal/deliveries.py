"""Where the running server delivers to: queues, who may send to them, and waiting for it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.rehearsal.conftest import ACCOUNT, REGION

PATIENCE_SECONDS = 60


def unique(prefix: str) -> str:
    """A name of its own; the server is shared by all tests of a process."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def eventually(check: Callable[[], Any]) -> Any:
    """The first answer that is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := check()):
        if time.monotonic() > deadline:
            pytest.fail(f"It did not happen within {PATIENCE_SECONDS} seconds")
        time.sleep(0.1)
    return found


def lets(principals: list[str], action: str | list[str], resource: str) -> dict[str, Any]:
    """The statement of a resource's policy that lets services act on it."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": principals},
        "Action": action,
        "Resource": resource,
    }


def new_queue(aws: Any, *principals: str) -> tuple[str, str]:
    """A queue to which services may send, only those: its URL and ARN."""
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
    """The first message of a queue."""
    sqs = aws.client("sqs")
    found: dict[str, Any] = eventually(
        lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
    )[0]
    return found
