"""The daemon behind the program `docker` of one build: a Unix socket in front of an engine."""

import contextlib
import io
import json
import socket
import tarfile
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from rehearsal.containers import unix_socket
from rehearsal.containers.docker.engine import DockerEngine, Invocation
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.limits import Limits

MAX_CONTEXT_BYTES = 2 * 1024**3
"""The largest archive of a build context."""
_MAX_REQUEST_BYTES = 4 * 1024**2
_NAME = "docker.sock"


class DockerDaemon:
    """Serves the program `docker`; what it builds and signs in to is gone when it closes.

    Args:
        store: the images of this machine.
        endpoint_url: the address of the local AWS.
        ca_bundle: the certificate authorities that clients of the local AWS trust.
        limits: the limits of the build, for each container. Defaults to None: those of this
            machine.
    """

    def __init__(
        self,
        store: ImageStore,
        *,
        endpoint_url: str,
        ca_bundle: Path,
        limits: Limits | None = None,
    ) -> None:
        self._store = store
        self._endpoint_url = endpoint_url
        self._ca_bundle = ca_bundle
        self._limits = limits
        self._stop = threading.Event()
        self._folder = tempfile.TemporaryDirectory(prefix="docker-")
        self._listener: socket.socket | None = None
        self._engine_lock = threading.Lock()

    @property
    def socket_path(self) -> Path:
        """The socket, to mount at /var/run/docker.sock."""
        return Path(self._folder.name) / _NAME

    def start(self) -> None:
        """Starts to serve."""
        self._listener = unix_socket.listen(self.socket_path)
        serve = threading.Thread(
            target=self._serve, args=[self._listener], daemon=True, name="docker-daemon"
        )
        serve.start()

    def close(self) -> None:
        """Ends running commands and removes the socket."""
        self._stop.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        with self._engine_lock:
            self._folder.cleanup()

    def _serve(self, listener: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # A client that ends early, or sends something else, ends its own command only.
            rejected = contextlib.suppress(OSError, ValueError, KeyError, TypeError)
            with rejected, connection, connection.makefile("rwb") as stream:
                self._respond(cast("BinaryIO", stream))

    def _respond(self, stream: BinaryIO) -> None:
        def send(message: dict[str, object]) -> None:
            stream.write(json.dumps(message).encode() + b"\n")
            stream.flush()

        def output(line: str) -> None:
            send({"line": line})

        request = json.loads(stream.readline(_MAX_REQUEST_BYTES))
        with tempfile.TemporaryDirectory(prefix="docker-context-") as folder:
            problem = _unpack(stream, int(request["context"]), Path(folder))
            if problem:
                output(problem)
                send({"status": 1})
                return
            send({"status": self._execute(request, Path(folder), output)})

    def _execute(
        self, request: dict[str, object], context: Path, output: Callable[[str], None]
    ) -> int:
        engine = DockerEngine(
            self._store,
            Path(self._folder.name) / "state.json",
            endpoint_url=self._endpoint_url,
            ca_bundle=self._ca_bundle,
            output=output,
            stop=self._stop,
            limits=self._limits,
        )
        dockerfile = request["dockerfile"]
        invocation = Invocation(
            arguments=[str(word) for word in cast("list[object]", request["arguments"])],
            context=context,
            standard_input=str(request["standard_input"]),
            environment=cast("dict[str, str]", request["environment"]),
            dockerfile=None if dockerfile is None else str(dockerfile),
        )
        with self._engine_lock:
            return engine.execute(invocation)


def _unpack(stream: BinaryIO, size: int, folder: Path) -> str | None:
    """Unpacks the archive of a build context; returns the problem of one that it rejects."""
    if size > MAX_CONTEXT_BYTES:
        limit = MAX_CONTEXT_BYTES // 1024**3
        return f"ERROR: the build context has {size} bytes; at most {limit} GiB are allowed"
    if not size:
        return None
    try:
        with tarfile.open(fileobj=io.BytesIO(stream.read(size))) as archive:
            archive.extractall(folder, filter=_checked)  # noqa: S202  # each member is checked
    except (tarfile.TarError, OSError) as error:
        return f"ERROR: the build context cannot be read: {error}"
    return None


def _checked(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    """Rejects members outside of the folder, devices, and hard links to files outside of it.

    A symbolic link is kept wherever it leads: nothing is extracted or copied through it.
    """
    if member.issym():
        return tarfile.tar_filter(member, folder)
    checked = tarfile.data_filter(member, folder)
    checked.mode = member.mode & 0o777
    return checked
