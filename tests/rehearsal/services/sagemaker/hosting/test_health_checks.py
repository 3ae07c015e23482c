"""Containers of endpoints that die, hang or keep dying."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.hosting.serving import health
from rehearsal.services.sagemaker.hosting.serving.model_server import InvocationError, ModelServer
from tests.rehearsal.job_fixtures import JobSurroundings
from tests.rehearsal.services.sagemaker.hosting.serving import SERVER, definition

Start = Callable[[str], ModelServer]


@pytest.fixture
def start(job_surroundings: JobSurroundings) -> Iterator[Start]:
    """Starts a server of a program whose containers are restarted."""
    servers = []

    def started(program: str = SERVER) -> ModelServer:
        made = job_surroundings.server(
            definition(job_surroundings, program), name="e", restarts=True
        )
        servers.append(made)
        made.start()
        return made

    yield started
    for server in servers:
        server.stop(grace=0)


def kill(server: ModelServer) -> int:
    """Kills the first container of a server; the id of its process."""
    container = server._containers[0]._container
    pid = container.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while container.running:
        time.sleep(0.001)
    return pid


def serves(server: ModelServer, seconds: float = 60) -> int:
    """Waits until a server responds again; the number of requests that failed meanwhile."""
    failed, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            assert server.invoke(b"1")[0] == 200
            return failed
        except ExecutionFailedError:
            failed += 1
            time.sleep(0.05)
    raise AssertionError("it was not restarted")


def test_a_container_that_is_killed_is_restarted_with_its_model(
    start: Start, job_surroundings: JobSurroundings
) -> None:
    server = start(SERVER)
    before = kill(server)

    failed = serves(server)

    assert failed > 0
    assert server.invoke(b"1,2")[2] == b"m:1,2"
    assert server._containers[0]._container.pid != before
    server.stop(grace=0)
    lines = job_surroundings.log_lines("/aws/sagemaker/Endpoints/e")
    assert lines.count("request /invocations") >= 2


def test_a_container_that_ends_by_itself_is_restarted_each_time(start: Start) -> None:
    server = start(SERVER)
    for _ in range(2):
        with pytest.raises(InvocationError, match="Container primary does not respond"):
            server.invoke(b"die")
        serves(server)


def test_a_container_that_keeps_dying_is_restarted_ever_later(
    start: Start, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "FIRST_PAUSE_SECONDS", 0.05)
    # This file survives, so that the second start differs from the first.
    program = (
        'import os, sys\nif os.path.exists("/opt/ml/scratch"):\n    sys.exit(7)\n'
        'open("/opt/ml/scratch", "w").close()\n' + SERVER
    )
    server = start(program)
    kill(server)

    deadline = time.monotonic() + 60
    while len(caplog.messages) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)

    assert "container primary ended with exit code 137; restart 1" in caplog.messages[0]
    assert "container primary ended with exit code 7; restart 3" in caplog.messages[2]
    with pytest.raises(InvocationError, match="Container primary does not respond"):
        server.invoke(b"1")


def test_a_container_that_hangs_is_restarted_when_no_request_is_in_flight(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PING_SECONDS", 0.2)
    monkeypatch.setattr(health, "UNHEALTHY_SECONDS", 0.5)
    program = SERVER.replace(
        "def do_GET(self):",
        "def do_GET(self):\n        if os.path.exists('/tmp/hang'):\n            time.sleep(9)",
    ).replace(
        'if body == b"die":',
        'if body == b"hang":\n            open("/tmp/hang", "w")\n        if body == b"die":',
    )
    server = start(program)
    before = server._containers[0]._container.pid

    server.invoke(b"hang")

    deadline = time.monotonic() + 60
    while server._containers[0]._container.pid in (before, None) and time.monotonic() < deadline:
        time.sleep(0.05)
    serves(server)
    assert server._containers[0]._container.pid != before


def test_a_stopped_server_is_not_restarted(start: Start) -> None:
    server = start(SERVER)
    kill(server)
    server.stop(grace=0)
    time.sleep(2 * health.FIRST_PAUSE_SECONDS)
    assert not server.running
