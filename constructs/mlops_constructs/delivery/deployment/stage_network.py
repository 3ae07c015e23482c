"""Networks of stages in other accounts: by ids, or by parameters that contain the ids."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct, IConstruct

from mlops_constructs._environment import environment_of
from mlops_constructs._problems import Problems
from mlops_constructs.access import Permission
from mlops_constructs.network import Network, NetworkBase

_PARAMETER_NAME = re.compile(r"(?!.{1012})(?:/[A-Za-z0-9_.-]+)+")


@dataclass(frozen=True, kw_only=True)
class StageNetwork:
    """Defines the existing network of a stage in another account, by its ids.

    Args:
        vpc_id: id of the VPC.
        subnet_ids: ids of private subnets, each in another zone.
        security_group_ids: ids of the security groups of the models.

    Raises:
        ValueError: if there is no subnet or no security group.
    """

    vpc_id: str
    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]

    def __post_init__(self) -> None:
        problems = Problems("StageNetwork")
        for name in ("subnet_ids", "security_group_ids"):
            given = tuple(getattr(self, name))
            # A stage is a key of mappings, so it must be hashable.
            object.__setattr__(self, name, given)
            if not given:
                problems.add(f"{name}: got none; give at least one id")
        problems.extend(self._problems())
        problems.raise_if_any()

    @staticmethod
    def from_parameters(
        *, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
    ) -> "StageNetwork":
        """Returns a network whose ids are parameters of Systems Manager in the stage's account.

        CloudFormation reads the parameters whenever it deploys the stage, so the account of the
        project does not need to know the ids.

        Args:
            subnet_ids: names of the parameters with the ids of private subnets.
            security_group_ids: names of the parameters with the ids of the security groups.

        Raises:
            ValueError: if there is no subnet or no security group, or a name is not absolute.

        Example:
            ```python
            StageNetwork.from_parameters(
                subnet_ids=["/network/subnet-id-1", "/network/subnet-id-2"],
                security_group_ids=["/network/security-group-id"],
            )
            ```
        """
        return _PublishedStageNetwork(
            # No resource of a stage names its VPC.
            vpc_id=cdk.Aws.NO_VALUE,
            subnet_ids=subnet_ids,
            security_group_ids=security_group_ids,
        )

    @property
    def parameter_names(self) -> Sequence[str]:
        """Names of the parameters that the templates of the stage read; () with ids."""
        return ()

    def variables(self) -> dict[str, str]:
        """Returns the environment variables of the synthesis, without the prefix of the stage."""
        return {
            "VPC_ID": self.vpc_id,
            "SUBNET_IDS": ",".join(self.subnet_ids),
            "SECURITY_GROUP_IDS": ",".join(self.security_group_ids),
        }

    def network_in(self, scope: Construct) -> NetworkBase:
        """Returns the network in a stack of the stage's account and region.

        Args:
            scope: a construct of the stack.
        """
        value = self._value_in(scope)
        return Network.from_ids(
            scope,
            "Network",
            vpc_id=self.vpc_id,
            subnet_ids=[value(one) for one in self.subnet_ids],
            security_group_ids=[value(one) for one in self.security_group_ids],
        )

    def reading_permissions(self, scope: IConstruct) -> list[Permission]:
        """Returns the permission to read the parameters, and none other; [] with ids.

        Args:
            scope: a construct in the account and region of the stage.
        """
        if not self.parameter_names:
            return []
        stack = environment_of(scope)
        arns = [
            stack.arn(service="ssm", resource="parameter", name=name.removeprefix("/"))
            for name in self.parameter_names
        ]
        return [Permission(actions=["ssm:GetParameters"], resources=arns)]

    def _value_in(self, scope: Construct) -> Callable[[str], str]:
        return str

    def _problems(self) -> list[str]:
        return []


@dataclass(frozen=True, kw_only=True)
class _PublishedStageNetwork(StageNetwork):
    """A network whose ids are names of parameters."""

    @property
    def parameter_names(self) -> Sequence[str]:
        return (*self.subnet_ids, *self.security_group_ids)

    def variables(self) -> dict[str, str]:
        return {
            "SUBNET_ID_PARAMETERS": ",".join(self.subnet_ids),
            "SECURITY_GROUP_ID_PARAMETERS": ",".join(self.security_group_ids),
        }

    def _value_in(self, scope: Construct) -> Callable[[str], str]:
        return lambda name: ssm.StringParameter.value_for_string_parameter(scope, name)

    def _problems(self) -> list[str]:
        return [
            f"got the parameter {name!r}; allowed are absolute names such as /network/subnet-id"
            for name in self.parameter_names
            if not _PARAMETER_NAME.fullmatch(name)
        ]
