"""The content of a model: its containers, and what SageMaker has to read for them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk.aws_sagemaker import CfnModel
from constructs import Construct

from mlops_constructs._problems import is_known
from mlops_constructs.access import Permission

_LARGEST_ENVIRONMENT_BYTES = 32 * 1024
_LARGEST_VARIABLE_BYTES = 1024


@dataclass(frozen=True, kw_only=True)
class ModelTraits:
    """What decides where a model can be served.

    Attributes:
        multi_model: its container loads archives below a prefix as they are asked for.
        containers: how many it has.
        data_source: its data is no single archive (`ModelDataSource` of the API).
    """

    multi_model: bool = False
    containers: int = 1
    data_source: bool = False


class ModelContent(ABC):
    """One or more containers of a model."""

    # Whether `create_role` can tell at synth what the role must read.
    knows_its_permissions = True
    # How several containers are called; None for a single one.
    execution_mode: str | None = None

    @property
    def traits(self) -> ModelTraits:
        """Where it can be served."""
        return ModelTraits()

    @abstractmethod
    def problems(self) -> list[str]:
        """What AWS would refuse."""

    @abstractmethod
    def environments(self) -> list[Mapping[str, str]]:
        """The variables of each container."""

    @abstractmethod
    def containers(self) -> list[CfnModel.ContainerDefinitionProperty]:
        """Its containers."""

    @abstractmethod
    def create_role(self, scope: Construct, construct_id: str) -> iam.IRole:
        """The least role that can host this."""

    @abstractmethod
    def permissions(self) -> Sequence[Permission]:
        """What a role must be allowed beside hosting, to read this."""


def environment_problems(environments: Sequence[Mapping[str, str]]) -> list[str]:
    """What AWS would refuse in the variables of all containers of a model."""
    known = [
        (name, value)
        for environment in environments
        for name, value in environment.items()
        if is_known(value)
    ]
    found = [
        f"environment {name}: got {len(value.encode())} bytes; allowed are at most "
        f"{_LARGEST_VARIABLE_BYTES} for a value"
        for name, value in known
        if len(value.encode()) > _LARGEST_VARIABLE_BYTES
    ]
    total = sum(len(name.encode()) + len(value.encode()) for name, value in known)
    if total > _LARGEST_ENVIRONMENT_BYTES:
        found.append(
            f"environment: got {total} bytes together; allowed are at most "
            f"{_LARGEST_ENVIRONMENT_BYTES}"
        )
    return found
