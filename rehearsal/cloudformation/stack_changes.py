"""Changes of stacks by a service of AWS, which waits for their end."""

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

Stack = dict[str, Any]
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_POLL_SECONDS = 0.5


class StackFailedError(Exception):
    """A stack failed.

    Args:
        stack: the stack, as DescribeStacks returns it.
        reason: the reason.
    """

    def __init__(self, stack: Stack, reason: str) -> None:
        super().__init__(reason)
        self.stack = stack


def create_stack(client: Any, request: Mapping[str, Any], closing: threading.Event) -> Stack:
    """Creates a stack and waits for it.

    Raises:
        StackFailedError: the stack was rolled back, or `closing` was set.
    """
    created = client.create_stack(**request, OnFailure="ROLLBACK")
    return _settle(client, created["StackId"], "CREATE_COMPLETE", closing)


def update_stack(client: Any, request: Mapping[str, Any], closing: threading.Event) -> Stack:
    """Updates a stack and waits for it; succeeds without a change if the stack is up to date.

    Raises:
        StackFailedError: the stack was rolled back, or `closing` was set.
    """
    try:
        updated = client.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        found: Stack = client.describe_stacks(StackName=request["StackName"])["Stacks"][0]
        return found
    return _settle(client, updated["StackId"], "UPDATE_COMPLETE", closing)


def delete_stack(client: Any, name: str, closing: threading.Event) -> Stack | None:
    """Deletes a stack and waits until it is gone; returns None if it does not exist.

    Raises:
        StackFailedError: the deletion failed, or `closing` was set.
    """
    try:
        stack = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None
    client.delete_stack(StackName=stack["StackId"])
    return _settle(client, stack["StackId"], "DELETE_COMPLETE", closing)


def template_arn(url: str) -> str:
    """Returns the ARN of the S3 object of a TemplateURL, in virtual-hosted or path style."""
    parts = urlsplit(url)
    bucket, _, rest = (parts.hostname or "").partition(".s3")
    key = parts.path.lstrip("/")
    if not rest:
        # https://s3.us-east-1.amazonaws.com/bucket/key, and the local https://127.0.0.1:PORT/...
        bucket, _, key = key.partition("/")
    return f"arn:aws:s3:::{bucket}/{unquote(key)}"


def template_parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Returns parameters as CreateStack takes them."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def stack_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Returns tags as CreateStack takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _settle(client: Any, stack_id: str, wanted: str, closing: threading.Event) -> Stack:
    while True:
        stack: Stack = client.describe_stacks(StackName=stack_id)["Stacks"][0]
        status = stack["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        if closing.wait(_POLL_SECONDS):
            raise StackFailedError(stack, "The service ended while the stack was changing.")
    if status == wanted:
        return stack
    raise StackFailedError(stack, f"{status}: {_reason(client, stack_id)}")


def _reason(client: Any, stack_id: str) -> str:
    """Returns the first failure in the events of a stack; the others follow from it."""
    failures = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        for event in page["StackEvents"]
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    return failures[-1] if failures else "the stack's events give no reason"
