"""The limits of a container, and what exceeded them."""

import enum
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEBIBYTE, GIBIBYTE = 1 << 20, 1 << 30
MAX_PROCESSES = 2048
"""Processes and threads of a container. AWS publishes no number; a fork bomb ends at this one."""
_SHARE = 0.9
"""The part of the machine's memory and free disk that one container may use."""
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


class Exceeded(enum.Enum):
    """The limit that ended a container."""

    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"


@dataclass(frozen=True)
class Limits:
    """CPUs, memory and disk in bytes, and processes.

    `cpus` None is all CPUs of the machine, `disk` None the free space.
    """

    memory: int
    cpus: float | None = None
    disk: int | None = None
    processes: int = MAX_PROCESSES

    def of_this_machine(self, directory: Path) -> "Limits":
        """Returns the limits, capped to what this machine has.

        Args:
            directory: a folder of the disk that the container writes.
        """
        free = int(shutil.disk_usage(directory).free * _SHARE)
        return Limits(
            memory=min(self.memory, int(machine_memory() * _SHARE)),
            cpus=self.cpus,
            disk=min(self.disk or free, free),
            processes=self.processes,
        )

    def to_json(self) -> dict[str, Any]:
        """Returns the limits as process 1 of the container reads them."""
        return {
            "memory": self.memory,
            "cpus": self.cpus,
            "disk": self.disk,
            "processes": self.processes,
            "seed": int.from_bytes(os.urandom(2), "big"),
        }

    def __str__(self) -> str:
        cpus = f"{self.cpus:g} vCPUs" if self.cpus else "all CPUs"
        disk = f"{self.disk / GIBIBYTE:.1f} GiB disk" if self.disk else "the free disk"
        return (
            f"{cpus}, {self.memory / GIBIBYTE:.1f} GiB memory, {disk}, {self.processes} processes"
        )

    def message(self, exceeded: Exceeded) -> str:
        """Returns the reason of a failure in words."""
        match exceeded:
            case Exceeded.MEMORY:
                return f"out of memory: more than {self.memory / GIBIBYTE:.1f} GiB were used"
            case Exceeded.PROCESSES:
                return f"too many processes: {self.processes} were running"
        return f"No space left on device: more than {(self.disk or 0) / GIBIBYTE:.1f} GiB were used"


def machine_memory() -> int:
    """Returns the bytes of memory of this machine, or of the rehearsal's own container."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _CGROUP_LIMITS:
        try:
            given = path.read_text().strip()
        except OSError:
            continue
        if given.isdigit():
            total = min(total, int(given))
    return total


DEFAULT_LIMITS = Limits(memory=1 << 60)
"""The limits of a container without an instance type: those of the machine."""
