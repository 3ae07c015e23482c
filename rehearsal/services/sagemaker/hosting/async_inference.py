"""Requests of an asynchronous endpoint: input from S3, output to S3, notifications by SNS.

The notifications are those of "Check prediction results" in the SageMaker developer guide.
"""

import base64
import datetime
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.hosting.async_queue import AsyncRequest
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Fleet, Variant
from rehearsal.services.sagemaker.hosting.endpoint_metrics import (
    OF_ASYNCHRONOUS,
    EndpointMetrics,
    Outcome,
    Served,
)
from rehearsal.services.sagemaker.hosting.endpoint_registry import LiveEndpoint
from rehearsal.services.sagemaker.hosting.replicas import RetiredError

DEFAULT_CONTENT_TYPE = "application/octet-stream"
MAX_INCLUDED = 128 * 1024
"""Responses up to this size, in bytes, are part of a notification that includes them."""

Prediction = tuple[bytes, str]
"""A response of the container: its body and content type."""

_LOG = logging.getLogger(__name__)


class AsyncFailedError(Exception):
    """A request failed; `metric` counts it, `response` is that of the container, if any."""

    def __init__(self, reason: str, metric: str, response: Prediction | None = None) -> None:
        super().__init__(reason)
        self.metric = metric
        self.response = response


TopicKey = Callable[[str], str | None]
"""Returns the KMS key of a topic; None if it has none."""


def process_request(
    live: LiveEndpoint, metrics: EndpointMetrics, topic_key: TopicKey, request: AsyncRequest
) -> None:
    """Processes a request of an asynchronous endpoint with the role of its model."""
    fleet, variant = live.route(None)
    output = (fleet.asynchronous or {}).get("OutputConfig", {})
    _AsyncInvocation(live, (fleet, variant), output, (metrics, topic_key), request).run()


class _AsyncInvocation:
    """A request in progress; `output` is OutputConfig of AsyncInferenceConfig."""

    def __init__(
        self,
        live: LiveEndpoint,
        place: tuple[Fleet, Variant],
        output: Any,
        around: tuple[EndpointMetrics, TopicKey],
        request: AsyncRequest,
    ) -> None:
        self._endpoint = live.name
        fleet, variant = place
        self._capture = fleet.capture
        self._variant = variant
        self._output = output
        self._metrics, self._topic_key = around
        self._request = request
        self._served = Served(
            scope=live.scope,
            endpoint=live.name,
            variant=variant.name,
            replicas=variant.replicas.count if variant.replicas else 1,
            config=fleet.config_name,
            published=OF_ASYNCHRONOUS,
        )

    def run(self) -> None:
        request = self._request
        self._microseconds("TimeInBacklog", request.age)
        try:
            if request.age > request.seconds_to_live:
                message = f"queue for more than {request.seconds_to_live} seconds"
                raise AsyncFailedError(
                    f"ClientError: The request was in the {message} (RequestTTLSeconds).",
                    "ExpiredRequests",
                )
            body = self._input()
            prediction = self._invoke(body)
            if self._capture is not None:
                self._capture.take(
                    self._variant.name,
                    request=(body, request.content_type or DEFAULT_CONTENT_TYPE),
                    response=prediction,
                    inference_id=request.inference_id,
                    custom_attributes=request.custom_attributes,
                )
            if request.output_location:
                self._write(request.output_location, prediction)
        except AsyncFailedError as failure:
            self._fail(failure)
        else:
            self._count("InvocationsProcessed")
            self._notify(prediction, request.output_location)
        self._put("TotalProcessingTime", request.age * 1e3, "Milliseconds")

    def _input(self) -> bytes:
        request = self._request
        if request.body is not None:
            return request.body
        started = time.monotonic()
        bucket, key = location_of(str(request.input_location))
        try:
            found = self._client("s3").get_object(Bucket=bucket, Key=key)
            body: bytes = found["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise AsyncFailedError(
                f"ClientError: Failed to download the input from {request.input_location}. Please "
                "ensure that there is an object at this location and that the execution role of "
                f"the model may read it. {error}",
                "RequestDownloadFailures",
            ) from error
        self._microseconds("RequestDownloadLatency", time.monotonic() - started)
        return body

    def _invoke(self, body: bytes) -> Prediction:
        sent = time.monotonic()
        status, headers, prediction, concurrent = self._send(body)
        elapsed = time.monotonic() - sent
        self._metrics.invocation(
            self._served,
            Outcome(
                status=status, model_seconds=elapsed, overhead_seconds=0.0, concurrent=concurrent
            ),
        )
        found = {name.lower(): value for name, value in headers.items()}
        response = (prediction, found.get("content-type", DEFAULT_CONTENT_TYPE))
        if 200 <= status < 300:
            return response
        side = "client" if status < 500 else "server"
        raise AsyncFailedError(
            f"ClientError: Received {side} error ({status}) from model. See the SageMaker "
            "Endpoint logs in your account for more information.",
            "InvocationFailures",
            response,
        )

    def _send(self, body: bytes) -> tuple[int, Any, bytes, int]:
        """Returns the container's status, headers and body, and its concurrent requests."""
        request = self._request
        headers = {"X-Amzn-SageMaker-Inference-Id": request.inference_id}
        if request.custom_attributes:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = request.custom_attributes
        content_type = request.content_type or DEFAULT_CONTENT_TYPE
        if self._variant.replicas is None:
            raise AsyncFailedError("ClientError: The variant has no model.", "InvocationFailures")
        try:
            with self._variant.replicas.in_use() as (server, concurrent):
                if server is None:
                    return 503, {}, b"The last instance has been removed.", concurrent
                try:
                    accept = request.accept or "*/*"
                    prediction = server.invoke(
                        body, content_type, accept, headers, timeout=request.timeout
                    )
                except (ExecutionFailedError, ValueError) as error:
                    return 500, {}, str(error).encode(), concurrent
                return (*prediction, concurrent)
        except RetiredError:
            return 503, {}, b"The last instance has been removed.", 0

    def _write(self, location: str, prediction: Prediction) -> None:
        key_id = self._output.get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
        started = time.monotonic()
        bucket, key = location_of(location)
        body, content_type = prediction
        try:
            self._client("s3").put_object(
                Bucket=bucket, Key=key, Body=body, ContentType=content_type, **encryption
            )
        except (BotoCoreError, ClientError) as error:
            raise AsyncFailedError(
                f"ClientError: Failed to upload the response to {location}. Please ensure that "
                f"the execution role of the model may write there. {error}",
                "ResponseUploadFailures",
            ) from error
        self._microseconds("ResponseUploadLatency", time.monotonic() - started)

    def _fail(self, failure: AsyncFailedError) -> None:
        _LOG.info("asynchronous inference %s: %s", self._request.inference_id, failure)
        self._count(failure.metric)
        location = self._request.failure_location
        if failure.response is None or location is None:
            self._notify(failure.response, None, failure)
            return
        try:
            self._write(location, failure.response)
        except AsyncFailedError as second:
            _LOG.warning("asynchronous inference %s: %s", self._request.inference_id, second)
            self._count(second.metric)
            location = None
        self._notify(failure.response, location, failure)

    def _notify(
        self,
        prediction: Prediction | None,
        location: str | None,
        failure: AsyncFailedError | None = None,
    ) -> None:
        """Publishes to the topic of the outcome, if the configuration names one."""
        failed = failure is not None
        topic = _topic_of(self._output, failed=failed)
        if topic is None:
            return
        response = None
        if prediction is not None and location is not None:
            response = {"contentType": prediction[1], "outputLocation": location}
        content = _message(
            self._endpoint,
            self._served.scope.region,
            self._request,
            response=response,
            failure=str(failure) if failed else None,
        ) | _included(self._output, prediction, failed=failed)
        try:
            if key := self._topic_key(topic):  # SNS encrypts with the permissions of the publisher
                self._client("kms").generate_data_key(KeyId=key, KeySpec="AES_256")
            self._client("sns").publish(TopicArn=topic, Message=json.dumps(content))
        except (BotoCoreError, ClientError) as error:
            _LOG.warning("notification of %s: %s", self._request.inference_id, error)
            self._count("NotificationFailures")

    def _client(self, service: str) -> Any:
        session: Any = self._variant.session
        return session.client(service)

    def _count(self, metric: str) -> None:
        self._put(metric, 1.0, "Count")

    def _microseconds(self, metric: str, seconds: float) -> None:
        self._put(metric, seconds * 1e6, "Microseconds")

    def _put(self, metric: str, value: float, unit: str) -> None:
        served = self._served
        self._metrics.put(served.scope, {metric: (value, unit)}, served.variant_dimensions)


