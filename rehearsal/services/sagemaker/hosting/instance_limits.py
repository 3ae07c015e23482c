"""The limits of containers by instance type, from the capacity that AWS publishes.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-types.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.containers.limits import DEFAULT_LIMITS, GIBIBYTE, MEBIBYTE, Exceeded, Limits
from rehearsal.services.sagemaker.hosting.instance_capacity import instance_size

_SERVERLESS_DISK = 5 * GIBIBYTE
_OUT_OF_MEMORY = (
    "ClientError: Please use an instance type with more memory, or reduce the size of job data "
    "processed on an instance."
)
_BURSTABLE = {"medium": (2, 4), "large": (2, 8), "xlarge": (4, 16), "2xlarge": (8, 32)}
_G = {"xlarge": (4, 16), "2xlarge": (8, 32), "4xlarge": (16, 64), "8xlarge": (32, 128)}
_G |= {"12xlarge": (48, 192), "16xlarge": (64, 256), "24xlarge": (96, 384), "48xlarge": (192, 768)}
_FAMILIES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "t2": _BURSTABLE,
    "t3": _BURSTABLE,
    "c4": {
        "large": (2, 3.75),
        "xlarge": (4, 7.5),
        "2xlarge": (8, 15),
        "4xlarge": (16, 30),
        "8xlarge": (36, 60),
    },
    "p2": {"xlarge": (4, 61), "8xlarge": (32, 488), "16xlarge": (64, 732)},
    "p3": {"2xlarge": (8, 61), "8xlarge": (32, 244), "16xlarge": (64, 488)},
    "p3dn": {"24xlarge": (96, 768)},
    "p4d": {"24xlarge": (96, 1152)},
    "p4de": {"24xlarge": (96, 1152)},
    "p5": {"48xlarge": (192, 2048)},
    "g4dn": _G,
    "g5": _G,
    "g6": _G,
    "inf1": {"xlarge": (4, 8), "2xlarge": (8, 16), "6xlarge": (24, 48), "24xlarge": (96, 192)},
    "inf2": {
        "xlarge": (4, 16),
        "8xlarge": (32, 128),
        "24xlarge": (96, 384),
        "48xlarge": (192, 768),
    },
    "trn1": {"2xlarge": (8, 32), "32xlarge": (128, 512)},
}
"""vCPUs and GiB of the types whose capacity does not follow from their names."""


def instance_limits(instance_type: str | None, volume_gigabytes: float | None = None) -> Limits:
    """Returns the limits of a container that is alone on an instance.

    Args:
        instance_type: as `ml.m5.large`; an unknown one has the limits of this machine.
        volume_gigabytes: the size of the volume. Defaults to None: the free space of this machine.
    """
    disk = None if volume_gigabytes is None else int(volume_gigabytes * GIBIBYTE)
    _, family, size = [*(instance_type or "").split("."), "", "", ""][:3]
    listed = _FAMILIES.get(family, {}).get(size)
    if listed is not None:
        return Limits(memory=int(listed[1] * GIBIBYTE), cpus=listed[0], disk=disk)
    known = instance_size(instance_type or "")
    if known is not None:
        return Limits(memory=known.memory * MEBIBYTE, cpus=known.cpus, disk=disk)
    return Limits(memory=DEFAULT_LIMITS.memory, disk=disk)


def resource_limits(resources: Mapping[str, Any]) -> Limits:
    """Returns the limits of ResourceConfig, ClusterConfig or TransformResources."""
    groups = resources.get("InstanceGroups") or [resources]
    return instance_limits(groups[0].get("InstanceType"), resources.get("VolumeSizeInGB"))


def variant_limits(variant: Mapping[str, Any]) -> Limits:
    """Returns the limits of a production variant."""
    serverless = variant.get("ServerlessConfig")
    if serverless is not None:
        memory = serverless["MemorySizeInMB"] * MEBIBYTE
        return Limits(memory=memory, cpus=max(1, memory // (2 * GIBIBYTE)), disk=_SERVERLESS_DISK)
    return instance_limits(variant.get("InstanceType"), variant.get("VolumeSizeInGB"))


def component_limits(requirements: Mapping[str, Any], instance_type: str | None) -> Limits:
    """Returns the limits of a copy of an inference component on its instance."""
    limits = instance_limits(instance_type)
    most = requirements.get("MaxMemoryRequiredInMb")
    if most is None:
        return limits
    return Limits(memory=most * MEBIBYTE, cpus=limits.cpus, disk=limits.disk)


def limit_reason(limits: Limits, exceeded: Exceeded, code: int) -> str:
    """Returns the FailureReason of a job that a limit ended."""
    said = f"Killed, {limits.message(exceeded)}, exit code: {code}"
    if exceeded is Exceeded.MEMORY:
        return f"{_OUT_OF_MEMORY} {said}"
    return f"{'ClientError' if exceeded is Exceeded.DISK else 'AlgorithmError'}: {said}"
