"""The process of the local AWS: start it, and stop it with all its child processes."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rehearsal.client import aside, local_aws
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import SERVER_MODULE, STATE_DIRECTORY, LocalAws, find
from rehearsal.client.process_tree import ProcessId, family, send, wait_until_gone
from rehearsal.framework.root_keys import PRIVATE_DIRECTORY

START_SECONDS = 120.0
START_FAILED_STATUS = 2  # the server's exit status after a message about the cause
SETTLE_SECONDS = 3.0
STOP_SECONDS = 8.0
KILL_SECONDS = 30.0


def start(directory: Path = STATE_DIRECTORY, port: int = 0) -> tuple[LocalAws, bool]:
    """Starts the local AWS as a detached process, unless it runs already.

    It continues with the state in the directory, and on the port that it had.

    Args:
        directory: state directory. Defaults to `build/rehearsal/aws`.
        port: port to listen on. Defaults to 0: that of the last time, or a free one.

    Returns:
        The local AWS, and True if this call started it.

    Raises:
        RehearsalError: the port is taken, the running server does not respond, or the new one does
            not become ready.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(directory):
        running = find(directory)
        if running is not None:
            if not running.is_ready():
                raise RehearsalError(
                    f"A local AWS is running (process {running.pid}) but does not respond.",
                    f"A call to {running.url} failed.",
                    "Stop it with `rehearse down`, then run `rehearse up`.",
                )
            return running, False
        _check_port(port)
        return _launch(directory, port or _free(local_aws.last_port(directory))), True


def stop(directory: Path = STATE_DIRECTORY, *, keep: bool = False) -> bool:
    """Stops the local AWS with all its child processes; SIGKILL follows SIGTERM after some seconds.

    Args:
        directory: state directory. Defaults to `build/rehearsal/aws`.
        keep: keeps the state directory. Defaults to False: it is removed.

    Returns:
        True if a local AWS was running.

    Raises:
        RehearsalError: processes do not end.
    """
    running = find(directory)
    if running is not None:
        # The process that watches it leads its session.
        leader = os.getsid(running.pid)
        roots = {running.pid, leader if local_aws.is_server(leader) else running.pid}
        _end(family(roots), running.pid)
    if not keep:
        _remove(directory)
    elif running is not None and (directory / "endpoint.json").exists():
        (directory / "endpoint.json").replace(directory / "stopped.json")  # it was killed
    return running is not None


def _end(processes: Sequence[ProcessId], pid: int) -> None:
    server = [process for process in processes if process.pid == pid]
    send(server, signal.SIGTERM)
    wait_until_gone(server, STOP_SECONDS)
    # Children that started meanwhile share its session.
    left = {*processes, *family([pid])}
    send(wait_until_gone(left, 0.5), signal.SIGKILL)
    remaining = wait_until_gone(left, KILL_SECONDS)
    if remaining:
        pids = ", ".join(str(process.pid) for process in remaining)
        raise RehearsalError(
            f"Processes of the local AWS do not end: {pids}.",
            "They still run after SIGKILL: the kernel waits for a disk or a device.",
            "Repeat `rehearse down` in a minute.",
        )


def _launch(directory: Path, port: int) -> LocalAws:
    log = directory.with_suffix(".log")
    command = [sys.executable, "-m", SERVER_MODULE]
    command += ["--state-directory", str(directory.absolute()), "--port", str(port)]
    command += ["--watched"]
    command += ["--image-directory", str(directory.absolute().with_name("images"))]
    command += ["--cache-directory", str(directory.absolute().with_name("caches"))]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline, settled = time.monotonic() + START_SECONDS, 0.0
    try:
        while time.monotonic() < deadline:
            if process.poll() == START_FAILED_STATUS:
                raise RehearsalError("The local AWS cannot start.", tail(log))
            if process.returncode is not None:
                raise RehearsalError(
                    f"The local AWS exited during its start (status {process.returncode}).",
                    tail(log),
                    f"See the complete log in {log}.",
                )
            ready = find(directory)
            if ready is not None:
                problem = ready.problem()
                if problem is None:
                    return ready
                # The server announces itself when it accepts calls, so this does not pass.
                settled = settled or time.monotonic() + SETTLE_SECONDS
                if time.monotonic() > settled:
                    raise RehearsalError(
                        f"The local AWS runs at {ready.url}, but a call to it fails.",
                        str(problem),
                        "Check what keeps programs of this machine from 127.0.0.1.",
                    ) from problem
            time.sleep(0.1)
        raise RehearsalError(
            f"The local AWS was not ready after {START_SECONDS:.0f} s.",
            tail(log),
            f"See the complete log in {log}.",
        )
    except BaseException:
        _end(family([process.pid]), process.pid)
        process.wait()
        raise


def tail(path: Path, lines: int = 12) -> str:
    """Returns the last lines of a text file."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def _check_port(port: int) -> None:
    if not port:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RehearsalError(
                f"Port {port} cannot be used: {error.strerror}.",
                "Another program listens on it, or the port is reserved.",
                "Pass another with --port, or omit the option for a free one "
                f"(`ss -ltnp 'sport = :{port}'` shows the program).",
            ) from error


def _free(port: int) -> int:
    """Returns the port if it can be used; 0 otherwise."""
    if not port:
        return 0
    try:
        _check_port(port)
    except RehearsalError:
        return 0
    return port


def set_aside(directory: Path = STATE_DIRECTORY) -> Path | None:
    """Moves the state of a local AWS that does not run out of the way, for a run without it.

    Returns:
        Its new place; None if there is no state.
    """
    if not (directory / PRIVATE_DIRECTORY).exists():
        _remove(directory)
        return None
    return aside.move(directory)


def _remove(directory: Path) -> None:
    if directory.exists():
        shutil.rmtree(directory)


@contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    """Allows one start at a time, so that two commands do not start two servers."""
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
