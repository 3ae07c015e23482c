"""What nobody may start: jobs and models outside of the network, or not encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aws_cdk import aws_kms as kms

from .permission import Permission

_JOBS = (
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
)


class JobNetwork(Protocol):
    """Where jobs and models may run; `network.Network` is one."""

    @property
    def subnet_ids(self) -> Sequence[str]:
        """Ids of the subnets."""
        ...

    @property
    def security_group_ids(self) -> Sequence[str]:
        """Ids of the security groups."""
        ...


def outside_of(network: JobNetwork) -> list[Permission]:
    """Denies jobs and models without a VPC or in another one, and open traffic between instances.

    Source: "Control training job configurations for VPC" and the condition keys of SageMaker in
    the service authorization reference.
    """
    placed = (*_JOBS, "sagemaker:CreateModel")
    elsewhere = {
        "sagemaker:VpcSubnets": list(network.subnet_ids),
        "sagemaker:VpcSecurityGroupIds": list(network.security_group_ids),
    }
    return [
        *(_deny(placed, {"Null": {key: "true"}}) for key in elsewhere),
        *(
            _deny(placed, {"ForAnyValue:StringNotEquals": {key: allowed}})
            for key, allowed in elsewhere.items()
        ),
        _deny(_JOBS, {"Bool": {"sagemaker:InterContainerTrafficEncryption": "false"}}),
        _deny(_JOBS, {"Null": {"sagemaker:InterContainerTrafficEncryption": "true"}}),
        # What has the internet by default, and no use in a project.
        _deny(
            ("sagemaker:CreateNotebookInstance",),
            {"StringNotEquals": {"sagemaker:DirectInternetAccess": "Disabled"}},
        ),
    ]


def not_encrypted_with(keys: Sequence[kms.IKey]) -> list[Permission]:
    """Denies volumes, and outputs of jobs, without one of the keys."""
    arns = [key.key_arn for key in keys]
    volumes = (*_JOBS, "sagemaker:CreateEndpointConfig", "sagemaker:CreateTransformJob")
    outputs = (*_JOBS, "sagemaker:CreateTransformJob")
    denied = []
    for actions, key in ((volumes, "sagemaker:VolumeKmsKey"), (outputs, "sagemaker:OutputKmsKey")):
        denied.append(_deny(actions, {"Null": {key: "true"}}))
        denied.append(_deny(actions, {"ArnNotEquals": {key: arns}}))
    return denied


def _deny(actions: Sequence[str], conditions: dict[str, dict[str, object]]) -> Permission:
    return Permission(actions=actions, resources=["*"], conditions=conditions, denied=True)
