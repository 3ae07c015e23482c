"""boto3 clients for executors, which run on many threads."""

from __future__ import annotations

import threading
from typing import Any

import boto3

_CREATION = threading.Lock()


def aws_client(session: boto3.Session, service: str, *, region: str | None = None) -> Any:
    """Creates a client of `session`.

    Threads may share clients, but a session must not create them concurrently
    (https://boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html).
    """
    with _CREATION:
        return session.client(service, region_name=region)  # type: ignore[call-overload]
