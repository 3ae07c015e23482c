"""Child processes that end when we end, and what a tree of processes uses."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")


class ProcessId(NamedTuple):
    """A process by id and start time, so that a reused id is not mistaken for it."""

    pid: int
    started: str


def _status(pid: int) -> tuple[int, int, str, str] | None:
    """Parent, session, start time and state of a process; None when it is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name, in parentheses, may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), int(fields[3]), fields[19], fields[0]


def identify(pid: int) -> ProcessId | None:
    """The process that has the id now; None when there is none, or only a zombie."""
    status = _status(pid)
    return ProcessId(pid, status[2]) if status and status[3] not in "ZX" else None


def family(roots: Iterable[int]) -> list[ProcessId]:
    """The roots, all their descendants, and whoever shares a session that a root leads."""
    statuses = {
        int(path.name): status
        for path in PROC.iterdir()
        if path.name.isdigit() and (status := _status(int(path.name)))
    }
    wanted = set(roots)
    # A leader may have ended before its session.
    members = {pid for pid, status in statuses.items() if pid in wanted or status[1] in wanted}
    found = True
    while found:
        found = False
        for pid, (parent, *_) in statuses.items():
            if parent in members and pid not in members:
                members.add(pid)
                found = True
    return [ProcessId(pid, statuses[pid][2]) for pid in sorted(members)]


def send(processes: Iterable[ProcessId], number: signal.Signals) -> None:
    for process in processes:
        if identify(process.pid) == process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)


def wait_until_gone(processes: Iterable[ProcessId], seconds: float) -> list[ProcessId]:
    """Those of the processes that still run after the time."""
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left and time.monotonic() < deadline:
        left = [process for process in left if identify(process.pid) == process]
        if left:
            time.sleep(0.05)
    return left


def end(roots: Iterable[int], seconds: float = 2) -> None:
    """Ends processes with all their descendants: SIGTERM, and SIGKILL after some seconds."""
    processes = family(roots)
    send(processes, signal.SIGTERM)
    send(wait_until_gone(processes, seconds), signal.SIGKILL)


@dataclass(frozen=True)
class Finished:
    """A command that ended by itself."""

    status: int
    lines: Sequence[str]


class Commands:
    """Runs programs, each with its process group, and ends what still runs at `close`.

    Ctrl-C in a terminal reaches only our own group, so that children do not race us to print
    about it: ending them is `close`'s job.
    """

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        """Runs a program to its end; both of its outputs come line by line, in order."""
        with self._lock:
            if self._closed:
                raise KeyboardInterrupt
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running.add(process)
        lines: list[str] = []
        try:
            for raw in process.stdout or ():
                line = raw.rstrip()
                lines.append(line)
                if on_line:
                    on_line(line)
            status = process.wait()
        except BaseException:
            end([process.pid])
            raise
        finally:
            with self._lock:
                self._running.discard(process)
            if process.stdout:
                process.stdout.close()
        if self._closed and status < 0:
            raise KeyboardInterrupt  # `close` ended it
        return Finished(status, lines)

    def close(self) -> None:
        """Ends every program that still runs, with all of its descendants."""
        with self._lock:
            self._closed = True
            roots = [process.pid for process in self._running]
        end(roots)


class MemoryMeter:
    """Measures the peak memory of processes and all their descendants, once a second.

    Memory that processes share is counted once (proportional set size) where the kernel tells it.
    """

    def __init__(self, roots: Callable[[], Iterable[int]], interval: float = 1.0) -> None:
        self._roots = roots
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="memory", daemon=True)
        self.peak_bytes = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _measure(self) -> None:
        while True:
            used = sum(memory(process.pid) for process in family(self._roots()))
            self.peak_bytes = max(self.peak_bytes, used)
            if self._stopped.wait(self._interval):
                return


def memory(pid: int) -> int:
    """Bytes of memory that a process uses; 0 when it is gone."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        # Another user's process, or one that ended: its resident size is public while it lives.
        with contextlib.suppress(OSError, IndexError):
            pages = int((PROC / str(pid) / "statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
    return 0
