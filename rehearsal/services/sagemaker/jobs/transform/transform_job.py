"""Runs a SageMaker batch transform job.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3

from rehearsal.containers.images.store import ImageStore
from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.data.transfer import S3Location, download, upload
from rehearsal.services.sagemaker.hosting.serving.model_server import (
    InvocationError,
    ModelServer,
    ModelServerError,
)
from rehearsal.services.sagemaker.jobs.job import (
    STOP_GRACE,
    Fields,
    Job,
    JobFailedError,
    JobResult,
    Progress,
    UnsupportedError,
    ignore_progress,
    now,
)
from rehearsal.services.sagemaker.jobs.transform.capture import InferenceIds, TransformCapture
from rehearsal.services.sagemaker.jobs.transform.records import RecordProcessing

LOG_GROUP = "/aws/sagemaker/TransformJobs"
_MEGABYTE = 1024 * 1024
_DEFAULT_PAYLOAD = 6


def run(
    request: Mapping[str, Any],
    *,
    containers: Sequence[Mapping[str, Any]],
    session: boto3.Session,
    environment: Mapping[str, str],
    scope: Scope,
    image_store: ImageStore,
    isolated: bool = False,
    progress: Progress = ignore_progress,
    stop: threading.Event | None = None,
    grace: float = STOP_GRACE,
) -> JobResult:
    """Runs the job of a CreateTransformJob request to its end.

    `containers` are the model's container definitions; `session` and `environment` act with the
    model's execution role. The result's fields are TransformStartTime and TransformEndTime. Raises
    JobFailedError.
    """
    job = _TransformJob(
        request=request,
        session=session,
        environment=environment,
        scope=scope,
        image_store=image_store,
        progress=progress,
        stop=stop or threading.Event(),
        grace=grace,
    )
    return job.run(containers, isolated)


class _TransformJob(Job):
    def run(self, containers: Sequence[Mapping[str, Any]], isolated: bool) -> JobResult:
        _refuse_unsupported(self.request)
        if any(container.get("Mode") == "MultiModel" for container in containers):
            raise UnsupportedError("multi-model containers in batch transform", "Nor does AWS.")
        self._records = RecordProcessing(self.request)
        started = now()
        self._fields: Fields = {"TransformStartTime": started}
        self._capture = TransformCapture(self.request, self.session, started)
        self._ids = InferenceIds(self.request, started)
        self.progress({"TransformJobStatus": "InProgress", **self._fields})
        server = self._server(containers, isolated)
        try:
            with self.directory(self.request["TransformJobName"]) as directory:
                files = self._download(directory / "in")
                server.start()
                status = self._transform(server, files, directory)
                if status == "Completed":
                    self._capture.write()
        except (JobFailedError, ModelServerError) as error:
            ended = self._fields | {"TransformEndTime": now()}
            raise JobFailedError(error.reason, ended) from error
        finally:
            server.stop(self.grace)
        return JobResult(status, self._fields | {"TransformEndTime": now()})

    def _server(self, containers: Sequence[Mapping[str, Any]], isolated: bool) -> ModelServer:
        name = self.request["TransformJobName"]
        extra = dict(self.request.get("Environment", {})) | self._batch_variables()
        return ModelServer(
            name,
            [
                {**item, "Environment": {**item.get("Environment", {}), **extra}}
                for item in containers
            ],
            session=self.session,
            environment=self.environment,
            scope=self.scope,
            image_store=self.image_store,
            variant=name,
            isolated=isolated,
            invocation_timeout=self._client_config.get("InvocationsTimeoutInSeconds", 600),
            largest_payload=self._largest_payload,
            log_group=LOG_GROUP,
        )

    @property
    def _client_config(self) -> Mapping[str, int]:
        config: Mapping[str, int] = self.request.get("ModelClientConfig", {})
        return config

    @property
    def _largest_payload(self) -> int:
        megabytes = self.request.get("MaxPayloadInMB", _DEFAULT_PAYLOAD)
        return int(megabytes or 100) * _MEGABYTE

    def _batch_variables(self) -> dict[str, str]:
        found = {"SAGEMAKER_BATCH": "true"}
        if "MaxPayloadInMB" in self.request:
            found["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(self.request["MaxPayloadInMB"])
        if "BatchStrategy" in self.request:
            single = self.request["BatchStrategy"] == "SingleRecord"
            found["SAGEMAKER_BATCH_STRATEGY"] = "SINGLE_RECORD" if single else "MULTI_RECORD"
        if "MaxConcurrentTransforms" in self.request:
            found["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(
                self.request["MaxConcurrentTransforms"]
            )
        return found

    def _download(self, directory: Path) -> list[Path]:
        source = self.request["TransformInput"]["DataSource"]["S3DataSource"]
        files = download(self.session, source["S3Uri"], directory, source["S3DataType"])
        self._input = directory
        return sorted(files)

    def _transform(self, server: ModelServer, files: list[Path], directory: Path) -> str:
        output = self.request["TransformOutput"]
        base = S3Location.parse(output["S3OutputPath"])
        deadline = time.monotonic() + 5 * 24 * 3600  # AWS ends a transform job after five days
        for file in files:
            result = directory / "result"
            if not self._transform_file(server, file, result, deadline):
                return "Stopped"
            relative = file.relative_to(self._input)
            target = base.below(*relative.parts[:-1], relative.name + ".out")
            upload(self.session, result, str(target), kms_key=output.get("KmsKeyId"))
            self._capture.answered(base, target)
        return "Completed"

    def _transform_file(
        self, server: ModelServer, file: Path, result: Path, deadline: float
    ) -> bool:
        """Sends a file's batches, several at a time, and joins the answers in order."""
        separator = b"\n" if self.request["TransformOutput"].get("AssembleWith") == "Line" else b""
        workers = int(self.request.get("MaxConcurrentTransforms") or 1)
        with result.open("wb") as out, ThreadPoolExecutor(workers) as pool:
            pending = []
            for batch in [*self._batches(file), None]:
                if self.stop.is_set() or time.monotonic() > deadline:
                    return False
                if batch is not None:
                    pending.append(pool.submit(self._invoke, server, batch, file.name))
                while pending and (batch is None or len(pending) > workers * 2):
                    answer = self._ids.appended(pending.pop(0).result())
                    out.write(answer)
                    if separator and not answer.endswith(separator):
                        out.write(separator)
        return True

    def _invoke(self, server: ModelServer, batch: bytes, name: str) -> bytes:
        if not self._records.active:
            return self._answer(server, batch, name)
        answer = self._answer(server, self._records.before(batch), name)
        return self._records.after(batch, answer)

    def _answer(self, server: ModelServer, batch: bytes, name: str) -> bytes:
        given = self.request["TransformInput"]
        content_type = given.get("ContentType", "application/octet-stream")
        accept = self.request["TransformOutput"].get("Accept", "*/*")
        retries = int(self._client_config.get("InvocationsMaxRetries", 0))
        for attempt in range(retries + 1):
            try:
                status, _, body = server.invoke(batch, content_type, accept)
            except InvocationError as error:
                status, body = 0, str(error).encode()
            except ValueError as error:
                raise JobFailedError(
                    f"ClientError: {name}: {error} Set SplitType or raise MaxPayloadInMB."
                ) from error
            if status == 200:
                return body
            if attempt == retries or self.stop.is_set():
                break
        raise JobFailedError(
            f"AlgorithmError: {name}: Bad HTTP status received from algorithm: {status}. "
            f"{body[:300].decode(errors='replace')}"
        )

    def _batches(self, file: Path) -> Iterator[bytes]:
        """The payloads of a file: whole, one record each, or as many records as fit."""
        if self.request["TransformInput"].get("SplitType", "None") == "None":
            yield file.read_bytes()
            return
        single = self.request.get("BatchStrategy") == "SingleRecord"
        batch = b""
        with file.open("rb") as lines:
            for line in lines:
                if not line.strip():
                    continue
                if batch and (single or len(batch) + len(line) > self._largest_payload):
                    yield batch
                    batch = b""
                batch += line
        if batch:
            yield batch


def _refuse_unsupported(request: Mapping[str, Any]) -> None:
    given = request["TransformInput"]
    if given.get("SplitType", "None") not in ("None", "Line"):
        raise UnsupportedError(f"SplitType {given['SplitType']}", "Use Line or None.")
    if given.get("CompressionType", "None") != "None":
        raise UnsupportedError("CompressionType Gzip of TransformInput", "Use None.")
    resources = request["TransformResources"]
    if resources["InstanceCount"] > 1:
        raise UnsupportedError(
            f"{resources['InstanceCount']} transform instances", "Set InstanceCount to 1."
        )
