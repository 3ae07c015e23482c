"""Containers without a container engine.

A container is a command in separate user, mount, process, IPC, host name and network namespaces. It
sees the operating system read-only and its image at /opt, but no files of the user. It ends with
the server that started it, even if that is killed.
"""

import collections
import contextlib
import json
import logging
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import IO, cast

from rehearsal.containers import unix_socket
from rehearsal.containers.cluster_network import ClusterMember
from rehearsal.containers.image import Image
from rehearsal.containers.interpreter import running_interpreter
from rehearsal.containers.isolation import require_isolation
from rehearsal.containers.limits import DEFAULT_LIMITS, Exceeded, Limits
from rehearsal.containers.mounts import Mount, Mountable
from rehearsal.containers.registries import Outside
from rehearsal.containers.specification import (
    DOCKER_PATH,
    ROOT_USER,
    Network,
    Specification,
    User,
    command_of,
)

_ROOT = Path(__file__).resolve().parents[2]
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    "from rehearsal.containers.init_process import main; main()"
)
_LOG = logging.getLogger(__name__)
_KEPT_LINES = 200
_POLL_SECONDS = 0.2
_MAX_LINE_BYTES = 256 * 1024  # CloudWatch's limit for one event

OutputLine = Callable[[str], None]


class Container:
    """One run of an image.

    Args:
        image: the image.
        arguments: replace the image's CMD. Defaults to None: its CMD.
        entrypoint: replaces the image's ENTRYPOINT. Defaults to None: its ENTRYPOINT.
        environment: variables in addition to the image's. With `Network.AWS`, AWS_ENDPOINT_URL is
            required, and certificate files in variables as AWS_CA_BUNDLE are mounted. Defaults to
            none.
        inherited: the variables without those of the image and the request. Defaults to None: PATH,
            HOSTNAME and HOME, as in Docker.
        mounts: files and folders of the host. Defaults to none.
        network: the network. Defaults to `Network.ISOLATED`.
        outside: the ports and local registries that `Network.INTERNET` reaches. Defaults to None:
            the usual ports of other machines.
        listen: path of a Unix socket that forwards to `port`. Defaults to None: no socket.
        runtime_api: an address of the host that the container reaches under the same address.
            Defaults to None: none.
        port: port of the container behind `listen`. Defaults to 8080.
        opt: folder that is mounted writable as /opt, for image builds. Defaults to None: the
            layers of the image, read-only.
        limits: CPUs, memory, disk and processes. Defaults to None: those of this machine.
        host_name: the host name. Defaults to `algo-1`.
        cluster: the network between the containers of one job, and the host name there. Defaults to
            None: the container has no other ones.
        stop_signal: the signal that asks the command to end. Defaults to SIGTERM.
        user: the user that runs the command. Defaults to root of the container.
        read_only: True if only the writable mounts and the file systems in memory that they name
            can be written. Defaults to False: also /root, /run, /tmp and /var/tmp, in memory.
        stream: standard input and output of the command, a socket; its output on standard error
            alone is then that of the container. It is closed here. Defaults to None: no input.
        on_line: receives each line of output, on a thread. Defaults to None.

    Raises:
        ValueError: there is no command, or `Network.AWS` has no AWS_ENDPOINT_URL.
    """

    def __init__(
        self,
        image: Image,
        *,
        arguments: Sequence[str] | None = None,
        entrypoint: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        inherited: Mapping[str, str] | None = None,
        mounts: Sequence[Mountable] = (),
        network: Network = Network.ISOLATED,
        outside: Outside | None = None,
        runtime_api: tuple[str, int] | None = None,
        listen: Path | None = None,
        port: int = 8080,
        opt: Path | None = None,
        limits: Limits | None = None,
        host_name: str = "algo-1",
        cluster: ClusterMember | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: User = ROOT_USER,
        read_only: bool = False,
        stream: socket | None = None,
        on_line: OutputLine | None = None,
    ) -> None:
        self.image = image
        self.mounts = tuple(mounts)
        self.network = network
        self.port = port
        self.command = command_of(image, entrypoint, arguments)
        if cluster is not None:
            host_name = cluster.host
        in_docker = {"PATH": DOCKER_PATH, "HOSTNAME": host_name, "HOME": "/root"}
        self.environment = dict(in_docker if inherited is None else inherited)
        self.environment |= image.environment
        self.environment |= dict(environment or {})
        if network is Network.AWS and not self.environment.get("AWS_ENDPOINT_URL"):
            raise ValueError(
                "Network.AWS requires AWS_ENDPOINT_URL, the gateway, in the environment; got "
                f"{sorted(self.environment)}."
            )
        self._outside = outside or Outside()
        self._runtime_api = runtime_api
        self._listen = listen
        self._opt = opt
        self._limits = limits or DEFAULT_LIMITS
        self._exceeded: Exceeded | None = None
        self._host_name = host_name
        self._cluster = cluster
        self._stop_signal = stop_signal
        self._user = user
        self._read_only = read_only
        self._stream = stream
        self._on_line = on_line
        self._lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        self._process: subprocess.Popen[bytes] | None = None
        self._reader = threading.Thread(target=self._read, daemon=True, name="container-output")
        self._scratch = Path()

    def start(self) -> None:
        """Starts the container.

        Raises:
            IsolationUnavailableError: this machine does not support containers.
        """
        require_isolation()
        self._scratch = Path(tempfile.mkdtemp(prefix="container-"))
        (self._scratch / "root").mkdir()
        listener = None if self._listen is None else unix_socket.listen(self._listen)
        try:
            self._process = subprocess.Popen(
                [str(running_interpreter().executable), "-I", "-S", "-c", _START, str(_ROOT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[
                    *(one.fileno() for one in (listener, self._stream) if one),
                    *(self._cluster.descriptors if self._cluster else ()),
                ],
                env={},
                start_new_session=True,  # Ctrl-C reaches the server only, which ends its containers
            )
            self._send_specification(listener)
        finally:
            for passed in (listener, self._stream):
                if passed:
                    passed.close()
        self._reader.start()
        _LOG.info("Container %s of %s: %s", self._process.pid, self.image.digest, self.limits)

    @property
    def exceeded(self) -> Exceeded | None:
        """The limit for which processes were killed, or None."""
        try:
            return Exceeded((self._scratch / "exceeded").read_text())
        except (FileNotFoundError, NotADirectoryError):
            return self._exceeded

    @property
    def limits(self) -> Limits:
        """The limits of the container on this machine."""
        return self._limits.of_this_machine(
            self._opt or self._writable() or Path(tempfile.gettempdir())
        )

    def _writable(self) -> Path | None:
        found = (m for m in self.mounts if isinstance(m, Mount) and m.writable)
        return next((mount.source for mount in found), None)

    def _send_specification(self, listener: socket | None) -> None:
        specification = Specification(
            image=self.image,
            command=self.command,
            environment=self.environment,
            mounts=self.mounts,
            network=self.network,
            host_name=self._host_name,
            stop_signal=self._stop_signal,
            opt=self._opt,
            outside=self._outside,
            limits=self.limits,
            user=self._user,
            read_only=self._read_only,
            cluster=self._cluster,
        ).to_json(self._scratch)
        if self._runtime_api is not None:
            specification["runtime_api"] = list(self._runtime_api)
        if self._stream is not None:
            specification["stream_descriptor"] = self._stream.fileno()
        if listener is not None:
            specification["listen_descriptor"] = listener.fileno()
            specification["listen_port"] = self.port
        # Standard input stays open: the container ends when it closes, that is, with the server.
        with contextlib.suppress(BrokenPipeError):
            self._lifeline.write(json.dumps(specification).encode() + b"\n")
            self._lifeline.flush()

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("The container is not running: call start() first.")
        return self._process

    @property
    def _lifeline(self) -> IO[bytes]:
        return cast("IO[bytes]", self._started.stdin)

    @property
    def running(self) -> bool:
        """True while the container runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Id of the process above the container; None if it does not run."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def last_lines(self) -> list[str]:
        """The last 200 lines of output."""
        return list(self._lines)

    def wait(self, timeout: float | None = None) -> int | None:
        """Waits until the container has ended and its output was read.

        Args:
            timeout: maximum time in seconds. Defaults to None: no limit.

        Returns:
            The exit code, 128 + N after signal N; None if the container still runs.
        """
        try:
            code = self._started.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join()
        self._exceeded = self.exceeded
        self._clear()
        return code if code >= 0 else 128 - code

    def stop(self, grace: float = 30.0) -> int:
        """Sends the stop signal to the command, and SIGKILL to all processes after a grace period.

        Args:
            grace: grace period in seconds. Defaults to 30, as for model servers; jobs have 120.

        Returns:
            The exit code.
        """
        if self.running:
            self._started.send_signal(signal.SIGTERM)
        code = self.wait(grace)
        while code is None:
            self._started.kill()
            code = self.wait(1)
        return code

    def kill(self) -> None:
        """Kills all processes at once."""
        if self.running:
            self._started.kill()

    def _read(self) -> None:
        with cast("IO[bytes]", self._started.stdout) as output:
            while line := output.readline(_MAX_LINE_BYTES):
                text = line.decode(errors="replace").rstrip("\r\n")
                self._lines.append(text)
                if self._on_line is not None:
                    self._on_line(text)

    def _clear(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._lifeline.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        if self._listen is not None:
            self._listen.unlink(missing_ok=True)


@dataclass(frozen=True)
class Ended:
    """The end of a container: its exit code, and if it was stopped or exceeded its time."""

    exit_code: int
    stopped: bool = False
    timed_out: bool = False


def run_to_end(
    container: Container, *, stop: threading.Event, max_seconds: float, grace: float
) -> Ended:
    """Runs a container until it ends, `stop` is set, or `max_seconds` are over."""
    (ended,) = run_together([container], stop=stop, max_seconds=max_seconds, grace=grace)
    return ended


def run_together(
    containers: Sequence[Container], *, stop: threading.Event, max_seconds: float, grace: float
) -> list[Ended]:
    """Runs containers until all have ended; the first that fails stops the other ones.

    Args:
        containers: the containers.
        stop: stops all of them when it is set.
        max_seconds: time after which all are stopped.
        grace: seconds between the stop signal and SIGKILL.

    Returns:
        The end of each container, in their order.
    """
    ended: dict[Container, Ended] = {}
    running = list(containers)
    deadline = time.monotonic() + max_seconds
    try:
        for container in containers:
            container.start()
        while running:
            for container in list(running):
                code = container.wait(_POLL_SECONDS / len(running))
                if code is not None:
                    ended[container] = Ended(code)
                    running.remove(container)
            timed_out = time.monotonic() >= deadline
            failed = any(one.exit_code for one in ended.values())
            if failed or timed_out or stop.is_set():
                # A failure is the reason of the end, whatever else happens in the same moment.
                reason = {"stopped": True} if failed or stop.is_set() else {"timed_out": True}
                for container, code in zip(running, _stop(running, grace), strict=True):
                    ended[container] = Ended(code, **reason)
                running = []
    except BaseException:
        for container in containers:
            if container.running:
                container.kill()
                container.wait()
        raise
    return [ended[container] for container in containers]


def _stop(containers: Sequence[Container], grace: float) -> list[int]:
    """Stops containers side by side, so that all have the whole grace period."""
    with ThreadPoolExecutor(max(1, len(containers))) as pool:
        return list(pool.map(lambda container: container.stop(grace), containers))
