"""The data plane of the rehearsal: jobs and model servers as isolated processes of this machine."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3

from rehearsal.containers.images.registry import ImageUnavailableError, resolve
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.process_usage import Usage
from rehearsal.services.sagemaker.data_plane import (
    ExecutionFailedError,
    JobRun,
    Progress,
    ServerRun,
    Train,
)
from rehearsal.services.sagemaker.data_plane import ModelServer as Server
from rehearsal.services.sagemaker.hosting.serving.model_server import (
    LARGEST_PAYLOAD,
    STARTUP_TIMEOUT,
    InvocationError,
    ModelServer,
    ModelServerError,
)
from rehearsal.services.sagemaker.jobs.job import JobFailedError, JobResult
from rehearsal.services.sagemaker.jobs.processing import processing_job
from rehearsal.services.sagemaker.jobs.training import training_job
from rehearsal.services.sagemaker.jobs.transform import transform_job

_TUNING = "rehearsal.services.sagemaker.jobs.tuning.tuning_job"
STOP_GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for servers of an endpoint that goes away; 30 on AWS."""


class LocalDataPlane:
    """Runs jobs with the executors of this room.

    Args:
        image_store: Where the images are that jobs and endpoints name.
    """

    def __init__(self, image_store: ImageStore) -> None:
        self._image_store = image_store

    def processing_job(self, run: JobRun) -> Mapping[str, Any]:
        return _ended(
            "ProcessingJobStatus",
            lambda: processing_job.run(
                run.request,
                session=run.session,
                environment=run.environment,
                scope=run.scope,
                image_store=self._image_store,
                progress=run.progress,
                stop=run.stop,
            ),
        )

    def training_job(self, run: JobRun) -> Mapping[str, Any]:
        return _ended(
            "TrainingJobStatus",
            lambda: training_job.run(
                run.request,
                session=run.session,
                environment=run.environment,
                scope=run.scope,
                image_store=self._image_store,
                progress=run.progress,
                stop=run.stop,
            ),
        )

    def prepare(self) -> None:
        # Optuna takes more than a second to load: while the first template is synthesised.
        importlib.import_module(_TUNING)

    def tuning_job(self, run: JobRun, train: Train) -> Mapping[str, Any]:
        tuning = importlib.import_module(_TUNING)

        def launch(
            request: Mapping[str, Any], progress: Progress, stop: threading.Event
        ) -> JobResult:
            try:
                members = dict(train(request, progress, stop))
            except ExecutionFailedError as error:
                raise JobFailedError(str(error), error.members) from error
            return JobResult(members["TrainingJobStatus"], members)

        return _ended(
            "HyperParameterTuningJobStatus",
            lambda: tuning.run(
                run.request,
                scope=run.scope,
                launch=launch,
                progress=run.progress,
                stop=run.stop,
            ),
        )

    def transform_job(self, run: JobRun) -> Mapping[str, Any]:
        return _ended(
            "TransformJobStatus",
            lambda: transform_job.run(
                run.request,
                containers=run.resources["Containers"],
                isolated=run.resources["EnableNetworkIsolation"],
                session=run.session,
                environment=run.environment,
                scope=run.scope,
                image_store=self._image_store,
                progress=run.progress,
                stop=run.stop,
            ),
        )

    def model_server(self, run: ServerRun) -> Server:
        return _LocalModelServer(
            ModelServer(
                run.endpoint,
                run.containers,
                session=run.session,
                environment=run.environment,
                scope=run.scope,
                image_store=self._image_store,
                variant=run.variant,
                isolated=run.network_isolation,
                startup_timeout=run.startup_timeout or STARTUP_TIMEOUT,
                direct=run.direct,
                largest_payload=run.largest_payload or LARGEST_PAYLOAD,
                log_group=run.log_group,
                hub_session=run.hub_session,
            )
        )

    def resolve_image(self, session: boto3.Session, image_uri: str) -> str:
        try:
            digest = resolve(session, image_uri)
        except ImageUnavailableError as error:
            raise ExecutionFailedError(str(error)) from error
        return f"{image_uri.partition('@')[0].rpartition(':')[0]}@{digest}"


class _LocalModelServer:
    """A model server whose failures are those of the data plane."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server

    def start(self) -> None:
        try:
            self._server.start()
        except (ModelServerError, JobFailedError) as error:
            raise ExecutionFailedError(error.reason) from error

    def invoke(
        self,
        body: bytes,
        content_type: str,
        accept: str,
        headers: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        try:
            return self._server.invoke(body, content_type, accept, headers, timeout=timeout)
        except InvocationError as error:
            raise ExecutionFailedError(str(error)) from error

    def usage(self) -> Usage:
        return self._server.usage()

    def stop(self) -> None:
        self._server.stop(STOP_GRACE)


def _ended(status: str, run: Callable[[], JobResult]) -> dict[str, Any]:
    """Runs a job; its result as members of the Describe answer."""
    try:
        result = run()
    except JobFailedError as error:
        raise ExecutionFailedError(error.reason, error.fields) from error
    return {**result.fields, status: result.status}
