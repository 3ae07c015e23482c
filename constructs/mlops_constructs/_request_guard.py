"""Denied requests of a role that starts jobs with one fixed request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .access import Permission
from .access._job_guard import (
    outside_of,
    unencrypted_outputs,
    unencrypted_traffic,
    unencrypted_volumes,
)

_NETWORK = "NetworkConfig.VpcConfig"
_TRAFFIC = "NetworkConfig.EnableInterContainerTrafficEncryption"
_VOLUMES = (
    "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
    "TransformResources.VolumeKmsKeyId",
)
_OUTPUTS = ("ProcessingOutputConfig.KmsKeyId", "TransformOutput.KmsKeyId")


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """Network of a request."""

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]


def guard_of(action: str, request: Mapping[str, Any]) -> list[Permission]:
    """Denies requests outside of the network of a request, or with weaker encryption.

    Settings that the request does not have are not restricted: the request itself must be allowed.

    Args:
        action: IAM action of the request, such as `sagemaker:CreateProcessingJob`.
        request: members of the request.
    """
    actions = [action]
    denied: list[Permission] = []
    network = _member(request, _NETWORK)
    if network is not None:
        placed = _Placed(
            subnet_ids=network["Subnets"], security_group_ids=network["SecurityGroupIds"]
        )
        denied += outside_of(placed, actions)
    if _member(request, _TRAFFIC):
        denied += unencrypted_traffic(actions)
    for paths, guard in ((_VOLUMES, unencrypted_volumes), (_OUTPUTS, unencrypted_outputs)):
        keys = [key for path in paths if (key := _member(request, path)) is not None]
        if keys:
            denied += guard(keys, actions)
    return denied


def _member(request: Mapping[str, Any], path: str) -> Any:
    value: Any = request
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
