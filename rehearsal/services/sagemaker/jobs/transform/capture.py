"""Data capture of batch transform: manifests of the files, and ids of predictions.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
"""

import csv
import io
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.aws_client import aws_client
from rehearsal.services.sagemaker.data.transfer import S3Location, sources
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError

_ID, _TIME, _ALONE = "SageMakerInferenceId", "SageMakerInferenceTime", "output"
_JSON = ("application/json", "application/jsonlines", "application/x-jsonlines")


class TransformCapture:
    """DataCaptureConfig of a CreateTransformJob request.

    Nothing is copied: a manifest lists the input of the job, another its output, below
    `{destination}/input/yyyy/mm/dd/hh/` and `{destination}/output/yyyy/mm/dd/hh/`; the hour is the
    one in which the job began.
    """

    def __init__(
        self, request: Mapping[str, Any], session: boto3.Session, started: datetime
    ) -> None:
        self._request = request
        self._session = session
        self._hour = f"{started.astimezone(UTC):%Y/%m/%d/%H}"
        self._written: dict[str, list[str]] = {}

    def written(self, base: S3Location, target: S3Location) -> None:
        """Records an output file `target` below the output path `base`."""
        prefix = str(base).rstrip("/") + "/"
        self._written.setdefault(prefix, []).append(str(target).removeprefix(prefix))

    def write(self) -> None:
        """Writes the manifests of a completed job.

        Raises:
            ExecutionFailedError: a manifest cannot be written.
        """
        config = self._request.get("DataCaptureConfig")
        if not config:
            return
        destination = S3Location.parse(config["DestinationS3Uri"])
        for side, listed in (("input", self._inputs()), ("output", self._written)):
            for prefix, names in listed.items():
                manifest: list[Any] = [{"prefix": prefix}, *sorted(names)]
                name = f"{self._request['TransformJobName']}-{uuid.uuid4()}.json"
                target = destination.below(side, *self._hour.split("/"), name)
                self._put(target, json.dumps(manifest), config.get("KmsKeyId"))

    def _inputs(self) -> dict[str, list[str]]:
        source = self._request["TransformInput"]["DataSource"]["S3DataSource"]
        listed: dict[str, list[str]] = {}
        for place, name in sources(self._session, source["S3Uri"], source["S3DataType"]):
            listed.setdefault(str(place).removesuffix(name), []).append(name)
        return listed

    def _put(self, target: S3Location, text: str, key: str | None) -> None:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        try:
            aws_client(self._session, "s3").put_object(
                Bucket=target.bucket, Key=target.key, Body=text.encode(), **encryption
            )
        except (BotoCoreError, ClientError) as error:
            raise ExecutionFailedError(
                f"ClientError: Data capture failed: unable to write {target} ({error})"
            ) from error


class InferenceIds:
    """GenerateInferenceId: each prediction ends with an id and the start time of the job."""

    def __init__(self, request: Mapping[str, Any], started: datetime) -> None:
        wanted = request.get("DataCaptureConfig", {}).get("GenerateInferenceId", False)
        accept = request["TransformOutput"].get("Accept", "").partition(";")[0].strip().lower()
        if wanted and accept not in ("text/csv", *_JSON):
            raise ExecutionFailedError(
                "ClientError: The rehearsal does not implement GenerateInferenceId with Accept "
                f"{accept or 'None'}. Use text/csv, application/json or application/jsonlines."
            )
        self._wanted = wanted
        self._csv = accept == "text/csv"
        self._time = f"{started.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

    def appended(self, predictions: bytes) -> bytes:
        """Returns the predictions of a request, one a line, with their ids."""
        if not self._wanted:
            return predictions
        lines = [line for line in predictions.decode().splitlines() if line.strip()]
        marked = self._cells if self._csv else self._members
        return "".join(f"{marked(line)}\n" for line in lines).encode()

    def _cells(self, line: str) -> str:
        text = io.StringIO()
        cells = next(csv.reader([line]))
        csv.writer(text, lineterminator="").writerow([*cells, str(uuid.uuid4()), self._time])
        return text.getvalue()

    def _members(self, line: str) -> str:
        try:
            value = json.loads(line)
        except ValueError as error:
            raise ExecutionFailedError(
                f"ClientError: A prediction is not JSON: {error}."
            ) from error
        members = value if isinstance(value, dict) else {_ALONE: value}
        return json.dumps({**members, _ID: str(uuid.uuid4()), _TIME: self._time})
