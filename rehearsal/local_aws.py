"""The local AWS as a process: start it, find it, reach it, stop it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.errors import NOT_UP, RehearsalError
from rehearsal.process_tree import ProcessId, family, identify, send, wait_until_gone

BUILD_DIRECTORY = Path("build/rehearsal")
STATE_DIRECTORY = BUILD_DIRECTORY / "aws"
SERVER_MODULE = "rehearsal.aws.server"
START_SECONDS = 60.0
STOP_SECONDS = 8.0
# The local AWS takes a 12-digit access key for root of that account; it does not check the secret.
SECRET_ACCESS_KEY = "rehearsal"  # noqa: S105


@dataclass(frozen=True)
class LocalAws:
    """A local AWS that runs: what its server wrote into endpoint.json when it was ready."""

    url: str
    port: int
    pid: int
    ca_bundle: Path
    accounts: Sequence[str]
    region: str

    @property
    def account(self) -> str:
        return self.accounts[0]

    def client(self, service: str, *, seconds: float = 120, attempts: int = 2) -> Any:
        """A boto3 client as root of the first account."""
        return boto3.Session(
            aws_access_key_id=self.account,
            aws_secret_access_key=SECRET_ACCESS_KEY,
            region_name=self.region,
        ).client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            verify=str(self.ca_bundle),
            config=Config(
                connect_timeout=5,
                read_timeout=seconds,
                retries={"total_max_attempts": attempts},
                s3={"addressing_style": "path"},
            ),
        )

    def variables(self) -> dict[str, str]:
        """The environment that points aws, boto3, the CDK CLI and git at the local AWS."""
        bundle = str(self.ca_bundle)
        settings = {
            # An empty helper drops those of the user's own configuration.
            "credential.helper": ["", "!aws codecommit credential-helper --ignore-host-check $@"],
            "credential.UseHttpPath": ["true"],
            "http.sslCAInfo": [bundle],
        }
        pairs = [(key, value) for key, values in settings.items() for value in values]
        variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": bundle,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NODE_EXTRA_CA_CERTS": bundle,
            "GIT_CONFIG_COUNT": str(len(pairs)),
        }
        for index, (key, value) in enumerate(pairs):
            variables[f"GIT_CONFIG_KEY_{index}"] = key
            variables[f"GIT_CONFIG_VALUE_{index}"] = value
        return variables

    def environment(self) -> dict[str, str]:
        """Our environment with `variables`, without credentials or profiles of the user's own."""
        foreign = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
        ours = {name: value for name, value in os.environ.items() if name not in foreign}
        return program_path({**ours, **self.variables()})

    def answers(self) -> bool:
        """Whether the server answers a call now."""
        try:
            identity = self.client("sts", seconds=10, attempts=1).get_caller_identity()
        except (BotoCoreError, ClientError, OSError):
            return False
        return bool(identity["Account"] == self.account)


def program_path(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the programs that are installed in this project first on PATH."""
    installed = (str(Path(sys.executable).parent), str(Path("node_modules/.bin").absolute()))
    path = os.pathsep.join((*installed, environment.get("PATH", os.defpath)))
    return {**environment, "PATH": path}


def find(directory: Path = STATE_DIRECTORY) -> LocalAws | None:
    """The local AWS that runs on a state directory; forgets one that died."""
    try:
        text = (directory / "endpoint.json").read_text()
        data = json.loads(text)
        found = LocalAws(
            url=data["url"],
            port=int(data["port"]),
            pid=int(data["pid"]),
            ca_bundle=Path(data["ca_bundle"]).absolute(),
            accounts=tuple(data["accounts"]),
            region=data["region"],
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return None  # half-written: its server died while it started, or is not ready yet
    return found if _is_server(found.pid) else None


def require(directory: Path = STATE_DIRECTORY) -> LocalAws:
    """The local AWS that runs; raises `RehearsalError` when there is none."""
    found = find(directory)
    if found is None:
        raise RehearsalError("The local AWS is not up.", "", NOT_UP)
    return found


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
            if process.poll() is not None:
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


def _is_server(pid: int) -> bool:
    """Whether a process is a server of ours: an id may have been given to another since."""
    if identify(pid) is None:
        return False
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return SERVER_MODULE.encode() in arguments


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
