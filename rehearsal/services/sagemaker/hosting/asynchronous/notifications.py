"""What an asynchronous endpoint tells its topics.

The messages are those of "Check prediction results" in the SageMaker developer guide.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from typing import Any

from rehearsal.services.sagemaker.hosting.asynchronous.queue import AsyncRequest

LARGEST_INCLUDED = 128 * 1024
"""Responses up to this size are part of a notification that asks for them."""

Answer = tuple[bytes, str]
"""A body and its content type."""


def topic_of(output: Mapping[str, Any], *, failed: bool) -> str | None:
    """The topic that hears of an outcome; `output` is OutputConfig of AsyncInferenceConfig."""
    topics = output.get("NotificationConfig", {})
    topic: str | None = topics.get("ErrorTopic" if failed else "SuccessTopic")
    return topic


def included(output: Mapping[str, Any], answer: Answer | None, *, failed: bool) -> dict[str, Any]:
    """The response as part of the message, where the configuration asks for it and it fits."""
    kind = "ERROR_NOTIFICATION_TOPIC" if failed else "SUCCESS_NOTIFICATION_TOPIC"
    wanted = output.get("NotificationConfig", {}).get("IncludeInferenceResponseIn", ())
    if answer is None or kind not in wanted or len(answer[0]) > LARGEST_INCLUDED:
        return {}
    content = base64.b64encode(answer[0]).decode()
    return {"responseBody": {"content": content, "encoding": "BASE64"}}


def message(
    endpoint: str,
    region: str,
    request: AsyncRequest,
    *,
    response: Mapping[str, str | None] | None,
    failure: str | None = None,
) -> dict[str, Any]:
    """The message of an outcome: `response` says where the answer is, `failure` why it failed."""
    told: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _stamp(datetime.datetime.now(datetime.UTC)),
        "receivedTime": _stamp(request.received),
        "invocationStatus": "Completed" if failure is None else "Failed",
    }
    if failure is not None:
        told["failureReason"] = failure
    told["requestParameters"] = _given(
        {
            "accept": request.accept,
            "contentType": request.content_type,
            "customAttributes": request.custom_attributes,
            "endpointName": endpoint,
            "inputLocation": request.input_location,
        }
    )
    if response is not None:
        told["responseParameters"] = _given(response)
    return told | {
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _stamp(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
