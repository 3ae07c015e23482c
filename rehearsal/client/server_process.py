"""The process of the local AWS: start it, and end it with everything that it started."""

from __future__ import annotations

import fcntl
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import SERVER_MODULE, STATE_DIRECTORY, LocalAws, find
from rehearsal.client.process_tree import ProcessId, family, send, wait_until_gone

START_SECONDS = 120.0
COULD_NOT_START = 2  # the server's exit status when its own message says all
STOP_SECONDS = 8.0


def start(directory: Path = STATE_DIRECTORY, port: int = 0) -> tuple[LocalAws, bool]:
    """Starts the local AWS, detached; the second value says whether it was started just now.

    `port` 0 takes a free one. Raises `RehearsalError` when the port is taken, when the server that
    runs is not healthy, or when a new one does not become ready (with the end of its log).
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(directory):
        running = find(directory)
        if running is not None:
            if not running.answers():
                raise RehearsalError(
                    f"A local AWS runs already (process {running.pid}) but does not answer.",
                    f"Nothing came back from {running.url}.",
                    "End it with `rehearse down`, then `rehearse up`.",
                )
            return running, False
        _refuse_taken_port(port)
        _remove(directory)
        return _launch(directory, port), True


def stop(directory: Path = STATE_DIRECTORY, *, keep: bool = False) -> bool:
    """Ends the local AWS with everything that it started; removes its files unless `keep`.

    Returns whether something ran. SIGTERM first; what is left after some seconds is killed.
    """
    running = find(directory)
    if running is not None:
        _end(family([running.pid]), running.pid)
    if keep:
        (directory / "endpoint.json").unlink(missing_ok=True)
    else:
        _remove(directory)
    return running is not None


def _end(processes: Sequence[ProcessId], pid: int) -> None:
    server = [process for process in processes if process.pid == pid]
    send(server, signal.SIGTERM)
    wait_until_gone(server, STOP_SECONDS)
    # Children that it started between our look and its end share its session.
    left = {*processes, *family([pid])}
    send(wait_until_gone(left, 0.5), signal.SIGKILL)
    stubborn = wait_until_gone(left, 5)
    if stubborn:
        pids = ", ".join(str(process.pid) for process in stubborn)
        raise RehearsalError(
            f"Processes of the local AWS do not end: {pids}.",
            "They got SIGKILL and still run: the kernel waits for a disk or a device.",
            "Repeat `rehearse down` in a minute.",
        )


def _launch(directory: Path, port: int) -> LocalAws:
    log = directory.with_suffix(".log")
    command = [sys.executable, "-m", SERVER_MODULE]
    command += ["--state-directory", str(directory.absolute()), "--port", str(port)]
    command += ["--image-directory", str(directory.absolute().with_name("images"))]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    try:
        while time.monotonic() < deadline:
            if process.poll() == COULD_NOT_START:
                raise RehearsalError("The local AWS cannot start.", tail(log))
            if process.returncode is not None:
                raise RehearsalError(
                    f"The local AWS ended while it started (status {process.returncode}).",
                    tail(log),
                    f"Its whole log: {log}",
                )
            ready = find(directory)
            if ready is not None and ready.answers():
                return ready
            time.sleep(0.1)
        raise RehearsalError(
            f"The local AWS was not ready after {START_SECONDS:.0f} s.",
            tail(log),
            f"Its whole log: {log}",
        )
    except BaseException:
        _end(family([process.pid]), process.pid)
        process.wait()
        raise


def tail(path: Path, lines: int = 12) -> str:
    """The end of a text file."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def _refuse_taken_port(port: int) -> None:
    if not port:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RehearsalError(
                f"Port {port} cannot be used: {error.strerror}.",
                "Another program listens there, or the port is reserved.",
                "Choose another with --port, or leave it out for a free one "
                f"(`ss -ltnp 'sport = :{port}'` shows who has it).",
            ) from error


def _remove(directory: Path) -> None:
    if directory.exists():
        shutil.rmtree(directory)


@contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    """Lets one start at a time, so that two commands do not start two servers."""
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
