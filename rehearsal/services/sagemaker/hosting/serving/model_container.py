"""The containers of a model server: image, model data and the server inside."""

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3

from rehearsal.containers.aws_images.pull import pull
from rehearsal.containers.container import Container
from rehearsal.containers.image import Image
from rehearsal.containers.images.registry import ImageUnavailableError
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.limits import Limits
from rehearsal.containers.mounts import Mount
from rehearsal.containers.process_usage import Usage, disk_of, usage_of
from rehearsal.containers.server_connection import (
    HttpResponse,
    ServerConnection,
)
from rehearsal.containers.specification import Network
from rehearsal.services.sagemaker.data.archive import extract
from rehearsal.services.sagemaker.data.transfer import download, download_object
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.hosting.serving.multi_model import (
    MODELS_DIRECTORY,
    TARGET_MODEL,
    LoadedModels,
)

_PING_INTERVAL = 0.1


_MULTI_MODEL_LABEL = "com.amazonaws.sagemaker.capabilities.multi-models"


class InvocationError(ExecutionFailedError):
    """The container did not respond to a request."""


def _check_label(image: Image, uri: str) -> None:
    """Raises ExecutionFailedError if an image lacks the label of multi-model containers."""
    if image.labels.get(_MULTI_MODEL_LABEL) != "true":
        raise ExecutionFailedError(
            f"Your Ecr Image {uri} does not contain required {_MULTI_MODEL_LABEL}=true Docker "
            "label(s)."
        )


