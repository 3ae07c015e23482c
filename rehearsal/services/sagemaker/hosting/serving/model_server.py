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
from functools import reduce
from pathlib import Path
from typing import Any

import boto3

from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.isolation import IsolationUnavailableError
from rehearsal.containers.process_usage import Usage
from rehearsal.framework.log_stream import LogStream
from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.data.failure import JobFailedError
from rehearsal.services.sagemaker.hosting.serving.model_container import (
    InvocationError,
    ModelContainer,
    ModelServerError,
)
from rehearsal.services.sagemaker.hosting.serving.model_data import refuse_unsupported
from rehearsal.services.sagemaker.hosting.serving.server_connection import Answer

__all__ = [
    "InvocationError",
    "ModelServer",
    "ModelServerError",
    "PayloadTooLargeError",
    "TargetContainerError",
]

STARTUP_TIMEOUT = 480.0
"""ContainerStartupHealthCheckTimeoutInSeconds: eight minutes unless the variant says otherwise."""

INVOCATION_TIMEOUT = 60.0
LARGEST_PAYLOAD = 6 * 1024 * 1024
STOP_GRACE = 30.0
"""Seconds between SIGTERM and SIGKILL for a model server."""

TARGET_CONTAINER = "X-Amzn-SageMaker-Target-Container-Hostname"


class PayloadTooLargeError(ValueError):
    """A request larger than the service takes."""


class TargetContainerError(ValueError):
    """A request to containers that are invoked directly names none of them, or none is expected."""


class ModelServer:
    """The containers of a model, started with `serve`.

    Several form an inference pipeline, or with `direct` each is invoked by its ContainerHostname.

    `name` is the endpoint's or job's name and `variant` the production variant's, for messages and
    logs. `containers` are container definitions as in CreateModel (Image, ModelDataUrl or
    ModelDataSource, Mode, Environment). `session` and `environment` act with the model's execution
    role, `hub_session` reads model data that a hub gives access to.
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
        direct: bool = False,
        startup_timeout: float = STARTUP_TIMEOUT,
        invocation_timeout: float = INVOCATION_TIMEOUT,
        largest_payload: int = LARGEST_PAYLOAD,
        log_group: str | None = None,
        on_line: Callable[[str], None] | None = None,
        hub_session: boto3.Session | None = None,
    ) -> None:
        for definition in containers:
            refuse_unsupported(definition)
        self.name = name
        self.variant = variant
        self._definitions = list(containers)
        self._session = session
        self._hub_session = hub_session
        self._environment = dict(environment)
        self._scope = scope
        self._image_store = image_store
        self._isolated = isolated
        self._direct = direct
        self._startup_timeout = startup_timeout
        self._invocation_timeout = invocation_timeout
        self._largest_payload = largest_payload
        self._log_group = log_group or f"/aws/sagemaker/Endpoints/{name}"
        self._on_line = on_line
        self._log: LogStream | None = None
        self._directory: Path | None = None
        self._containers: list[ModelContainer] = []
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
            for container in self._containers:
                container.wait_for_ping(self.variant, deadline, self._stopping)
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
        """POST /invocations; the container's status, headers (lower case) and body.

        In a pipeline each container gets the answer of the one before it; the first answer that is
        no success is the answer. Raises PayloadTooLargeError, TargetContainerError or
        TargetModelError (all ValueError), and InvocationError when a container does not answer in
        time (`timeout` seconds; a minute by default) or is gone.
        """
        if len(body) > self._largest_payload:
            raise PayloadTooLargeError(
                f"Request size {len(body)} bytes is larger than {self._largest_payload} bytes."
            )
        sent = {**(headers or {}), "Content-Type": content_type, "Accept": accept}
        answer = Answer(200, {}, body)
        for container in self._addressed(sent.get(TARGET_CONTAINER)):
            answer = container.post(answer.body, sent, timeout or self._invocation_timeout)
            if not 200 <= answer.status < 300:
                break
            sent["Content-Type"] = answer.headers.get("content-type", content_type)
        return answer.status, answer.headers, answer.body

    def usage(self) -> Usage:
        """What its containers use: processes, and the files of models."""
        used = [container.usage() for container in self._containers]
        return reduce(Usage.plus, used, Usage())

    def _addressed(self, host_name: str | None) -> list[ModelContainer]:
        """The containers that a request goes through."""
        if not self._direct:
            if host_name is not None:
                raise TargetContainerError(
                    f"The containers of {self.name} are not invoked directly: leave out "
                    "TargetContainerHostname, or set InferenceExecutionConfig of the model to "
                    "Direct."
                )
            return self._containers
        found = [container for container in self._containers if container.label == host_name]
        if not found:
            names = ", ".join(container.label for container in self._containers)
            raise TargetContainerError(
                f"TargetContainerHostname must name a container of {self.name} ({names}); got "
                f"{host_name or 'nothing'}."
            )
        return found

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
        for container in self._containers:
            container.close()
        if self._log is not None:
            self._log.close()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _start_container(self, number: int, definition: Mapping[str, Any]) -> None:
        label = definition.get("ContainerHostname") or (
            f"container-{number}" if number else "primary"
        )
        given = {} if self._isolated else self._environment
        region = {"AWS_REGION": self._scope.region}  # and no AWS_DEFAULT_REGION, as in SageMaker
        container = ModelContainer(
            definition,
            str(label),
            Path(str(self._directory)) / str(number),
            image_store=self._image_store,
            session=self._session,
            environment=given | region,
            isolated=self._isolated,
            on_line=self._line,
            hub_session=self._hub_session,
        )
        try:
            container.start()
        except BaseException:
            container.close()
            raise
        self._containers.append(container)

    def _line(self, line: str) -> None:
        if self._log is not None:
            self._log.write(line)
        if self._on_line is not None:
            self._on_line(line)
