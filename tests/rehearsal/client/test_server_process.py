"""Start and stop of the process of the local AWS, with a small program as the server."""

import json
import socket
import textwrap
import time
from pathlib import Path

import pytest

from rehearsal.client import local_aws, process_tree, server_process
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws

SERVER = """
import json, os, signal, subprocess, sys, time
directory = sys.argv[sys.argv.index("--state-directory") + 1]
os.makedirs(directory, exist_ok=True)
behaviour = os.environ["BEHAVIOUR"]
if behaviour == "taken":
    print("Port 1 is taken")
    sys.exit(2)
if behaviour == "broken":
    raise RuntimeError("cannot think")
if behaviour == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "1000"])
os.makedirs(directory + "/private", exist_ok=True)
secret = os.open(directory + "/private/root-secret", os.O_CREAT | os.O_WRONLY, 0o600)
with open(secret, "w") as file:
    file.write("00" * 32)
with open(directory + "/new", "w") as file:
    json.dump({"url": "https://127.0.0.1:9", "port": 9, "pid": os.getpid(),
               "ca_bundle": "ca.pem", "accounts": ["111111111111"], "region": "us-east-1",
               "proxy": "http://127.0.0.1:1"}, file)
os.rename(directory + "/new", directory + "/endpoint.json")
time.sleep(1000)
"""


@pytest.fixture
def behave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pretended_server.py").write_text(textwrap.dedent(SERVER))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("BEHAVIOUR", "good")
    for module in (local_aws, server_process):
        monkeypatch.setattr(module, "SERVER_MODULE", "pretended_server")
    monkeypatch.setattr(LocalAws, "problem", lambda _: None)
    monkeypatch.setattr(server_process, "STOP_SECONDS", 0.5)


@pytest.mark.usefixtures("behave")
def test_it_starts_once_and_ends_with_its_children_and_files(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    aws, started = server_process.start(directory)
    again, started_again = server_process.start(directory)
    assert (started, started_again, again.pid) == (True, False, aws.pid)
    children = process_tree.family([aws.pid])
    assert len(children) == 2
    assert server_process.stop(directory)
    assert process_tree.wait_until_gone(children, 30) == []
    assert not directory.exists()
    assert not server_process.stop(directory)


@pytest.mark.usefixtures("behave")
def test_a_server_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEHAVIOUR", "stubborn")
    aws, _ = server_process.start(tmp_path / "state")
    assert server_process.stop(tmp_path / "state", keep=True)
    assert process_tree.identify(aws.pid) is None
    assert (tmp_path / "state").exists()
    assert not (tmp_path / "state" / "endpoint.json").exists()


@pytest.mark.usefixtures("behave")
def test_files_of_a_server_that_died_are_kept(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.mkdir()
    (directory / "endpoint.json").write_text('{"pid": 4194305}')
    (directory / "old").write_text("")
    _, started = server_process.start(directory)
    assert started
    assert (directory / "old").exists()
    server_process.stop(directory)
    assert not directory.exists()


@pytest.mark.usefixtures("behave")
def test_the_port_of_the_last_time_is_used_again_unless_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "state"
    directory.mkdir()
    chosen: list[int] = []
    monkeypatch.setattr(server_process, "_launch", lambda _, port: chosen.append(port))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for name in ("endpoint.json", "stopped.json"):
            (directory / name).write_text(json.dumps({"port": port, "pid": 4194305}))
            server_process.start(directory)
    server_process.start(directory)
    server_process.start(directory, 1025)
    assert chosen == [0, 0, port, 1025]


def test_the_state_of_a_user_is_moved_aside_for_a_run_of_the_loop(tmp_path: Path) -> None:
    directory = tmp_path / "aws"
    assert server_process.set_aside(directory) is None
    directory.mkdir()
    (directory / "private").mkdir()
    (directory / "private/services.state").write_text("kept")
    place = server_process.set_aside(directory)
    assert place is not None
    assert (place / "private/services.state").read_text() == "kept"
    assert not directory.exists()


@pytest.mark.usefixtures("behave")
def test_a_call_that_fails_although_the_server_runs_is_reported_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalAws, "problem", lambda _: OSError("Failed to connect to proxy"))
    began = time.monotonic()
    with pytest.raises(RehearsalError, match="a call to it fails") as caught:
        server_process.start(tmp_path / "state")
    assert time.monotonic() - began < 30
    assert caught.value.why == "Failed to connect to proxy"
    assert local_aws.find(tmp_path / "state") is None


@pytest.mark.usefixtures("behave")
def test_a_server_that_cannot_start_reports_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEHAVIOUR", "taken")
    with pytest.raises(RehearsalError, match="cannot start") as caught:
        server_process.start(tmp_path / "state")
    assert caught.value.why == "Port 1 is taken"


@pytest.mark.usefixtures("behave")
def test_a_server_that_breaks_shows_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEHAVIOUR", "broken")
    with pytest.raises(RehearsalError, match="status 1") as caught:
        server_process.start(tmp_path / "state")
    assert "cannot think" in caught.value.why
    assert "state.log" in caught.value.remedy


@pytest.mark.usefixtures("behave")
def test_one_that_runs_but_does_not_respond_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "state"
    server_process.start(directory)
    monkeypatch.setattr(LocalAws, "problem", lambda _: OSError("no way"))
    with pytest.raises(RehearsalError, match="does not respond") as caught:
        server_process.start(directory)
    assert "rehearse down" in caught.value.remedy
    server_process.stop(directory)


def test_a_taken_port_is_rejected_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RehearsalError, match=f"Port {port} cannot be used") as caught:
            server_process.start(tmp_path / "state", port)
    assert "--port" in caught.value.remedy
    assert not (tmp_path / "state").exists()
