"""Content of a model: its containers, and the permissions to read their data."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk.aws_sagemaker import CfnModel
from constructs import Construct

from mlops_constructs._problems import is_known
from mlops_constructs.access import Permission

_MAX_ENVIRONMENT_BYTES = 32 * 1024
_MAX_VARIABLE_BYTES = 1024


@dataclass(frozen=True, kw_only=True)
class ModelTraits:
    """Traits of a model that decide where it can be served.

    Attributes:
        multi_model: True if its container loads archives below a prefix on request.
        containers: number of containers.
        data_source: True if its data is not a single archive (`ModelDataSource` of the API).
    """

    multi_model: bool = False
    containers: int = 1
    data_source: bool = False


class ModelContent(ABC):
    """One or more containers of a model.

    Attributes:
        knows_its_permissions: True if `create_role` knows at synthesis which data the role must
            read.
        execution_mode: execution mode of several containers; None for a single one.
    """

    knows_its_permissions = True
    execution_mode: str | None = None

    @property
    def traits(self) -> ModelTraits:
        """Traits that decide where the model can be served."""
        return ModelTraits()

    @abstractmethod
    def problems(self) -> list[str]:
        """Validates the content; returns one message per problem."""

    @abstractmethod
    def environments(self) -> list[Mapping[str, str]]:
        """Returns the environment variables of each container."""

    @abstractmethod
    def containers(self) -> list[CfnModel.ContainerDefinitionProperty]:
        """Returns the container definitions."""

    @abstractmethod
    def create_role(self, scope: Construct, construct_id: str) -> iam.IRole:
        """Creates the least-privilege role that can host the content."""

    @abstractmethod
    def permissions(self) -> Sequence[Permission]:
        """Returns the permissions to read the content, beside those for hosting."""


def environment_problems(environments: Sequence[Mapping[str, str]]) -> list[str]:
    """Validates the variables of all containers; returns one message per problem."""
    known = [
        (name, value)
        for environment in environments
        for name, value in environment.items()
        if is_known(value)
    ]
    found = [
        f"environment {name}: got {len(value.encode())} bytes; allowed are at most "
        f"{_MAX_VARIABLE_BYTES} for a value"
        for name, value in known
        if len(value.encode()) > _MAX_VARIABLE_BYTES
    ]
    total = sum(len(name.encode()) + len(value.encode()) for name, value in known)
    if total > _MAX_ENVIRONMENT_BYTES:
        found.append(
            f"environment: got {total} bytes together; allowed are at most {_MAX_ENVIRONMENT_BYTES}"
        )
    return found
