"""Where the jobs run: in the network of the project, or of `config.yaml`."""

from dataclasses import dataclass
from typing import Any

from pipeline.configuration import Configuration
from pipeline.project import Project
from tabular.failure import InputError


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Subnets and security groups of the jobs; none outside of a VPC.

    Args:
        subnets: their ids.
        security_groups: theirs.
    """

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, configuration: Configuration, project: Project) -> "Placement":
        """What `config.yaml` names, and what it leaves empty from the project.

        Raises:
            InputError: for subnets without security groups, or the other way round.
        """
        chosen = configuration.network
        subnets = chosen.subnets or project.subnet_ids
        groups = chosen.security_groups or project.security_group_ids
        if bool(subnets) != bool(groups):
            raise InputError(
                f"network: got subnets {list(subnets)} and security groups {list(groups)}; give "
                "both in config.yaml, or neither: the project says where jobs run"
            )
        return cls(subnets=subnets, security_groups=groups)

    @property
    def vpc_config(self) -> dict[str, Any] | None:
        """VpcConfig of SageMaker's API; None outside of a VPC."""
        if not self.subnets:
            return None
        return {"Subnets": list(self.subnets), "SecurityGroupIds": list(self.security_groups)}
