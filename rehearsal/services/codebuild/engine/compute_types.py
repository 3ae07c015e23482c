"""The limits of builds by compute type.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.containers.limits import GIBIBYTE, Limits

_SMALL = (2, 4, 64)
# vCPUs, GiB of memory and GB of disk of Linux x86 containers.
_TYPES = {
    "BUILD_GENERAL1_SMALL": _SMALL,
    "BUILD_GENERAL1_MEDIUM": (4, 8, 128),
    "BUILD_GENERAL1_LARGE": (8, 16, 128),
    "BUILD_GENERAL1_XLARGE": (36, 72, 256),
    "BUILD_GENERAL1_2XLARGE": (72, 144, 824),
    **{f"BUILD_LAMBDA_{size}GB": (2, size, 10) for size in (1, 2, 4, 8, 10)},
}


def compute_limits(environment: Mapping[str, Any]) -> Limits:
    """Returns the limits of a build.

    Args:
        environment: the environment of its project; another compute type than those of the table
            has the limits of BUILD_GENERAL1_SMALL.
    """
    cpus, memory, disk = _TYPES.get(environment.get("computeType", ""), _SMALL)
    return Limits(memory=memory * GIBIBYTE, cpus=cpus, disk=disk * GIBIBYTE)