class ModelContainer:
    """A container that runs `serve`.

    Args:
        definition: a container definition as in CreateModel.
        label: the name of the container in messages.
        directory: the directory that becomes its /opt/ml.
        image_store: the images of this machine.
        session: a session of the model's execution role.
        environment: the variables of the container.
        isolated: True if it has no network.
        on_line: takes the lines that it prints.
        hub_session: a session that reads data to which a hub gives access. Defaults to none.
        limits: the limits of the instance. Defaults to None: those of this machine.
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
        limits: Limits | None = None,
    ) -> None:
        self.label = label
        self._directory = directory
        self._models: LoadedModels | None = None
        ml, models = directory / "ml", directory / "models"
        (ml / "model").mkdir(parents=True)
        models.mkdir()
        try:
            pulled = pull(session, definition["Image"], image_store)
        except (ImageUnavailableError, LookupError) as error:
            raise ExecutionFailedError(str(error)) from error
        image = pulled.image
        if pulled.notice:
            on_line(pulled.notice)
        variables = dict(environment) | dict(definition.get("Environment", {}))
        multi_model = definition.get("Mode") == "MultiModel"
        if multi_model:
            _check_label(image, definition["Image"])
            variables["SAGEMAKER_MULTI_MODEL"] = "true"
        else:
            archive = directory / "model.tar.gz"
            _fetch_model(session, definition, ml / "model", archive, hub_session)
        socket_directory = tempfile.mkdtemp(prefix="serve-")  # short: socket paths are limited
        self._connection = ServerConnection(Path(socket_directory) / "server", label)
        if multi_model:
            setting = definition.get("MultiModelConfig", {}).get("ModelCacheSetting", "Enabled")
            self._models = LoadedModels(
                self._connection,
                definition["ModelDataUrl"],
                models,
                session,
                cached=setting == "Enabled",
            )

        # "Your container has read-only access to /opt/ml/model" (developer guide).
        mounts = [Mount(ml, "/opt/ml", writable=True), Mount(ml / "model", "/opt/ml/model")]
        if multi_model:
            # Archives are extracted to it while the container runs, which cannot write there.
            mounts.append(Mount(models, MODELS_DIRECTORY))

        def create() -> Container:
            return Container(
                image,
                arguments=["serve"],
                environment=variables,
                mounts=mounts,
                limits=limits,
                network=Network.ISOLATED if isolated else Network.AWS,
                listen=self._connection.path,
                host_name=definition.get("ContainerHostname", "model"),
                on_line=on_line,
            )

        self._create = create
        self._container = create()
        self._in_flight = 0
        self._restarting = self._stopped = False
        self._lock = threading.Lock()
        self._lifecycle = threading.Lock()

    def start(self) -> None:
        self._container.start()

    def restart(self) -> None:
        """Starts a new container in place of one that has ended or does not respond.

        It receives no requests until /ping returns 200.
        """
        with self._lifecycle:
            if self._stopped:
                return
            self._restarting = True
            self._container.stop(grace=0)
            self._connection.drop_idle()
            if self._models is not None:
                self._models.forget()
            self._container = self._create()
            self._container.start()

    @property
    def killed(self) -> str:
        """The limit for which processes were killed, as the end of a sentence; "" if none."""
        exceeded = self._container.exceeded
        return "" if exceeded is None else f", killed, {self._container.limits.message(exceeded)}"

    @property
    def busy(self) -> bool:
        """True while a request is in flight."""
        return self._in_flight > 0

    def wait(self, seconds: float) -> int | None:
        """Waits for the end of the container; returns its exit code, None if it still runs."""
        return self._container.wait(seconds)

    @property
    def running(self) -> bool:
        return self._container.running

    @property
    def last_lines(self) -> list[str]:
        return self._container.last_lines

    def ping(self) -> bool:
        """Returns True if /ping returns 200 within two seconds."""
        try:
            status = self._connection.request("GET", "/ping", None, {}, timeout=2.0).status
        except OSError:
            return False  # not listening yet, or busy
        if status == 200:
            self._restarting = False
        return status == 200

    def wait_for_ping(self, variant: str, deadline: float, stopping: threading.Event) -> None:
        """Blocks until /ping returns 200; raises ExecutionFailedError with the end of the log."""
        while not self.ping():
            code = self._container.wait(_PING_INTERVAL)
            late = time.monotonic() >= deadline
            if code is not None or late or stopping.is_set():
                what = "no response in time"
                if code is not None:
                    what = f"it ended with exit code {code}{self.killed}"
                tail = " | ".join(line for line in self.last_lines[-5:] if line.strip())
                raise ExecutionFailedError(
                    f"The {self.label} container for production variant {variant} did not pass the "
                    f"ping health check ({what}). Please check CloudWatch logs for this endpoint. "
                    f"{tail}"
                )

    def post(self, body: bytes, headers: Mapping[str, str], timeout: float) -> HttpResponse:
        """Sends a request to the container; raises InvocationError if it does not respond."""
        with self._lock:
            self._in_flight += 1
        try:
            if self._restarting:
                raise InvocationError(f"Container {self.label} does not respond: it restarts.")
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
            raise InvocationError(f"Container {self.label} does not respond: {error}.") from error
        finally:
            with self._lock:
                self._in_flight -= 1

    def usage(self) -> Usage:
        """Returns what its processes and the files of its models use."""
        pid = self._container.pid
        processes = usage_of(pid) if pid is not None else Usage()
        return processes.plus(disk_of(self._directory))

    def stop(self, grace: float) -> None:
        """Sends SIGTERM, and SIGKILL `grace` seconds later."""
        with self._lifecycle:
            self._stopped = True
            self._container.stop(grace)

    def close(self) -> None:
        self._connection.close()


def _fetch_model(
    session: boto3.Session,
    definition: Mapping[str, Any],
    model: Path,
    archive: Path,
    hub_session: boto3.Session | None = None,
) -> None:
    """Puts ModelDataUrl (a model.tar.gz) or ModelDataSource into the directory `model`.

    `hub_session` reads what a hub gives access to (HubAccessConfig), `session` everything else.
    """
    source = definition.get("ModelDataSource", {}).get("S3DataSource")
    if hub_session is not None and source is not None and "HubAccessConfig" in source:
        session = hub_session
    url = source["S3Uri"] if source is not None else definition.get("ModelDataUrl")
    if not url:
        return  # the image includes its model
    try:
        if source is not None and source["CompressionType"] == "None":
            download(session, url, model)
            return
        download_object(session, url, archive)
    except ExecutionFailedError as error:
        raise ExecutionFailedError(
            f"Failed to download model data for container from URL: {url}. Please ensure that "
            "there is an object located at the URL and that the role passed to CreateModel has "
            f"permissions to download the model. {error.reason}"
        ) from error
    extract(archive, model, origin=url)
    archive.unlink()