def location_of(uri: str) -> tuple[str, str]:
    """Returns bucket and key of `s3://bucket/key`, or of its https form."""
    target = urlsplit(uri)
    path = target.path.lstrip("/")
    if target.scheme == "s3":
        return target.netloc, path
    if target.netloc.startswith(("s3.", "s3-")):
        bucket, _, key = path.partition("/")
        return bucket, key
    return target.netloc.partition(".s3")[0], path


def _topic_of(output: Mapping[str, Any], *, failed: bool) -> str | None:
    """Returns the topic of an outcome; `output` is OutputConfig of AsyncInferenceConfig."""
    topics = output.get("NotificationConfig", {})
    topic: str | None = topics.get("ErrorTopic" if failed else "SuccessTopic")
    return topic


def _included(
    output: Mapping[str, Any], prediction: Prediction | None, *, failed: bool
) -> dict[str, Any]:
    """Returns the response as a part of the message, if it is configured and fits."""
    kind = "ERROR_NOTIFICATION_TOPIC" if failed else "SUCCESS_NOTIFICATION_TOPIC"
    wanted = output.get("NotificationConfig", {}).get("IncludeInferenceResponseIn", ())
    if prediction is None or kind not in wanted or len(prediction[0]) > MAX_INCLUDED:
        return {}
    encoded = base64.b64encode(prediction[0]).decode()
    return {"responseBody": {"content": encoded, "encoding": "BASE64"}}


def _message(
    endpoint: str,
    region: str,
    request: AsyncRequest,
    *,
    response: Mapping[str, str | None] | None,
    failure: str | None = None,
) -> dict[str, Any]:
    """Returns the message of an outcome: the place of the response, or the reason of a failure."""
    content: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _stamp(datetime.datetime.now(datetime.UTC)),
        "receivedTime": _stamp(request.received),
        "invocationStatus": "Completed" if failure is None else "Failed",
    }
    if failure is not None:
        content["failureReason"] = failure
    content["requestParameters"] = _given(
        {
            "accept": request.accept,
            "contentType": request.content_type,
            "customAttributes": request.custom_attributes,
            "endpointName": endpoint,
            "inputLocation": request.input_location,
        }
    )
    if response is not None:
        content["responseParameters"] = _given(response)
    return content | {
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _stamp(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
