"""What a user reads about a local AWS that died."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rehearsal.client import local_aws, server_end
from rehearsal.client.errors import RehearsalError
from rehearsal.client.process_tree import boot_id

GONE = 4194305
SERVER = """
import os, signal, sys, time
from pathlib import Path
from rehearsal.server import watcher
state = Path(sys.argv[1])
status = watcher.fork(state)
if status is not None:
    sys.exit(status)
if sys.argv[2] == "ends":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
(state / "pid").write_text(str(os.getpid()))
if sys.argv[2] == "fails":
    os._exit(1)
time.sleep(1000)
"""


def died(folder: Path, **ended: Any) -> server_end.ServerEnd:
    endpoint = {"pid": GONE, "port": 1, "boot_id": boot_id()}
    (folder / "endpoint.json").write_text(json.dumps(endpoint))
    log = "".join(f"2026-11-30 line {number}\nTraceback\n" for number in range(9))
    (folder / "server.log").write_text(log)
    if ended:
        (folder / "exit.json").write_text(json.dumps({"pid": GONE, "time": 1e9, **ended}))
    found = server_end.read(folder)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        ({"signal": 9, "memory_kills": 0}, "SIGKILL ended it"),
        ({"signal": 9, "memory_kills": 1}, "the machine ran out of memory"),
        ({"signal": 11, "memory_kills": 0}, "SIGSEGV ended it"),
        ({"status": 1, "memory_kills": 0}, "it failed with exit status 1"),
        ({}, "the reason is not known"),
    ],
)
def test_the_reason_is_said_as_far_as_it_is_known(
    tmp_path: Path, ended: dict[str, Any], reason: str
) -> None:
    found = died(tmp_path, **ended)
    assert reason in found.sentence
    assert f"Process {GONE} died at" in found.sentence
    assert [line[-6:] for line in found.log] == ["line 6", "line 7", "line 8"]


def test_a_restart_of_the_machine_is_the_reason(tmp_path: Path) -> None:
    endpoint = {"pid": GONE, "port": 1, "boot_id": "another"}
    (tmp_path / "endpoint.json").write_text(json.dumps(endpoint))
    found = server_end.read(tmp_path)
    assert found is not None
    assert found.why == "the machine was restarted."


def test_the_report_of_an_earlier_death_is_not_this_ones(tmp_path: Path) -> None:
    died(tmp_path)
    (tmp_path / "exit.json").write_text(json.dumps({"pid": 1, "signal": 9, "time": 1e9}))
    found = server_end.read(tmp_path)
    assert found is not None
    assert "not known" in found.why


def test_one_that_was_stopped_did_not_die(tmp_path: Path) -> None:
    died(tmp_path)
    (tmp_path / "endpoint.json").rename(tmp_path / "stopped.json")
    assert server_end.read(tmp_path) is None
    with pytest.raises(RehearsalError, match="is not running") as caught:
        local_aws.require(tmp_path)
    assert "died" not in str(caught.value)


def test_a_command_says_that_it_died_and_why(tmp_path: Path) -> None:
    died(tmp_path, signal=9, memory_kills=1)
    with pytest.raises(RehearsalError, match="not running: it died") as caught:
        local_aws.require(tmp_path)
    assert "out of memory" in caught.value.why
    assert "line 8" in caught.value.why
    assert "rehearse up" in caught.value.remedy


def watched(folder: Path, behaviour: str) -> tuple[Any, int]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder), behaviour], cwd=Path(__file__).parents[3]
    )
    deadline = time.monotonic() + 60
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process, int((folder / "pid").read_text())


def test_the_watcher_records_the_signal_that_ended_the_server(tmp_path: Path) -> None:
    process, server = watched(tmp_path, "stays")
    os.kill(server, signal.SIGKILL)
    assert process.wait(60) == 128 + signal.SIGKILL
    found = json.loads((tmp_path / "exit.json").read_text())
    assert (found["pid"], found["signal"], found["status"]) == (server, 9, None)


def test_the_watcher_records_a_failure(tmp_path: Path) -> None:
    process, _ = watched(tmp_path, "fails")
    assert process.wait(60) == 1
    assert json.loads((tmp_path / "exit.json").read_text())["status"] == 1


def test_the_watcher_passes_signals_on_and_records_no_orderly_end(tmp_path: Path) -> None:
    process, _ = watched(tmp_path, "ends")
    process.terminate()
    assert process.wait(60) == 0
    assert not (tmp_path / "exit.json").exists()
