"""Clients that send rows to an endpoint: synchronous, asynchronous, or as a transform job."""

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from .smoke_test_error import SmokeTestError

MAX_WAIT_SECONDS = 20 * 60
"""Time for a first instance or copy to start where the endpoint has none, or for a job to end."""
POLL_SECONDS = 5
_NO_CAPACITY = "no capacity"
_STATUS = re.compile(r"Received (?:client|server) error \((\d+)\)")


class RejectedRowsError(Exception):
    """Rows that the model rejected.

    Args:
        status: HTTP status of the model; None if it is not known: a response at the failure
            location of an asynchronous endpoint need not have it.
        message: message of the model.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceOutputConfig.html
    """

    def __init__(self, status: int | None, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class EndpointClient(Protocol):
    """Sends rows to a model."""

    def invoke(self, body: bytes, content_type: str) -> bytes:
        """Returns the response, in the format of the request.

        Args:
            body: body of the request.
            content_type: format of the request.

        Raises:
            RejectedRowsError: the model rejected the rows.
        """
        ...


class SynchronousClient:
    """Sends rows to a real-time or serverless endpoint, or to an inference component.

    Args:
        runtime: boto3 client of the SageMaker runtime.
        endpoint_name: name of the endpoint.
        addressed: arguments that select a variant or a component. Defaults to none.
        sleep: function that waits for seconds. Defaults to None: `time.sleep`.
    """

    def __init__(
        self,
        runtime: Any,
        endpoint_name: str,
        addressed: Mapping[str, str] | None = None,
        *,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._runtime, self._endpoint_name = runtime, endpoint_name
        self._addressed, self._sleep = addressed or {}, sleep or time.sleep

    def invoke(self, body: bytes, content_type: str) -> bytes:
        """Returns the response; waits while the component has scaled to zero."""
        waited = 0
        while True:
            try:
                response = self._runtime.invoke_endpoint(
                    EndpointName=self._endpoint_name,
                    Body=body,
                    ContentType=content_type,
                    Accept=content_type,
                    **self._addressed,
                )
            except ClientError as error:
                details: dict[str, Any] = dict(error.response)
                if details["Error"]["Code"] == "ModelError":
                    raise RejectedRowsError(
                        details.get("OriginalStatusCode", 0), details.get("OriginalMessage", "")
                    ) from error
                # The request that failed has started the scale-out from zero.
                if _NO_CAPACITY not in str(error) or waited >= MAX_WAIT_SECONDS:
                    raise
                self._sleep(POLL_SECONDS)
                waited += POLL_SECONDS
            else:
                return bytes(response["Body"].read())


class AsynchronousClient:
    """Sends rows to an asynchronous endpoint, by objects of its bucket.

    Args:
        runtime: boto3 client of the SageMaker runtime.
        s3: boto3 client of S3.
        endpoint_name: name of the endpoint.
        output_uri: S3 URI of its responses, which ends with `async/responses/<stage>`.
        sleep: function that waits for seconds. Defaults to None: `time.sleep`.
    """

    def __init__(
        self,
        runtime: Any,
        s3: Any,
        endpoint_name: str,
        output_uri: str,
        *,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._runtime, self._s3, self._endpoint_name = runtime, s3, endpoint_name
        self._input_uri = output_uri.replace("/async/responses/", "/async/requests/")
        self._sleep = sleep or time.sleep

    def invoke(self, body: bytes, content_type: str) -> bytes:
        """Returns the response, after the queue."""
        location = f"{self._input_uri}/smoke-test/{uuid.uuid4()}"
        self._s3.put_object(**object_at(location), Body=body)
        accepted = self._runtime.invoke_endpoint_async(
            EndpointName=self._endpoint_name,
            InputLocation=location,
            ContentType=content_type,
            Accept=content_type,
        )
        for _ in range(0, MAX_WAIT_SECONDS, POLL_SECONDS):
            response = read_if_exists(self._s3, accepted["OutputLocation"])
            if response is not None:
                return response
            failure = read_if_exists(self._s3, accepted.get("FailureLocation"))
            if failure is not None:
                message = failure.decode(errors="replace")
                status = _STATUS.search(message)
                raise RejectedRowsError(int(status[1]) if status else None, message)
            self._sleep(POLL_SECONDS)
        raise SmokeTestError(
            f"the asynchronous endpoint wrote no response within {MAX_WAIT_SECONDS // 60} minutes"
        )


class TransformClient:
    """Sends rows to a transform job like those of a schedule.

    Args:
        sagemaker: boto3 client of SageMaker.
        s3: boto3 client of S3.
        name: name of the schedule, prefix of the name of the job.
        request: request of the scheduled jobs.
        sleep: function that waits for seconds. Defaults to None: `time.sleep`.
    """

    def __init__(
        self,
        sagemaker: Any,
        s3: Any,
        name: str,
        request: Mapping[str, Any],
        *,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._sagemaker, self._s3, self._sleep = sagemaker, s3, sleep or time.sleep
        self._name, self._request = name, request

    def invoke(self, body: bytes, content_type: str) -> bytes:
        """Returns the predictions of a job over one file, in folders beside the scheduled ones."""
        run = uuid.uuid4().hex[:8]
        request = dict(self._request)
        # The rows of the test are not traffic that a monitor compares.
        request.pop("DataCaptureConfig", None)
        source = request["TransformInput"]
        folder = source["DataSource"]["S3DataSource"]["S3Uri"].rstrip("/")
        output = {**request["TransformOutput"]}
        input_uri = f"{folder}.smoke-test/{run}"
        output["S3OutputPath"] = f"{output['S3OutputPath'].rstrip('/')}.smoke-test/{run}"
        self._s3.put_object(**object_at(f"{input_uri}/rows"), Body=body)
        job = f"{self._name}-{run}"
        self._sagemaker.create_transform_job(
            **{
                **request,
                "TransformJobName": job,
                "TransformInput": {
                    **source,
                    "ContentType": content_type,
                    "DataSource": {
                        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{input_uri}/"}
                    },
                },
                "TransformOutput": {**output, "Accept": content_type},
                # Predictions alone, as an endpoint returns them.
                "DataProcessing": {"JoinSource": "None"},
            }
        )
        self._wait(job)
        response = read_if_exists(self._s3, f"{output['S3OutputPath']}/rows.out")
        if response is None:
            raise SmokeTestError(f"the transform job {job} wrote no predictions")
        return response

    def _wait(self, job: str) -> None:
        for _ in range(0, MAX_WAIT_SECONDS, POLL_SECONDS):
            found = self._sagemaker.describe_transform_job(TransformJobName=job)
            if found["TransformJobStatus"] == "Completed":
                return
            if found["TransformJobStatus"] in ("Failed", "Stopped"):
                raise SmokeTestError(
                    f"the transform job {job} is {found['TransformJobStatus']}: "
                    f"{found.get('FailureReason', 'no reason')}"
                )
            self._sleep(POLL_SECONDS)
        raise SmokeTestError(
            f"the transform job {job} did not end within {MAX_WAIT_SECONDS // 60} minutes"
        )


def object_at(uri: str) -> dict[str, str]:
    """Returns bucket and key of an S3 URI, as arguments of boto3.

    Args:
        uri: the URI.
    """
    location = urlparse(uri)
    return {"Bucket": location.netloc, "Key": location.path.lstrip("/")}


def read_if_exists(s3: Any, uri: str | None) -> bytes | None:
    """Returns an object; None if it does not exist.

    Args:
        s3: boto3 client of S3.
        uri: S3 URI of the object; None for an object without a location.
    """
    if uri is None:
        return None
    try:
        return bytes(s3.get_object(**object_at(uri))["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        raise
