"""Child processes that end with this process, and the memory of process trees."""

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
    """A process by id and start time, which distinguishes it from another one with a reused id."""

    pid: int
    started: str


def _status(pid: int) -> tuple[int, int, str, str] | None:
    """Returns parent, session, start time and state of a process; None if it has ended."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name, in parentheses, may contain spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), int(fields[3]), fields[19], fields[0]


def boot_id() -> str:
    """Returns the id of this start of the machine; empty if the system has none."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def identify(pid: int) -> ProcessId | None:
    """Returns the process that has the id now; None if it has ended or is a zombie."""
    status = _status(pid)
    return ProcessId(pid, status[2]) if status and status[3] not in "ZX" else None


def family(roots: Iterable[int]) -> list[ProcessId]:
    """Returns the roots, their descendants, and the members of sessions that a root leads."""
    statuses = {
        int(path.name): status
        for path in PROC.iterdir()
        if path.name.isdigit() and (status := _status(int(path.name)))
    }
    wanted = set(roots)
    # A session may outlive its leader.
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
    """Sends a signal to the processes that still run."""
    for process in processes:
        if identify(process.pid) == process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)


def wait_until_gone(processes: Iterable[ProcessId], seconds: float) -> list[ProcessId]:
    """Waits until the processes have ended; returns those that still run after `seconds`."""
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left and time.monotonic() < deadline:
        left = [process for process in left if identify(process.pid) == process]
        if left:
            time.sleep(0.05)
    return left


def end(roots: Iterable[int], seconds: float = 2) -> None:
    """Ends processes with their descendants: SIGTERM, and SIGKILL after `seconds`."""
    processes = family(roots)
    send(processes, signal.SIGTERM)
    send(wait_until_gone(processes, seconds), signal.SIGKILL)


@dataclass(frozen=True)
class Finished:
    """The exit status and the output of a program."""

    status: int
    lines: Sequence[str]


class Commands:
    """Runs programs in separate sessions; `close` ends those that still run.

    Ctrl-C in a terminal therefore reaches only this process and not the programs.
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
        """Runs a program to its end and returns its status and output.

        Args:
            command: the program and its arguments.
            environment: all variables of the program.
            directory: working directory. Defaults to None: the current one.
            on_line: receives each line of both outputs. Defaults to None.

        Raises:
            KeyboardInterrupt: `close` was called before or while the program ran.
        """
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
        """Ends the programs that still run, with their descendants; later ones do not start."""
        with self._lock:
            self._closed = True
            roots = [process.pid for process in self._running]
        end(roots)


class MemoryMeter:
    """Measures the peak memory of processes and all their descendants, once a second or less often.

    Shared memory is counted once (proportional set size) where the kernel reports it. For that it
    visits each page of a process, so measurements take a fixed share of the time at most.
    """

    MAX_SHARE = 0.02
    MAX_INTERVAL = 5.0

    def __init__(self, roots: Callable[[], Iterable[int]], interval: float = 1.0) -> None:
        self._roots = roots
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="memory", daemon=True)
        self.peak_bytes = 0

    def start(self) -> None:
        """Starts to measure on a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; `peak_bytes` is then final."""
        self._stopped.set()
        self._thread.join()

    def _measure(self) -> None:
        while True:
            began = time.thread_time()
            used = sum(memory(process.pid) for process in family(self._roots()))
            self.peak_bytes = max(self.peak_bytes, used)
            enough = (time.thread_time() - began) / self.MAX_SHARE
            if self._stopped.wait(max(self._interval, min(enough, self.MAX_INTERVAL))):
                return


def memory(pid: int) -> int:
    """Returns the bytes of memory that a process uses; 0 if it has ended."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        # A process of another user, whose resident size is public, or one that has ended.
        with contextlib.suppress(OSError, IndexError):
            pages = int((PROC / str(pid) / "statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
    return 0
