"""The limits of a container, enforced by its process 1.

A cgroup would be exact, but most users may not create one. So process 1 measures the memory, the
processes and the files of the container several times a second. Like the kernel, it kills the
largest process when memory is exceeded; it kills all processes at the other limits.

Only the standard library is used, because process 1 of each container runs this module.
"""

import contextlib
import math
import os
import resource
import signal
import time
from typing import Any

MEMORY, PROCESSES, DISK = b"M", b"P", b"D"
"""The messages about a limit that was reached."""
_QUICK, _CALM = 0.05, 0.4  # seconds between two measurements
_WALK_SECONDS = 20.0
_RESERVE = 256 << 20
_PAGE_KIBIBYTES = 1024
_SPARE_PROCESSES = 20  # for process 1 and those that end


def restrict(limits: dict[str, Any]) -> None:
    """Sets the limits that the kernel enforces for the calling process and its descendants."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        # The kernel ends a container, not the server, if the memory of the machine is exhausted.
        _write("/proc/self/oom_score_adj", "500")
    if limits.get("disk"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits["disk"], limits["disk"]))
    if limits.get("processes"):
        with contextlib.suppress(OSError, ValueError):
            number = limits["processes"] + _SPARE_PROCESSES
            resource.setrlimit(resource.RLIMIT_NPROC, (number, number))
    if limits.get("cpus"):
        usable = sorted(os.sched_getaffinity(0))
        number = max(1, math.ceil(limits["cpus"]))
        if number < len(usable):
            start = limits.get("seed", 0) % len(usable)
            chosen = [usable[(start + step) % len(usable)] for step in range(number)]
            os.sched_setaffinity(0, chosen)


def restrict_namespace(limits: dict[str, Any]) -> None:
    """Sets the limits of the namespaces; /proc/sys must be writable still."""
    with contextlib.suppress(OSError):
        _write("/proc/sys/user/max_user_namespaces", "0")
    if limits.get("processes"):
        with contextlib.suppress(OSError):  # of a namespace since Linux 6.14
            _write("/proc/sys/kernel/pid_max", str(max(400, limits["processes"] + 64)))


class Watch:
    """Measures the container.

    Args:
        limits: `memory` and `disk` in bytes, `processes`; each may be missing.
        writable: the folders of the host that the container can write.
        scratch: the file systems in memory that it can write.
    """

    def __init__(self, limits: dict[str, Any], writable: list[str], scratch: list[str]) -> None:
        self._memory = limits.get("memory") or 0
        self._processes = limits.get("processes") or 0
        self._disk = limits.get("disk") or 0
        self._writable = writable
        self._scratch = scratch
        self._free = {place: _free(place) for place in writable}
        self._walked = time.monotonic()
        self._walk_seconds = _WALK_SECONDS
        self.interval = _CALM

    def check(self) -> bytes | None:
        """Kills processes if a limit is exceeded; returns the limit, or None."""
        table = _processes()
        busiest = 0.0
        if self._memory:
            used = _memory(table, self._scratch_bytes())
            busiest = max(busiest, used / self._memory)
            if used > self._memory and self._exact(table) > self._memory:
                _kill(max(table, key=lambda pid: sum(table[pid][:2])) if table else 0)
                return MEMORY
        if self._processes:
            number = sum(threads for _, _, threads in table.values())
            busiest = max(busiest, number / self._processes)
            if number >= self._processes:
                _kill(-1)
                return PROCESSES
        if self._disk and self._is_full():
            _kill(-1)
            return DISK
        self.interval = _CALM if busiest < 0.5 else _QUICK
        return None

    def _scratch_bytes(self) -> int:
        total = 0
        for place in self._scratch:
            with contextlib.suppress(OSError):
                found = os.statvfs(place)
                total += (found.f_blocks - found.f_bfree) * found.f_frsize
        return total

    def _exact(self, table: dict[int, tuple[int, int, int]]) -> int:
        """Returns the memory without counting shared pages twice; it takes longer."""
        private = shared = 0
        for pid in table:
            with contextlib.suppress(OSError):
                fields = _fields(f"/proc/{pid}/smaps_rollup")
                private += fields.get("Pss_Anon", 0) + fields.get("SwapPss", 0)
                shared += fields.get("Pss_Shmem", 0)
        return private + max(shared, self._scratch_bytes())

    def _is_full(self) -> bool:
        now = time.monotonic()
        due = now - self._walked > self._walk_seconds
        written = 0
        for place, before in self._free.items():
            free = _free(place)
            written = max(written, before - free)
            due = due or (free < _RESERVE and before - free > 0)
        if written < self._disk and not due:
            return False
        used = sum(_size(place) for place in self._writable)
        self._walked = time.monotonic()
        self._walk_seconds = max(_WALK_SECONDS, 20 * (self._walked - now))
        if used > self._disk:
            return True
        if written >= self._disk:  # others have written it
            self._free = {place: _free(place) + used for place in self._writable}
        return used > _RESERVE and min(map(_free, self._writable), default=_RESERVE) < _RESERVE


def _processes() -> dict[int, tuple[int, int, int]]:
    """Returns anonymous memory, shared memory and threads of all processes but process 1."""
    found = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit() and name != "1":
            with contextlib.suppress(OSError):
                fields = _fields(f"/proc/{name}/status")
                private = fields.get("RssAnon", 0) + fields.get("VmSwap", 0)
                found[int(name)] = (private, fields.get("RssShmem", 0), fields.get("Threads", 1))
    return found


def _memory(table: dict[int, tuple[int, int, int]], scratch: int) -> int:
    private = sum(private for private, _, _ in table.values())
    return private + max(scratch, sum(shared for _, shared, _ in table.values()))


def _fields(path: str) -> dict[str, int]:
    """Returns the numbers of a file of /proc; sizes in bytes."""
    found = {}
    with open(path) as file:  # noqa: PTH123
        for line in file:
            name, _, rest = line.partition(":")
            words = rest.split()
            if words and words[0].isdigit():
                unit = _PAGE_KIBIBYTES if words[-1] == "kB" else 1
                found[name] = int(words[0]) * unit
    return found


def _free(place: str) -> int:
    try:
        found = os.statvfs(place)
    except OSError:
        return 0
    return found.f_bfree * found.f_frsize


def _size(directory: str) -> int:
    total = 0
    for folder, names, files in os.walk(directory):
        for name in (*names, *files):
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(folder, name))  # noqa: PTH118
                total += status.st_blocks * 512 // max(1, status.st_nlink if name in files else 1)
    return total


def _kill(pid: int) -> None:
    """Kills a process, or all but process 1 if `pid` is -1."""
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:  # noqa: PTH123
        file.write(text)
