"""The server of an MLflow App: MLflow in a container, with SQLite, and artifacts in S3.

An App is serverless: MLflow starts with the first request. Its image is built then, from the locked
requirements of this folder. The server listens in the network of its container only; requests reach
it through a Unix socket.
"""

import logging
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import ClientError

from rehearsal.containers.container import Container
from rehearsal.containers.images.dockerfile import DockerfileError
from rehearsal.containers.images.run_instruction import ImageBuildError
from rehearsal.containers.images.store import Image, ImageStore
from rehearsal.containers.isolation import IsolationUnavailableError
from rehearsal.containers.mounts import Mount
from rehearsal.containers.server_connection import ServerConnection
from rehearsal.containers.specification import Network
from rehearsal.framework.aws_client import aws_client
from rehearsal.services.sagemaker.data.transfer import S3Location
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, MlflowRun

VERSION = "3.4.0"
"""The version of the image, the one that MLflow Apps have on AWS."""
STARTUP_SECONDS = 600.0
"""The first server of a machine compiles MLflow, beside whatever else runs."""
REQUEST_SECONDS = 60.0
_STOP_GRACE = 2.0
_POLL_SECONDS = 0.1
_DATABASE = "/opt/tracking"
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# The database and the imports compile the modules that the server uses, so that it starts faster;
# compiling all installed packages would take twice as long. The cache is on the file system of the
# environment, so that uv links its files instead of copying them.
_DOCKERFILE = """\
FROM python:3.11-slim
COPY requirements.txt /opt/mlflow/requirements.txt
RUN python3 -m venv --without-pip /opt/venv \\
    && pip install --quiet --no-cache-dir --root-user-action ignore --target /tmp/uv uv==0.13.9 \\
    && UV_CACHE_DIR=/opt/mlflow/cache UV_LINK_MODE=hardlink /tmp/uv/bin/uv pip install --quiet \\
       --python /opt/venv/bin/python --require-hashes -r /opt/mlflow/requirements.txt \\
    && rm -rf /tmp/uv /opt/mlflow/cache \\
    && cd /tmp && /opt/venv/bin/python -c "import mlflow.cli, mlflow.server.fastapi_app, \\
       mlflow.store.model_registry.sqlalchemy_store, anyio._backends._asyncio, \\
       uvicorn.__main__, uvicorn.lifespan.on, uvicorn.loops.auto, uvicorn.loops.asyncio, \\
       uvicorn.protocols.http.auto, uvicorn.protocols.websockets.auto; \\
       from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore; \\
       SqlAlchemyStore('sqlite:////tmp/mlflow.db', '/tmp/artifacts')"
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GIT_PYTHON_REFRESH=quiet
EXPOSE 8080
ENTRYPOINT ["/opt/venv/bin/mlflow", "server"]
"""
_builds = threading.Lock()
_log = logging.getLogger("rehearsal.mlflow")


class MlflowServer:
    """MLflow with the database of an App.

    Args:
        run: the App.
        image_store: the images of this machine.
    """

    def __init__(self, run: MlflowRun, image_store: ImageStore) -> None:
        self._run = run
        self._image_store = image_store
        self._container: Container | None = None
        self._stopping = threading.Event()
        # Short: the paths of sockets are limited.
        socket = Path(tempfile.mkdtemp(prefix="mlflow-")) / "server"
        self._connection = ServerConnection(socket, run.name)

    def start(self) -> None:
        """Blocks until MLflow serves.

        Raises:
            ExecutionFailedError: the image cannot be built, or MLflow does not start.
        """
        self._run.directory.mkdir(parents=True, exist_ok=True)
        try:
            image = build_image(self._image_store)
            self._container = Container(
                image,
                arguments=[
                    *("--host", "127.0.0.1", "--port", "8080", "--workers", "1"),
                    *("--backend-store-uri", f"sqlite:///{_DATABASE}/mlflow.db"),
                    *("--default-artifact-root", self._run.artifact_store_uri),
                    # As on AWS, clients write artifacts to S3 with their permissions.
                    "--no-serve-artifacts",
                ],
                environment=self._run.environment,
                mounts=[Mount(self._run.directory, _DATABASE, writable=True)],
                network=Network.AWS,
                listen=self._connection.path,
                host_name="mlflow",
                on_line=_log.debug,
            )
            self._container.start()
        except (DockerfileError, ImageBuildError, IsolationUnavailableError) as error:
            raise ExecutionFailedError(f"MLflow {VERSION} cannot be started: {error}") from error
        self._wait()

    def check_store(self) -> None:
        """Sends HeadBucket with the role of the App, as CreateMlflowApp does.

        Raises:
            ExecutionFailedError: the role cannot access the bucket.
        """
        location = S3Location.parse(self._run.artifact_store_uri)
        try:
            aws_client(self._run.session, "s3").head_bucket(Bucket=location.bucket)
        except ClientError as error:
            raise ExecutionFailedError(
                f"The role of the MLflow App cannot access the bucket {location.bucket} "
                f"({error.response['Error']['Code']}). Create the bucket, and allow the role "
                "s3:ListBucket without a condition on the prefix."
            ) from error

    def _wait(self) -> None:
        container = self._container
        deadline = time.monotonic() + STARTUP_SECONDS
        while container is not None and not self._serves():
            ended = container.wait(_POLL_SECONDS)
            if ended is not None or self._stopping.is_set() or time.monotonic() >= deadline:
                tail = " | ".join(line for line in container.last_lines[-5:] if line.strip())
                self.stop()
                raise ExecutionFailedError(f"MLflow {VERSION} did not start: {tail}")

    def _serves(self) -> bool:
        try:
            return self._connection.request("GET", "/health", None, {}, timeout=5.0).status == 200
        except OSError:
            return False  # it does not listen yet

    def request(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Returns status, headers and body of a request.

        Raises:
            ExecutionFailedError: MLflow does not respond.
        """
        try:
            found = self._connection.request(method, target, body, headers, timeout=REQUEST_SECONDS)
        except OSError as error:
            raise ExecutionFailedError(f"The MLflow App does not respond: {error}.") from error
        return found.status, found.headers, found.body

    def stop(self) -> None:
        """Ends MLflow; its database stays."""
        self._stopping.set()
        if self._container is not None:
            self._container.stop(_STOP_GRACE)
        self._connection.close()


def build_image(store: ImageStore) -> Image:
    """Returns the image of MLflow; unchanged layers are kept by the store."""
    with _builds, tempfile.TemporaryDirectory() as directory:
        context = Path(directory)
        (context / "requirements.txt").write_bytes(_REQUIREMENTS.read_bytes())
        return store.build(context, log=_log.info, dockerfile_text=_DOCKERFILE)
