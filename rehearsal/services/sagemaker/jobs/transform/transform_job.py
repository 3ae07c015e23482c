"""The executor of batch transform jobs.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from rehearsal.framework.clock import Clock, utc_now
from rehearsal.services.sagemaker.data.transfer import S3Location, download, upload
from rehearsal.services.sagemaker.data_plane import (
    ExecutionFailedError,
    Members,
    ServedModel,
    ServerRun,
)
from rehearsal.services.sagemaker.hosting.serving.model_server import InvocationError, ModelServer
from rehearsal.services.sagemaker.jobs.job import Fields, Job, now
from rehearsal.services.sagemaker.jobs.transform.capture import InferenceIds, TransformCapture
from rehearsal.services.sagemaker.jobs.transform.records import RecordProcessing

LOG_GROUP = "/aws/sagemaker/TransformJobs"
_MEGABYTE = 1024 * 1024
_DEFAULT_PAYLOAD = 6


def run(job: Job, model: ServedModel, clock: Clock = utc_now) -> Members:
    """Runs a batch transform job to its end.

    Args:
        job: the job, which acts with the model's execution role.
        model: the model.
        clock: the time of the data capture, which monitors find by its hour. Defaults to real time.

    Returns:
        TransformJobStatus, TransformStartTime and TransformEndTime.

    Raises:
        ExecutionFailedError: the job failed.
    """
    return _TransformJob(job, model, clock).run()


class _TransformJob:
    def __init__(self, job: Job, model: ServedModel, clock: Clock) -> None:
        self._job = job
        self._request = job.request
        self._model = model
        self._records = RecordProcessing(job.request)
        self._fields: Fields = {"TransformStartTime": now()}
        captured = clock()
        self._capture = TransformCapture(job.request, job.session, captured)
        self._ids = InferenceIds(job.request, captured)
        self._failed = threading.Event()

    def run(self) -> Members:
        self._job.progress({"TransformJobStatus": "InProgress", **self._fields})
        servers = [self._server() for _ in self._job.host_names]
        try:
            with self._job.directory() as directory:
                files = self._download(directory / "in")
                with ThreadPoolExecutor(len(servers)) as pool:
                    parts = [
                        pool.submit(
                            self._transform, server, files[number :: len(servers)], directory
                        )
                        for number, server in enumerate(servers)
                    ]
                    ended, running = wait(parts, return_when=FIRST_EXCEPTION)
                    if running:
                        self._failed.set()
                # The first failure is the reason, whatever happens to the others then.
                results = [part.result() for part in (*ended, *running)]
                completed = all(results)
                if completed:
                    self._capture.write()
        except ExecutionFailedError as error:
            error.members = {**self._fields, "TransformEndTime": now()}
            raise
        finally:
            for server in servers:
                server.stop()
        status = "Completed" if completed else "Stopped"
        return {**self._fields, "TransformJobStatus": status, "TransformEndTime": now()}

    def _server(self) -> ModelServer:
        run = self._job.run
        extra = dict(self._request.get("Environment", {})) | self._batch_variables()
        containers = [
            {**item, "Environment": {**item.get("Environment", {}), **extra}}
            for item in self._model.containers
        ]
        server = ServerRun(
            name=run.name,
            variant=run.name,
            scope=run.scope,
            model=replace(self._model, containers=containers, direct=False),
            session=run.session,
            environment=run.environment,
            invocation_timeout=self._client_config.get("InvocationsTimeoutInSeconds", 600),
            max_payload=self._max_payload,
            log_group=LOG_GROUP,
            limits=self._job.limits,
        )
        return ModelServer(server, self._job.image_store, stop_grace=self._job.grace)

    @property
    def _client_config(self) -> Mapping[str, int]:
        config: Mapping[str, int] = self._request.get("ModelClientConfig", {})
        return config

    @property
    def _max_payload(self) -> int:
        megabytes = self._request.get("MaxPayloadInMB", _DEFAULT_PAYLOAD)
        return int(megabytes or 100) * _MEGABYTE

    def _batch_variables(self) -> dict[str, str]:
        found = {"SAGEMAKER_BATCH": "true"}
        if "MaxPayloadInMB" in self._request:
            found["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(self._request["MaxPayloadInMB"])
        if "BatchStrategy" in self._request:
            single = self._request["BatchStrategy"] == "SingleRecord"
            found["SAGEMAKER_BATCH_STRATEGY"] = "SINGLE_RECORD" if single else "MULTI_RECORD"
        if "MaxConcurrentTransforms" in self._request:
            found["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(
                self._request["MaxConcurrentTransforms"]
            )
        return found

    def _download(self, directory: Path) -> list[Path]:
        source = self._request["TransformInput"]["DataSource"]["S3DataSource"]
        files = download(self._job.session, source["S3Uri"], directory, source["S3DataType"])
        self._input = directory
        return sorted(files)

    def _transform(self, server: ModelServer, files: list[Path], directory: Path) -> bool:
        """Transforms the files of one instance; returns False if the job was stopped.

        Each object goes to one instance; one without an object is idle.

        Source: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
        """
        server.start()
        output = self._request["TransformOutput"]
        base = S3Location.parse(output["S3OutputPath"])
        deadline = time.monotonic() + 5 * 24 * 3600  # AWS ends a transform job after five days
        with tempfile.TemporaryDirectory(dir=directory) as folder:
            result = Path(folder, "result")
            for file in files:
                if not self._transform_file(server, file, result, deadline):
                    return False
                relative = file.relative_to(self._input)
                target = base.below(*relative.parts[:-1], relative.name + ".out")
                upload(self._job.session, result, str(target), kms_key=output.get("KmsKeyId"))
                self._capture.written(base, target)
        return True

    def _transform_file(
        self, server: ModelServer, file: Path, result: Path, deadline: float
    ) -> bool:
        """Sends a file's batches, several at a time, and joins the predictions in order."""
        separator = b"\n" if self._request["TransformOutput"].get("AssembleWith") == "Line" else b""
        workers = int(self._request.get("MaxConcurrentTransforms") or 1)
        with result.open("wb") as out, ThreadPoolExecutor(workers) as pool:
            pending = []
            for batch in [*self._batches(file), None]:
                if self._ends or time.monotonic() > deadline:
                    return False
                if batch is not None:
                    pending.append(pool.submit(self._invoke, server, batch, file.name))
                while pending and (batch is None or len(pending) > workers * 2):
                    predictions = self._ids.appended(pending.pop(0).result())
                    out.write(predictions)
                    if separator and not predictions.endswith(separator):
                        out.write(separator)
        return True

    @property
    def _ends(self) -> bool:
        """True if the job was stopped, or an instance has failed."""
        return self._job.run.stop.is_set() or self._failed.is_set()

    def _invoke(self, server: ModelServer, batch: bytes, name: str) -> bytes:
        if not self._records.active:
            return self._predict(server, batch, name)
        predictions = self._predict(server, self._records.before(batch), name)
        return self._records.after(batch, predictions)

    def _predict(self, server: ModelServer, batch: bytes, name: str) -> bytes:
        given = self._request["TransformInput"]
        content_type = given.get("ContentType", "application/octet-stream")
        accept = self._request["TransformOutput"].get("Accept", "*/*")
        retries = int(self._client_config.get("InvocationsMaxRetries", 0))
        for attempt in range(retries + 1):
            try:
                status, _, body = server.invoke(batch, content_type, accept)
            except InvocationError as error:
                status, body = 0, str(error).encode()
            except ValueError as error:
                raise ExecutionFailedError(
                    f"ClientError: {name}: {error} Set SplitType or raise MaxPayloadInMB."
                ) from error
            if status == 200:
                return body
            if attempt == retries or self._ends:
                break
        raise ExecutionFailedError(
            f"AlgorithmError: {name}: Bad HTTP status received from algorithm: {status}. "
            f"{body[:300].decode(errors='replace')}"
        )

    def _batches(self, file: Path) -> Iterator[bytes]:
        """Yields the payloads of a file: whole, one record each, or as many records as fit."""
        if self._request["TransformInput"].get("SplitType", "None") == "None":
            yield file.read_bytes()
            return
        single = self._request.get("BatchStrategy") == "SingleRecord"
        batch = b""
        with file.open("rb") as lines:
            for line in lines:
                if not line.strip():
                    continue
                if batch and (single or len(batch) + len(line) > self._max_payload):
                    yield batch
                    batch = b""
                batch += line
        if batch:
            yield batch
