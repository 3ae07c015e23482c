"""Model servers: the containers behind an endpoint, and behind a batch transform.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3

from rehearsal.aws.platform import Scope
from rehearsal.execution.container import Container, Network
from rehearsal.execution.container_mounts import Mount
from rehearsal.execution.image_registry import ImageUnavailableError, resolve
from rehearsal.execution.image_store import ImageStore
from rehearsal.execution.isolation import IsolationUnavailableError
from rehearsal.execution.job_failure import JobFailedError
from rehearsal.execution.log_stream import LogStream
from rehearsal.execution.model_data import fetch_model, refuse_unsupported
from rehearsal.execution.server_connection import Answer, ServerConnection

STARTUP_TIMEOUT = 480.0
"""ContainerStartupHealthCheckTimeoutInSeconds: eight minutes unless the variant says otherwise."""

INVOCATION_TIMEOUT = 60.0
LARGEST_PAYLOAD = 6 * 1024 * 1024
STOP_GRACE = 30.0
"""Seconds between SIGTERM and SIGKILL for a model server."""

_PING_INTERVAL = 0.1


class ModelServerError(Exception):
    """A server that did not start; `reason` is a FailureReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason[:1024]


class InvocationError(Exception):
    """A request that got no answer from the container."""


class PayloadTooLargeError(ValueError):
    """A request larger than the service takes."""


