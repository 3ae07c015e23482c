"""Model servers: the containers of an endpoint or of a batch transform job.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.isolation import IsolationUnavailableError
from rehearsal.containers.log_stream import LogStream
from rehearsal.containers.process_usage import Usage
from rehearsal.containers.sandbox_files import remove
from rehearsal.containers.server_connection import HttpResponse
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, ServerRun, ignore
from rehearsal.services.sagemaker.hosting.serving.health import HealthChecks
from rehearsal.services.sagemaker.hosting.serving.model_container import (
    InvocationError,
    ModelContainer,
)

__all__ = [
    "InvocationError",
    "ModelServer",
    "PayloadTooLargeError",
    "TargetContainerError",
]

STARTUP_TIMEOUT = 480.0
"""ContainerStartupHealthCheckTimeoutInSeconds: eight minutes by default."""

INVOCATION_TIMEOUT = 60.0
MAX_PAYLOAD = 6 * 1024 * 1024
STOP_GRACE = 30.0
"""Seconds between SIGTERM and SIGKILL for a model server."""

TARGET_CONTAINER = "X-Amzn-SageMaker-Target-Container-Hostname"


class PayloadTooLargeError(ValueError):
    """A request is larger than the service accepts."""


class TargetContainerError(ValueError):
    """TargetContainerHostname is missing, unknown or not expected."""


class ModelServer:
    """The containers of a model, started with `serve`.

    Several containers form an inference pipeline, or each is invoked by its ContainerHostname.

    Args:
        run: the model, and what its containers act with.
        image_store: the images of this machine.
        stop_grace: seconds between SIGTERM and SIGKILL. Defaults to 30, as on AWS.
        restarts: True to restart containers that end or do not respond to /ping, as those of
            endpoints. Defaults to False.
    """

    def __init__(
        self,
        run: ServerRun,
        image_store: ImageStore,
        *,
        stop_grace: float = STOP_GRACE,
        restarts: bool = False,
    ) -> None:
        self._run = run
        self._image_store = image_store
        self._stop_grace = stop_grace
        self._restarts = restarts
        self._max_payload = run.max_payload or MAX_PAYLOAD
        self._log: LogStream | None = None
        self._directory: Path | None = None
        self._containers: list[ModelContainer] = []
        self._stopping = threading.Event()

    def start(self) -> None:
        """Downloads the model, starts the containers and waits until /ping of each returns 200.

        Raises:
            ExecutionFailedError: a container ended or does not respond; with the end of its log.
        """
        self._directory = Path(
            tempfile.mkdtemp(prefix=f"{self._run.name[:40]}-", dir=self._image_store.work_directory)
        )
        stream = f"{self._run.variant}/i-{uuid.uuid4().hex[:17]}"
        group = self._run.log_group or f"/aws/sagemaker/Endpoints/{self._run.name}"
        self._log = LogStream(self._run.session, group, stream)
        try:
            for number, definition in enumerate(self._run.model.containers):
                self._start_container(number, definition)
            startup = self._run.startup_timeout or STARTUP_TIMEOUT
            deadline = time.monotonic() + startup
            for container in self._containers:
                container.wait_for_ping(self._run.variant, deadline, self._stopping)
            for container in self._containers if self._restarts else ():
                checks = HealthChecks(self._run.name, container, startup, self._stopping)
                threading.Thread(target=checks.run, daemon=True, name="health checks").start()
        except (IsolationUnavailableError, ValueError) as error:
            self.stop(grace=0)
            raise ExecutionFailedError(str(error)) from error
        except BaseException:
            self.stop(grace=0)
            raise

    @property
    def running(self) -> bool:
        """True if all its containers run."""
        return bool(self._containers) and all(item.running for item in self._containers)

    @property
    def last_lines(self) -> list[str]:
        return [line for container in self._containers for line in container.last_lines]

    def ping(self) -> bool:
        """Returns True if /ping of all containers returns 200 within two seconds."""
        return bool(self._containers) and all(container.ping() for container in self._containers)

    def invoke(
        self,
        body: bytes,
        content_type: str = "application/octet-stream",
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Sends a request to /invocations; returns status, headers (lower case) and body.

        In a pipeline each container receives the response of the one before it, until one fails.

        Args:
            body: the payload.
            content_type: its media type.
            accept: the media type that the caller accepts.
            headers: further headers. Defaults to none.
            timeout: seconds to wait for each container. Defaults to None: one minute.

        Raises:
            InvocationError: a container did not respond in time, or has ended.
            ValueError: the payload is too large, or a header names nothing that is served.
        """
        if len(body) > self._max_payload:
            raise PayloadTooLargeError(
                f"Request size {len(body)} bytes is larger than {self._max_payload} bytes."
            )
        limit = timeout or self._run.invocation_timeout or INVOCATION_TIMEOUT
        sent = {**(headers or {}), "Content-Type": content_type, "Accept": accept}
        response = HttpResponse(200, {}, body)
        for container in self._addressed(sent.get(TARGET_CONTAINER)):
            response = container.post(response.body, sent, limit)
            if not 200 <= response.status < 300:
                break
            sent["Content-Type"] = response.headers.get("content-type", content_type)
        return response.status, response.headers, response.body

    def usage(self) -> Usage:
        """Returns what the processes and files of its containers use."""
        used = [container.usage() for container in self._containers]
        return reduce(Usage.plus, used, Usage())

    def _addressed(self, host_name: str | None) -> list[ModelContainer]:
        """Returns the containers that a request passes through."""
        if not self._run.model.direct:
            if host_name is not None:
                raise TargetContainerError(
                    f"The containers of {self._run.name} are not invoked directly: remove "
                    "TargetContainerHostname, or set InferenceExecutionConfig of the model to "
                    "Direct."
                )
            return self._containers
        found = [container for container in self._containers if container.label == host_name]
        if not found:
            names = ", ".join(container.label for container in self._containers)
            raise TargetContainerError(
                f"TargetContainerHostname must name a container of {self._run.name} ({names}); got "
                f"{host_name or 'nothing'}."
            )
        return found

    def stop(self, grace: float | None = None) -> None:
        """Sends SIGTERM to all containers, SIGKILL after a while, and the end of the log.

        Args:
            grace: seconds between the signals. Defaults to None: `stop_grace`.
        """
        wait = self._stop_grace if grace is None else grace
        self._stopping.set()
        threads = [
            threading.Thread(target=container.stop, args=(wait,)) for container in self._containers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for container in self._containers:
            container.close()
        if self._log is not None:
            self._log.close()
        if self._directory is not None:
            remove(self._directory)

    def _start_container(self, number: int, definition: Mapping[str, Any]) -> None:
        label = definition.get("ContainerHostname") or (
            f"container-{number}" if number else "primary"
        )
        run = self._run
        given = {} if run.model.isolated else dict(run.environment)
        region = {"AWS_REGION": run.scope.region}  # and no AWS_DEFAULT_REGION, as in SageMaker
        container = ModelContainer(
            definition,
            str(label),
            Path(str(self._directory)) / str(number),
            image_store=self._image_store,
            session=run.session,
            environment=given | region,
            isolated=run.model.isolated,
            on_line=self._log.write if self._log is not None else ignore,
            hub_session=run.hub_session,
            limits=run.limits,
        )
        try:
            container.start()
        except BaseException:
            container.close()
            raise
        self._containers.append(container)
