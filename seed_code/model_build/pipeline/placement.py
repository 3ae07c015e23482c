"""Instances of the jobs, and their network: that of the project, or that of `config.yaml`."""

from dataclasses import dataclass
from typing import Any

from mlops_jobs.failure import InputError

from pipeline.configuration import Configuration
from pipeline.project import Project


@dataclass(frozen=True, kw_only=True)
class Instances:
    """The instances of a processing job.

    Args:
        count: number of instances. Defaults to 1.
        volume: disk of each instance, in GB. Defaults to 30.
        hours: time after which SageMaker stops the job. Defaults to 1.
    """

    count: int = 1
    volume: int = 30
    hours: int = 1


ONE_INSTANCE = Instances()


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Subnets and security groups of the jobs.

    Args:
        subnets: subnet ids. Defaults to none: the jobs run outside a VPC.
        security_groups: security group ids. Defaults to none.
    """

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, configuration: Configuration, project: Project) -> "Placement":
        """Returns the placement of `config.yaml`, completed with that of the project.

        Args:
            configuration: content of `config.yaml`.
            project: resources of the project.

        Returns:
            The placement of all jobs.

        Raises:
            InputError: either subnets or security groups are missing.
        """
        chosen = configuration.network
        subnets = chosen.subnets or project.subnet_ids
        groups = chosen.security_groups or project.security_group_ids
        if bool(subnets) != bool(groups):
            raise InputError(
                f"network: got subnets {list(subnets)} and security groups {list(groups)}; set "
                "both in config.yaml, or neither to use the network of the project"
            )
        return cls(subnets=subnets, security_groups=groups)

    @property
    def vpc_config(self) -> dict[str, Any] | None:
        """`VpcConfig` of SageMaker's API; None outside a VPC."""
        if not self.subnets:
            return None
        return {"Subnets": list(self.subnets), "SecurityGroupIds": list(self.security_groups)}