class ModelServer:
    """The containers of a model, started with `serve`; several form an inference pipeline.

    `name` is the endpoint's or job's name and `variant` the production variant's, for messages and
    logs. `containers` are container definitions as in CreateModel (Image, ModelDataUrl or
    ModelDataSource, Environment). `session` and `environment` act with the model's execution role.
    """

    def __init__(
        self,
        name: str,
        containers: Sequence[Mapping[str, Any]],
        *,
        session: boto3.Session,
        environment: Mapping[str, str],
        scope: Scope,
        image_store: ImageStore,
        variant: str = "AllTraffic",
        isolated: bool = False,
        startup_timeout: float = STARTUP_TIMEOUT,
        invocation_timeout: float = INVOCATION_TIMEOUT,
        largest_payload: int = LARGEST_PAYLOAD,
        log_group: str | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        for definition in containers:
            refuse_unsupported(definition)
        self.name = name
        self.variant = variant
        self._definitions = list(containers)
        self._session = session
        self._environment = dict(environment)
        self._scope = scope
        self._image_store = image_store
        self._isolated = isolated
        self._startup_timeout = startup_timeout
        self._invocation_timeout = invocation_timeout
        self._largest_payload = largest_payload
        self._log_group = log_group or f"/aws/sagemaker/Endpoints/{name}"
        self._on_line = on_line
        self._log: LogStream | None = None
        self._directory: Path | None = None
        self._containers: list[Container] = []
        self._connections: list[ServerConnection] = []
        self._stopping = threading.Event()

    def start(self) -> None:
        """Downloads the model, starts the containers and waits until each answers /ping with 200.

        Raises ModelServerError, with the end of the log, when a container ends or stays silent.
        """
        self._directory = Path(
            tempfile.mkdtemp(prefix=f"{self.name[:40]}-", dir=self._image_store.work_directory)
        )
        stream = f"{self.variant}/i-{uuid.uuid4().hex[:17]}"
        self._log = LogStream(self._session, self._log_group, stream)
        try:
            for number, definition in enumerate(self._definitions):
                self._start_container(number, definition)
            deadline = time.monotonic() + self._startup_timeout
            for container, connection in zip(self._containers, self._connections, strict=True):
                self._wait_for_ping(container, connection, deadline)
        except JobFailedError as error:
            self.stop(grace=0)
            raise ModelServerError(error.reason) from error
        except (IsolationUnavailableError, ValueError) as error:
            self.stop(grace=0)
            raise ModelServerError(str(error)) from error
        except BaseException:
            self.stop(grace=0)
            raise

    @property
    def running(self) -> bool:
        """Whether all its containers run."""
        return bool(self._containers) and all(item.running for item in self._containers)

    @property
    def last_lines(self) -> list[str]:
        return [line for container in self._containers for line in container.last_lines]

    def ping(self) -> bool:
        """Whether all containers answer /ping with 200 within two seconds."""
        return bool(self._connections) and all(map(_answers_ping, self._connections))

    def invoke(
        self,
        body: bytes,
        content_type: str = "application/octet-stream",
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """POST /invocations; the container's status, headers (lower case) and body.

        In a pipeline each container gets the answer of the one before it; the first answer that is
        no success is the answer. Raises PayloadTooLargeError, and InvocationError when a container
        does not answer within a minute or is gone.
        """
        if len(body) > self._largest_payload:
            raise PayloadTooLargeError(
                f"Request size {len(body)} bytes is larger than {self._largest_payload} bytes."
            )
        sent = {**(headers or {}), "Content-Type": content_type, "Accept": accept}
        answer = Answer(200, {}, body)
        for connection in self._connections:
            answer = self._post(connection, answer.body, sent)
            if not 200 <= answer.status < 300:
                break
            sent["Content-Type"] = answer.headers.get("content-type", content_type)
        return answer.status, answer.headers, answer.body

    def _post(
        self, connection: ServerConnection, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        try:
            return connection.request(
                "POST", "/invocations", body, headers, timeout=self._invocation_timeout
            )
        except TimeoutError as error:
            raise InvocationError(
                "Your invocation timed out while waiting for a response from container "
                f"{connection.name}. Review the latency metrics for each container in Amazon "
                "CloudWatch, resolve the issue, and try again."
            ) from error
        except OSError as error:
            raise InvocationError(
                f"Container {connection.name} of {self.name} does not answer: {error}."
            ) from error

    def stop(self, grace: float = STOP_GRACE) -> None:
        """SIGTERM to all containers, SIGKILL after `grace` seconds, and the rest of the log."""
        self._stopping.set()
        threads = [
            threading.Thread(target=container.stop, args=(grace,)) for container in self._containers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for connection in self._connections:
            connection.close()
        if self._log is not None:
            self._log.close()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _start_container(self, number: int, definition: Mapping[str, Any]) -> None:
        label = definition.get("ContainerHostname") or (
            f"container-{number}" if number else "primary"
        )
        directory = Path(str(self._directory)) / str(number)
        ml = directory / "ml"
        (ml / "model").mkdir(parents=True)
        try:
            image = self._image_store.get(resolve(self._session, definition["Image"]))
        except (ImageUnavailableError, LookupError) as error:
            raise ModelServerError(str(error)) from error
        fetch_model(self._session, definition, ml / "model", directory / "model.tar.gz")
        socket_directory = tempfile.mkdtemp(prefix="serve-")  # short: socket paths are limited
        connection = ServerConnection(Path(socket_directory) / "server", str(label))
        self._connections.append(connection)
        container = Container(
            image,
            arguments=["serve"],
            environment=self._variables() | dict(definition.get("Environment", {})),
            mounts=[Mount(ml, "/opt/ml", writable=True)],
            network=Network.ISOLATED if self._isolated else Network.AWS,
            listen=connection.path,
            host_name="model",
            on_line=self._line,
        )
        container.start()
        self._containers.append(container)

    def _variables(self) -> dict[str, str]:
        given = {} if self._isolated else self._environment
        return given | {"AWS_REGION": self._scope.region, "AWS_DEFAULT_REGION": self._scope.region}

    def _line(self, line: str) -> None:
        if self._log is not None:
            self._log.write(line)
        if self._on_line is not None:
            self._on_line(line)

    def _wait_for_ping(
        self, container: Container, connection: ServerConnection, deadline: float
    ) -> None:
        while not _answers_ping(connection):
            code = container.wait(_PING_INTERVAL)
            late = time.monotonic() >= deadline
            if code is not None or late or self._stopping.is_set():
                what = (
                    f"it ended with exit code {code}" if code is not None else "no answer in time"
                )
                tail = " | ".join(line for line in container.last_lines[-5:] if line.strip())
                raise ModelServerError(
                    f"The {connection.name} container for production variant {self.variant} did "
                    f"not pass the ping health check ({what}). Please check CloudWatch logs for "
                    f"this endpoint. {tail}"
                )


def _answers_ping(connection: ServerConnection) -> bool:
    try:
        return connection.request("GET", "/ping", None, {}, timeout=2.0).status == 200
    except OSError:
        return False  # not listening yet, or busy
