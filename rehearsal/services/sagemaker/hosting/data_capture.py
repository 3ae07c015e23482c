"""Data capture of real-time endpoints: requests and responses as JSON lines on S3.

Layout and members as in "Capture data" of the SageMaker developer guide:
`{destination}/{endpoint}/{variant}/yyyy/mm/dd/hh/MM-SS-mmm-{uuid}.jsonl`.
"""

import base64
import json
import logging
import random
import threading
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.clock import Clock, utc_now

FLUSH_SECONDS = 2.0
"""Seconds that a captured request waits for others. AWS writes files minutes later."""

_LOG = logging.getLogger(__name__)


class DataCapture:
    """Captures a sample of an endpoint's requests.

    Args:
        endpoint: the name of the endpoint.
        config: DataCaptureConfig of the endpoint configuration.
        session: a session of the model's execution role, which writes the files.
        clock: the present time. Defaults to the system's clock.
    """

    def __init__(
        self,
        endpoint: str,
        config: Mapping[str, Any],
        session: boto3.Session,
        clock: Clock = utc_now,
    ) -> None:
        self._endpoint = endpoint
        self._config = config
        self._clock = clock
        self._s3 = session.client("s3")
        self._lock = threading.Lock()
        self._lines: dict[str, list[str]] = {}
        self._timer: threading.Timer | None = None

    def take(
        self,
        variant: str,
        *,
        request: tuple[bytes, str],
        response: tuple[bytes, str],
        inference_id: str | None,
        custom_attributes: str | None,
    ) -> None:
        """Captures an invocation, if it is in the sample.

        Args:
            variant: the name of the variant.
            request: the body and content type of the request.
            response: the body and content type of the response.
            inference_id: the InferenceId, if there is one.
            custom_attributes: the CustomAttributes, if there are some.
        """
        if random.random() * 100 >= self._config["InitialSamplingPercentage"]:  # noqa: S311
            return
        moment = self._clock()
        metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        if custom_attributes:
            metadata["customAttributes"] = [custom_attributes]
        if inference_id:
            metadata["inferenceId"] = inference_id
        metadata["inferenceTime"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        line = {
            "captureData": self._captured(request, response),
            "eventMetadata": metadata,
            "eventVersion": "0",
        }
        self._append(f"{variant}/{moment:%Y/%m/%d/%H}", json.dumps(line))

    def _captured(self, request: tuple[bytes, str], response: tuple[bytes, str]) -> dict[str, Any]:
        modes = {option["CaptureMode"] for option in self._config["CaptureOptions"]}
        captured = {}
        if modes & {"Input", "InputAndOutput"}:
            captured["endpointInput"] = self._side("INPUT", *request)
        if modes & {"Output", "InputAndOutput"}:
            captured["endpointOutput"] = self._side("OUTPUT", *response)
        return captured

    def _side(self, mode: str, body: bytes, content_type: str) -> dict[str, str]:
        encoding = self._encoding(content_type)
        if encoding == "BASE64":
            data = base64.b64encode(body).decode()
        else:
            data = body.decode("utf-8", errors="replace")
        return {
            "observedContentType": content_type,
            "mode": mode,
            "data": data,
            "encoding": encoding,
        }

    def _encoding(self, content_type: str) -> str:
        """Returns the encoding of a content type; BASE64 unless the configuration lists it."""
        listed = self._config.get("CaptureContentTypeHeader", {})
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type in [known.lower() for known in listed.get("CsvContentTypes", ())]:
            return "CSV"
        if media_type in [known.lower() for known in listed.get("JsonContentTypes", ())]:
            return "JSON"
        return "BASE64"

    def _append(self, folder: str, line: str) -> None:
        with self._lock:
            self._lines.setdefault(folder, []).append(line)
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Writes the captured invocations."""
        with self._lock:
            lines, self._lines = self._lines, {}
            self._timer = None
        for folder, captured in lines.items():
            try:
                self._put(folder, "\n".join(captured) + "\n")
            except (BotoCoreError, ClientError) as error:
                # As on AWS, a capture that cannot be written does not fail the endpoint.
                _LOG.warning("data capture of endpoint %s: %s", self._endpoint, error)

    def _put(self, folder: str, text: str) -> None:
        target = urlsplit(self._config["DestinationS3Uri"])
        moment = self._clock()
        file = f"{moment:%M-%S}-{moment.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        prefix = target.path.strip("/")
        key = "/".join(part for part in (prefix, self._endpoint, folder, file) if part)
        encryption = {}
        if self._config.get("KmsKeyId"):
            encryption = {
                "ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": self._config["KmsKeyId"],
            }
        self._s3.put_object(Bucket=target.netloc, Key=key, Body=text.encode(), **encryption)

    def close(self) -> None:
        """Writes the last captured invocations and ends."""
        with self._lock:
            timer = self._timer
        if timer is not None:
            timer.cancel()
            self.flush()
