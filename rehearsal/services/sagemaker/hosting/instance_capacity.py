"""The capacity of instances, and the copies of inference components that fit on them.

The vCPUs and memory of the general purpose, compute and memory optimised families follow from
their names ("Amazon EC2 instance types"). The capacity of others (accelerators) is unknown,
so that every copy fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_INSTANCE_TYPE = re.compile(r"ml\.(?P<family>[cmr])\d\w*\.(?P<times>\d*)(?P<size>x?large|medium)")
_MEBIBYTES_PER_CPU = {"c": 2048, "m": 4096, "r": 8192}
_CPUS = {"medium": 1, "large": 2, "xlarge": 4}


@dataclass(frozen=True)
class Size:
    """The CPU cores and memory (MiB) of an instance or of a copy."""

    cpus: float
    memory: int

    def minus(self, other: Size) -> Size:
        return Size(self.cpus - other.cpus, self.memory - other.memory)

    def holds(self, other: Size) -> bool:
        return other.cpus <= self.cpus and other.memory <= self.memory


def instance_size(instance_type: str) -> Size | None:
    """Returns the size of an instance type such as `ml.m5.xlarge`; None if it is unknown."""
    match = _INSTANCE_TYPE.fullmatch(instance_type)
    if match is None:
        return None
    cpus = _CPUS[match["size"]] * int(match["times"] or 1)
    return Size(cpus, cpus * _MEBIBYTES_PER_CPU[match["family"]])


def copy_size(requirements: Mapping[str, Any]) -> Size:
    """Returns the size of a copy from ComputeResourceRequirements."""
    return Size(
        float(requirements.get("NumberOfCpuCoresRequired", 0.0)),
        int(requirements["MinMemoryRequiredInMb"]),
    )


def instances_needed(instance: Size, copies: Iterable[Size]) -> int | None:
    """Returns the instances that all copies need, the largest first; None if one fits nowhere."""
    free: list[Size] = []
    for copy in sorted(copies, key=lambda size: (size.memory, size.cpus), reverse=True):
        place = next((number for number, left in enumerate(free) if left.holds(copy)), None)
        if place is not None:
            free[place] = free[place].minus(copy)
        elif instance.holds(copy):
            free.append(instance.minus(copy))
        else:
            return None
    return len(free)
