"""A test run that is killed leaves no process and no temporary folder behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STARTED_BY_A_TEST = """
import os
import subprocess
import tempfile
import time
from pathlib import Path

from rehearsal.client import server_process


def test_that_is_killed(request):
    aws, _ = server_process.start(Path(tempfile.mkdtemp()) / "aws")
    alone = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    pids = [os.getpid(), aws.pid, alone.pid]
    note = Path(os.environ["NOTE"])
    note.with_suffix(".new").write_text(" ".join([*map(str, pids), tempfile.gettempdir()]))
    note.with_suffix(".new").rename(note)
    time.sleep(1000)
"""


@pytest.fixture(params=["-pno:xdist", "-n1"])
def killed_run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run of pytest with a test that has started a server and a detached process."""
    folder = tmp_path / "tests"
    folder.mkdir()
    for name in ("conftest.py", "fixture_folders.py", "run_guard.py", "time_table.py"):
        shutil.copy(ROOT / "tests" / name, folder)
    (folder / "test_killed.py").write_text(STARTED_BY_A_TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", request.param, "tests"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NOTE": str(tmp_path / "note")},
        stdout=(tmp_path / "output").open("wb"),
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "note").exists():
        if run.poll() is not None or time.monotonic() > deadline:
            run.kill()
            pytest.fail((tmp_path / "output").read_text())
        time.sleep(0.1)
    yield run
    run.kill()
    run.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_of_a_run_that_is_killed(
    killed_run: subprocess.Popen[bytes], number: signal.Signals, tmp_path: Path
) -> None:
    *pids, folder = (tmp_path / "note").read_text().split()

    killed_run.send_signal(number)
    killed_run.wait(60)

    deadline = time.monotonic() + 60
    while left := [pid for pid in pids if alive(pid)] or Path(folder).exists():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False
