"""The servers of all MLflow Apps; a first request starts one, or a pipeline that names its App."""

import threading
from collections.abc import Mapping
from pathlib import Path

from rehearsal.containers.sandbox_files import remove
from rehearsal.framework.platform import Scope
from rehearsal.framework.store import Transient
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import (
    DataPlane,
    ExecutionFailedError,
    MlflowRun,
    TrackingServer,
)
from rehearsal.services.sagemaker.records import Record

Reply = tuple[int, Mapping[str, str], bytes]


class MlflowServers(Transient):
    """Starts and ends the servers of Apps.

    Args:
        backend: the backend of SageMaker.
        data_plane: runs the servers.
    """

    def __init__(self, backend: Backend, data_plane: DataPlane) -> None:
        self._backend = backend
        self._data_plane = data_plane
        self._servers: dict[str, TrackingServer] = {}
        self._starting: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        backend.on_close(self._close)

    def check_store(self, scope: Scope, record: Record) -> None:
        """Checks that the role of an App can access its bucket.

        Raises:
            AwsError, ExecutionFailedError: it cannot.
        """
        self._create(scope, record).check_store()

    def request(
        self,
        scope: Scope,
        record: Record,
        method: str,
        target: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Reply:
        """Returns the response of the server of an App, which the first request starts.

        Raises:
            AwsError, ExecutionFailedError: MLflow does not start, or does not respond.
        """
        server = self._running(scope, record)
        try:
            return server.request(method, target, body, headers)
        except ExecutionFailedError:
            self.stop(record["Arn"])  # the next request starts another
            raise

    def start(self, scope: Scope, record: Record) -> None:
        """Starts the server of an App, unless it runs; blocks until MLflow serves.

        Raises:
            AwsError, ExecutionFailedError: MLflow does not start.
        """
        self._running(scope, record)

    def _running(self, scope: Scope, record: Record) -> TrackingServer:
        arn = record["Arn"]
        with self._lock:
            starting = self._starting.setdefault(arn, threading.Lock())
        with starting:
            found = self._servers.get(arn)
            if found is not None:
                return found
            if self._backend.workers.closing.is_set():
                raise ExecutionFailedError("The rehearsal ends.")
            server = self._create(scope, record)
            server.start()
            self._servers[arn] = server
        if self._backend.workers.closing.is_set():
            self.stop(arn)
        return server

    def _create(self, scope: Scope, record: Record) -> TrackingServer:
        backend = self._backend
        credentials = backend.identity.assume(record["RoleArn"], record["Arn"])
        return self._data_plane.mlflow_server(
            MlflowRun(
                name=record["MlflowAppId"],
                artifact_store_uri=record["ArtifactStoreUri"],
                directory=self._directory(record),
                session=backend.platform.session(credentials, scope.region),
                environment=backend.platform.environment(credentials, scope.region),
            )
        )

    def stop(self, arn: str) -> None:
        """Ends the server of an App."""
        server = self._servers.pop(arn, None)
        if server is not None:
            server.stop()

    def delete(self, record: Record) -> None:
        """Ends the server of an App, and deletes its database."""
        self.stop(record["Arn"])
        directory = self._directory(record)
        if directory.exists():
            remove(directory)

    def _directory(self, record: Record) -> Path:
        return self._backend.platform.state_directory / "mlflow" / str(record["MlflowAppId"])

    def _close(self) -> None:
        for arn in list(self._servers):
            self.stop(arn)
