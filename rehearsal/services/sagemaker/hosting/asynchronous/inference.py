"""Answering the requests of an asynchronous endpoint: input from S3, output to S3, word by SNS."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.hosting.asynchronous.notifications import (
    Answer,
    included,
    message,
    topic_of,
)
from rehearsal.services.sagemaker.hosting.asynchronous.queue import AsyncRequest
from rehearsal.services.sagemaker.hosting.endpoint_fleet import Fleet, Variant
from rehearsal.services.sagemaker.hosting.endpoint_metrics import (
    OF_ASYNCHRONOUS,
    EndpointMetrics,
    Outcome,
    Served,
)
from rehearsal.services.sagemaker.hosting.endpoint_registry import LiveEndpoint

DEFAULT_CONTENT_TYPE = "application/octet-stream"

_LOG = logging.getLogger(__name__)


class AsyncFailedError(Exception):
    """A request failed; `metric` counts it, `response` is what the container said, if it did."""

    def __init__(self, reason: str, metric: str, response: Answer | None = None) -> None:
        super().__init__(reason)
        self.metric = metric
        self.response = response


TopicKey = Callable[[str], str | None]
"""Finds the KMS key of a topic; None when it has none."""


def answer_request(
    live: LiveEndpoint, metrics: EndpointMetrics, topic_key: TopicKey, request: AsyncRequest
) -> None:
    """Answers a request of an asynchronous endpoint with the role of its model."""
    fleet, variant = live.route(None)
    output = (fleet.asynchronous or {}).get("OutputConfig", {})
    _AsyncInvocation(live, (fleet, variant), output, (metrics, topic_key), request).run()


class _AsyncInvocation:
    """One request on its way; `output` is OutputConfig of AsyncInferenceConfig."""

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
            answer = self._invoke(body)
            if self._capture is not None:
                self._capture.take(
                    self._variant.name,
                    request=(body, request.content_type or DEFAULT_CONTENT_TYPE),
                    response=answer,
                    inference_id=request.inference_id,
                    custom_attributes=request.custom_attributes,
                )
            if request.output_location:
                self._write(request.output_location, answer)
        except AsyncFailedError as failure:
            self._fail(failure)
        else:
            self._count("InvocationsProcessed")
            self._tell(answer, request.output_location)
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

    def _invoke(self, body: bytes) -> Answer:
        sent = time.monotonic()
        status, headers, answer, concurrent = self._ask(body)
        elapsed = time.monotonic() - sent
        self._metrics.invocation(
            self._served,
            Outcome(
                status=status, model_seconds=elapsed, overhead_seconds=0.0, concurrent=concurrent
            ),
        )
        found = {name.lower(): value for name, value in headers.items()}
        response = (answer, found.get("content-type", DEFAULT_CONTENT_TYPE))
        if 200 <= status < 300:
            return response
        side = "client" if status < 500 else "server"
        raise AsyncFailedError(
            f"ClientError: Received {side} error ({status}) from model. See the SageMaker "
            "Endpoint logs in your account for more information.",
            "InvocationFailures",
            response,
        )

    def _ask(self, body: bytes) -> tuple[int, Any, bytes, int]:
        """The container's status, headers and body, and how many requests it worked on."""
        request = self._request
        headers = {"X-Amzn-SageMaker-Inference-Id": request.inference_id}
        if request.custom_attributes:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = request.custom_attributes
        content_type = request.content_type or DEFAULT_CONTENT_TYPE
        if self._variant.replicas is None:
            raise AsyncFailedError("ClientError: The variant has no model.", "InvocationFailures")
        with self._variant.replicas.in_use() as (server, concurrent):
            if server is None:
                return 503, {}, b"The last instance has been removed.", concurrent
            try:
                accept = request.accept or "*/*"
                answer = server.invoke(body, content_type, accept, headers, timeout=request.timeout)
            except (ExecutionFailedError, ValueError) as error:
                return 500, {}, str(error).encode(), concurrent
            return (*answer, concurrent)

    def _write(self, location: str, answer: Answer) -> None:
        key_id = self._output.get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
        started = time.monotonic()
        bucket, key = location_of(location)
        body, content_type = answer
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
            self._tell(failure.response, None, failure)
            return
        try:
            self._write(location, failure.response)
        except AsyncFailedError as second:
            _LOG.warning("asynchronous inference %s: %s", self._request.inference_id, second)
            self._count(second.metric)
            location = None
        self._tell(failure.response, location, failure)

    def _tell(
        self, answer: Answer | None, location: str | None, failure: AsyncFailedError | None = None
    ) -> None:
        """Publishes to the topic of the outcome, if the configuration names one."""
        failed = failure is not None
        topic = topic_of(self._output, failed=failed)
        if topic is None:
            return
        response = None
        if answer is not None and location is not None:
            response = {"contentType": answer[1], "outputLocation": location}
        told = message(
            self._endpoint,
            self._served.scope.region,
            self._request,
            response=response,
            failure=str(failure) if failed else None,
        ) | included(self._output, answer, failed=failed)
        try:
            if key := self._topic_key(topic):  # SNS encrypts with the rights of who publishes
                self._client("kms").generate_data_key(KeyId=key, KeySpec="AES_256")
            self._client("sns").publish(TopicArn=topic, Message=json.dumps(told))
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
    """Bucket and key of `s3://bucket/key`, or of the https form of it."""
    target = urlsplit(uri)
    path = target.path.lstrip("/")
    if target.scheme == "s3":
        return target.netloc, path
    if target.netloc.startswith(("s3.", "s3-")):
        bucket, _, key = path.partition("/")
        return bucket, key
    return target.netloc.partition(".s3")[0], path
