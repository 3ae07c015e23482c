"""Waiting for resources to settle or to be gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloudformation.resource_failures import is_gone
from rehearsal.cloudformation.resource_types import ResourceFailure

POLL_SECONDS = 0.3


def wait_until_gone(
    operation: str, refused: Callable[[Mapping[str, Any]], str] | None = None
) -> Callable[[Any, Mapping[str, Any]], None]:
    """Waits until a Describe operation finds nothing any more.

    `refused` gives the reason of an answer that says that the deletion failed.
    """

    def wait(client: Any, identifier: Mapping[str, Any]) -> None:
        while True:
            try:
                answer = getattr(client, operation)(**identifier)
            except ClientError as error:
                if is_gone(error):
                    return
                raise
            if refused and (reason := refused(answer)):
                raise ResourceFailure(reason)
            time.sleep(POLL_SECONDS)

    return wait
