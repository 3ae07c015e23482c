"""Waits of CloudFormation for the deletion of resources."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloudformation.resource_failures import is_gone
from rehearsal.cloudformation.resource_types import ResourceFailure

POLL_SECONDS = 0.3


def wait_until_gone(
    operation: str, failure: Callable[[Mapping[str, Any]], str] | None = None
) -> Callable[[Any, Mapping[str, Any]], None]:
    """Returns a function that waits until a Describe operation finds no resource.

    Args:
        operation: the Describe operation as boto3 spells it.
        failure: returns the reason of a failed deletion from a response, or an empty text.
            Defaults to None: deletions do not fail.
    """

    def wait(client: Any, identifier: Mapping[str, Any]) -> None:
        while True:
            try:
                response = getattr(client, operation)(**identifier)
            except ClientError as error:
                if is_gone(error):
                    return
                raise
            if failure and (reason := failure(response)):
                raise ResourceFailure(reason)
            time.sleep(POLL_SECONDS)

    return wait
