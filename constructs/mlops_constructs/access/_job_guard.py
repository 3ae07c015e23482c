"""Denied jobs and models: outside of the network, or not encrypted.

Each function accepts the actions that a role is allowed, and returns the statements that deny
requests of them: none for actions without such a condition key. The guard of a role thus follows
from the actions that it starts.

Source: "Control training job configurations for VPC" in the Developer Guide; the condition keys of
SageMaker in the service authorization reference.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from aws_cdk import aws_kms as kms

from mlops_constructs._attributes import key_arn
from mlops_constructs._instance_type import LOCAL_STORAGE_PATTERNS

from .permission import Permission

_JOBS = (
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
)
_PLACED = (*_JOBS, "sagemaker:CreateModel")
_WITH_OUTPUT = (*_JOBS, "sagemaker:CreateTransformJob")
_WITH_VOLUMES = (*_WITH_OUTPUT, "sagemaker:CreateEndpointConfig")
_NOTEBOOK = "sagemaker:CreateNotebookInstance"
STARTING = (*_WITH_VOLUMES, "sagemaker:CreateModel", _NOTEBOOK)
"""Every action with condition keys for network or encryption."""

_TRAFFIC, _VOLUME, _OUTPUT = (
    f"sagemaker:{name}"
    for name in ("InterContainerTrafficEncryption", "VolumeKmsKey", "OutputKmsKey")
)
_INSTANCES = "sagemaker:InstanceTypes"


class JobNetwork(Protocol):
    """Network of jobs and models; `network.Network` implements it."""

    @property
    def subnet_ids(self) -> Sequence[str]:
        """Ids of the subnets."""
        ...

    @property
    def security_group_ids(self) -> Sequence[str]:
        """Ids of the security groups."""
        ...


def outside_of(network: JobNetwork, actions: Sequence[str] = STARTING) -> list[Permission]:
    """Denies jobs and models outside of a VPC, and notebooks with internet access."""
    allowed = {
        "sagemaker:VpcSubnets": list(network.subnet_ids),
        "sagemaker:VpcSecurityGroupIds": list(network.security_group_ids),
    }
    placed = _among(actions, _PLACED)
    return [
        *(_deny(placed, {"Null": {key: "true"}}) for key in allowed if placed),
        *(
            _deny(placed, {"ForAnyValue:StringNotEquals": {key: ids}})
            for key, ids in allowed.items()
            if placed
        ),
        # Notebook instances have internet access by default, and no use in a project.
        *(
            _deny([action], {"StringNotEquals": {"sagemaker:DirectInternetAccess": "Disabled"}})
            for action in _among(actions, (_NOTEBOOK,))
        ),
    ]


def unencrypted_traffic(actions: Sequence[str] = STARTING) -> list[Permission]:
    """Denies jobs without encrypted traffic between their instances."""
    jobs = _among(actions, _JOBS)
    return [_deny(jobs, {"BoolIfExists": {_TRAFFIC: "false"}})] if jobs else []


def unencrypted_volumes(
    key_arns: Sequence[str], actions: Sequence[str] = STARTING
) -> list[Permission]:
    """Denies volumes without one of the keys.

    Instance types with local NVMe disks are exempt: their hardware encrypts the disks, and
    SageMaker does not support a key for them. Serverless endpoints, which have no instances, are
    exempt, too.
    """
    volumes, jobs = _among(actions, _WITH_VOLUMES), _among(actions, _WITH_OUTPUT)
    if not volumes:
        return []
    absent: Mapping[str, Mapping[str, object]] = {"Null": {_VOLUME: "true"}}
    on_volumes: Mapping[str, Mapping[str, object]] = {
        "ForAnyValue:StringNotLike": {_INSTANCES: list(LOCAL_STORAGE_PATTERNS)}
    }
    return [
        _deny(volumes, {**absent, **on_volumes}),
        # Every job has instances: a request without their type is not exempt.
        *([_deny(jobs, {"Null": {_VOLUME: "true", _INSTANCES: "true"}})] if jobs else []),
        _another_key(volumes, _VOLUME, key_arns),
    ]


def unencrypted_outputs(
    key_arns: Sequence[str], actions: Sequence[str] = STARTING
) -> list[Permission]:
    """Denies jobs whose output is written without one of the keys."""
    jobs = _among(actions, _WITH_OUTPUT)
    if not jobs:
        return []
    return [_deny(jobs, {"Null": {_OUTPUT: "true"}}), _another_key(jobs, _OUTPUT, key_arns)]


def not_encrypted_with(
    keys: Sequence[kms.IKey], actions: Sequence[str] = STARTING
) -> list[Permission]:
    """Denies volumes, and outputs of jobs, without one of the keys."""
    arns = [key_arn(key) for key in keys]
    return [*unencrypted_volumes(arns, actions), *unencrypted_outputs(arns, actions)]


def _another_key(actions: Sequence[str], key: str, key_arns: Sequence[str]) -> Permission:
    return _deny(actions, {"Null": {key: "false"}, "ArnNotEquals": {key: list(key_arns)}})


def _among(actions: Sequence[str], guarded: Sequence[str]) -> list[str]:
    return [action for action in guarded if action in actions]


def _deny(actions: Sequence[str], conditions: Mapping[str, Mapping[str, object]]) -> Permission:
    return Permission(actions=actions, resources=["*"], conditions=conditions, denied=True)
