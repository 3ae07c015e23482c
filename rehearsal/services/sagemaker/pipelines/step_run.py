"""A step to run, and how it ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.pipelines.callbacks import Callbacks

Wait = Callable[[], None]
"""Blocks for a moment, or until something may have changed."""
Stopping = Callable[[], bool]

_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException"}


class StepFailedError(Exception):
    """A step failed. `exception_type` is that of retry policies, None if it has none."""

    def __init__(
        self,
        reason: str,
        exception_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.exception_type = exception_type
        self.metadata = metadata


class StepStoppedError(Exception):
    """A step was stopped."""


@dataclass(frozen=True)
class StepOutcome:
    """The outcome of a successful step: properties for later steps, metadata for the API."""

    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class StepRun:
    """A step to run.

    Args:
        step: the step, with its own members resolved.
        arguments: its arguments, resolved.
        name: the name of its job or model.
        execution_arn: the ARN of the execution.
        tags: the tags of the pipeline.
        session: a session of the pipeline's role.
        callbacks: the callback steps that wait.
        stopping: True once the step must stop.
        wait: blocks for a moment.
        started: takes the metadata as soon as there is any.
    """

    step: Mapping[str, Any]
    arguments: Mapping[str, Any]
    name: str
    execution_arn: str
    tags: list[dict[str, str]]
    session: boto3.Session
    callbacks: Callbacks
    stopping: Stopping
    wait: Wait
    started: Callable[[Mapping[str, Any]], None]

    @property
    def client(self) -> Any:
        """A SageMaker client of the pipeline's role."""
        return self.session.client("sagemaker")


def failed_call(error: ClientError, service: str = "sagemaker") -> StepFailedError:
    """Returns the failure of a step whose call of an API failed."""
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    message = error.response["Error"].get("Message", "")
    reason = (
        f"ClientError: Failed to invoke {service}:{error.operation_name}. Error Details: {message}"
    )
    if code in _THROTTLED:
        return StepFailedError(reason, "Step.THROTTLING")
    if code == "ResourceLimitExceeded":
        return StepFailedError(reason, "SageMaker.RESOURCE_LIMIT")
    if status >= 500:
        return StepFailedError(reason, "Step.SERVICE_FAULT")
    return StepFailedError(reason)


def read_object(session: boto3.Session, uri: str) -> bytes:
    """Returns the content of an object, read with the role of the pipeline.

    Raises:
        StepFailedError: it does not exist or cannot be read; the reason names bucket and key.
    """
    place = urlsplit(uri)
    key = place.path.lstrip("/")
    try:
        response = session.client("s3").get_object(Bucket=place.netloc, Key=key)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        message = error.response["Error"].get("Message", "")
        raise StepFailedError(
            f"ClientError: Unable to read s3://{place.netloc}/{key} (bucket {place.netloc}, key "
            f"{key}): {code}: {message}"
        ) from error
    body: bytes = response["Body"].read()
    return body
