"""CPU, memory and disk usage of a process and its descendants, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PARENT, _USER_TIME, _SYSTEM_TIME, _RESIDENT = 1, 11, 12, 21  # fields after the name, from 0


@dataclass(frozen=True)
class Usage:
    """CPU seconds since the start, and bytes in memory and on disk."""

    cpu_seconds: float = 0.0
    memory: int = 0
    disk: int = 0

    def plus(self, other: Usage) -> Usage:
        """Returns the sum of two usages."""
        return Usage(
            self.cpu_seconds + other.cpu_seconds,
            self.memory + other.memory,
            self.disk + other.disk,
        )


def usage_of(pid: int) -> Usage:
    """Returns CPU and memory of a process and its descendants; 0 if it has ended."""
    table = dict(_processes())
    family, added = {pid}, True
    while added:
        children = {child for child, fields in table.items() if int(fields[_PARENT]) in family}
        added = not children <= family
        family |= children
    known = [table[member] for member in family if member in table]
    ticks = sum(int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME]) for fields in known)
    resident = sum(int(fields[_RESIDENT]) for fields in known)
    return Usage(ticks / _TICKS, resident * _PAGE)


def disk_of(directory: Path) -> Usage:
    """Returns the bytes of the files below a directory."""
    total = 0
    for folder, _, files in os.walk(directory):
        for name in files:
            try:
                total += (Path(folder) / name).lstat().st_size
            except OSError:
                continue  # the file was removed meanwhile
    return Usage(disk=total)


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Yields each process with the fields of its stat file after the name."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue  # the process has ended meanwhile
            yield int(entry.name), stat.rpartition(")")[2].split()
