"""One container of a model server: its image, its model data, and the server inside."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3

from rehearsal.containers.container import Container
from rehearsal.containers.images.image import Image
from rehearsal.containers.images.registry import ImageUnavailableError, resolve
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.mounts import Mount
from rehearsal.containers.process_usage import Usage, disk_of, usage_of
from rehearsal.containers.specification import Network
from rehearsal.services.sagemaker.hosting.serving.model_data import fetch_model
from rehearsal.services.sagemaker.hosting.serving.multi_model import TARGET_MODEL, LoadedModels
from rehearsal.services.sagemaker.hosting.serving.server_connection import Answer, ServerConnection

_PING_INTERVAL = 0.1


class ModelServerError(Exception):
    """A server that did not start; `reason` is a FailureReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason[:1024]


class InvocationError(Exception):
    """A request that got no answer from the container."""


_MULTI_MODEL_LABEL = "com.amazonaws.sagemaker.capabilities.multi-models"


def _check_label(image: Image, uri: str) -> None:
    """Raises ModelServerError where an image does not say that it takes several models."""
    if image.labels.get(_MULTI_MODEL_LABEL) != "true":
        raise ModelServerError(
            f"Your Ecr Image {uri} does not contain required {_MULTI_MODEL_LABEL}=true Docker "
            "label(s)."
        )


class ModelContainer:
    """A container started with `serve`.

    `definition` is a container definition as in CreateModel and `label` the name of the container
    in messages. `directory` becomes its /opt/ml. With `environment`, which acts with the model's
    execution role, it reaches AWS; without, nothing. `hub_session` reads data that a hub gives
    access to.
    """

    def __init__(
        self,
        definition: Mapping[str, Any],
        label: str,
        directory: Path,
        *,
        image_store: ImageStore,
        session: boto3.Session,
        environment: Mapping[str, str],
        isolated: bool,
        on_line: Callable[[str], None],
        hub_session: boto3.Session | None = None,
    ) -> None:
        self.label = label
        self._directory = directory
        self._models: LoadedModels | None = None
        ml = directory / "ml"
        (ml / "model").mkdir(parents=True)
        try:
            image = image_store.get(resolve(session, definition["Image"]))
        except (ImageUnavailableError, LookupError) as error:
            raise ModelServerError(str(error)) from error
        variables = dict(environment) | dict(definition.get("Environment", {}))
        multi_model = definition.get("Mode") == "MultiModel"
        if multi_model:
            _check_label(image, definition["Image"])
            variables["SAGEMAKER_MULTI_MODEL"] = "true"
        else:
            archive = directory / "model.tar.gz"
            fetch_model(session, definition, ml / "model", archive, hub_session)
        socket_directory = tempfile.mkdtemp(prefix="serve-")  # short: socket paths are limited
        self._connection = ServerConnection(Path(socket_directory) / "server", label)
        if multi_model:
            setting = definition.get("MultiModelConfig", {}).get("ModelCacheSetting", "Enabled")
            self._models = LoadedModels(
                self._connection,
                definition["ModelDataUrl"],
                ml / "models",
                session,
                cached=setting == "Enabled",
            )
        self._container = Container(
            image,
            arguments=["serve"],
            environment=variables,
            mounts=[Mount(ml, "/opt/ml", writable=True)],
            network=Network.ISOLATED if isolated else Network.AWS,
            listen=self._connection.path,
            host_name="model",
            on_line=on_line,
        )

    def start(self) -> None:
        self._container.start()

    @property
    def running(self) -> bool:
        return self._container.running

    @property
    def last_lines(self) -> list[str]:
        return self._container.last_lines

    def ping(self) -> bool:
        """Whether it answers /ping with 200 within two seconds."""
        try:
            return self._connection.request("GET", "/ping", None, {}, timeout=2.0).status == 200
        except OSError:
            return False  # not listening yet, or busy

    def wait_for_ping(self, variant: str, deadline: float, stopping: threading.Event) -> None:
        """Blocks until it answers /ping. Raises ModelServerError with the end of its log."""
        while not self.ping():
            code = self._container.wait(_PING_INTERVAL)
            late = time.monotonic() >= deadline
            if code is not None or late or stopping.is_set():
                what = (
                    f"it ended with exit code {code}" if code is not None else "no answer in time"
                )
                tail = " | ".join(line for line in self.last_lines[-5:] if line.strip())
                raise ModelServerError(
                    f"The {self.label} container for production variant {variant} did not pass the "
                    f"ping health check ({what}). Please check CloudWatch logs for this endpoint. "
                    f"{tail}"
                )

    def post(self, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        """Sends a request to the container. Raises InvocationError without an answer."""
        try:
            if self._models is not None:
                return self._models.invoke(headers.get(TARGET_MODEL), body, headers, timeout)
            return self._connection.request("POST", "/invocations", body, headers, timeout=timeout)
        except TimeoutError as error:
            raise InvocationError(
                "Your invocation timed out while waiting for a response from container "
                f"{self.label}. Review the latency metrics for each container in Amazon "
                "CloudWatch, resolve the issue, and try again."
            ) from error
        except OSError as error:
            raise InvocationError(f"Container {self.label} does not answer: {error}.") from error

    def usage(self) -> Usage:
        """What its processes use, and the files of its models."""
        pid = self._container.pid
        processes = usage_of(pid) if pid is not None else Usage()
        return processes.plus(disk_of(self._directory))

    def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL `grace` seconds later."""
        self._container.stop(grace)

    def close(self) -> None:
        self._connection.close()
