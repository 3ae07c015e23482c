"""Ends what a test run has started when the run ends, however it ends.

A run that is killed (SIGKILL, or out of memory) executes no fixture's end. So a guard process
waits for the end of the run's first process, by a pipe that only that process holds open. Every
process of the run inherits an environment variable that names the run; the guard ends those that
are left, and what they have started, and removes the run's temporary folder.

    python run_guard.py RUN FOLDER
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "TESTS_RUN"
"""Names the run in the environment of every process that belongs to it."""

_SIGNALS = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 10.0))  # each for so many seconds


def begin(run: str, folder: str) -> int:
    """Starts the guard of this process; returns the descriptor whose end it waits for.

    Args:
        run: the name of the run; no other process of this machine has it in its environment.
        folder: the temporary folder of the run.
    """
    waiting, held = os.pipe()  # not inherited by children
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    subprocess.Popen(
        [sys.executable, __file__, run, folder],
        stdin=waiting,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # a signal to the run's group does not reach it
    )
    os.close(waiting)
    os.environ[VARIABLE] = run
    return held


def main() -> None:
    """Waits for the end of the run, and ends what is left of it."""
    run, folder = sys.argv[1:]
    sys.stdin.buffer.read()
    for number, seconds in _SIGNALS:
        deadline = time.monotonic() + seconds
        while (left := set(_processes_of(run))) and time.monotonic() < deadline:
            for pid in left:
                _send(pid, number)
            time.sleep(0.2)
    shutil.rmtree(folder, ignore_errors=True)


def _processes_of(run: str) -> Iterator[int]:
    """The processes of a run, and their descendants whose environment does not name it."""
    parents: dict[int, int] = {}
    named = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        pid = int(entry.name)
        try:
            fields = (entry / "stat").read_text().rpartition(") ")[2].split()
            if fields[0] == "Z":
                continue
            parents[pid] = int(fields[1])
            if f"{VARIABLE}={run}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                named.add(pid)
        except OSError:
            continue  # it has ended, or belongs to another user
    for pid in parents:
        line, above = {pid}, pid
        while above in parents and above not in named:
            above = parents[above]
            if above in line:
                break
            line.add(above)
        if above in named:
            yield pid


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main()
