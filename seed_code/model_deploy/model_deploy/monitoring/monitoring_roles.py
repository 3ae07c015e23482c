"""Roles and queue of the monitors, which the project defines for each account."""

from collections.abc import Mapping
from dataclasses import dataclass

_VARIABLES = {
    "role_arn": "MONITORING_ROLE_ARN",
    "starter_role_arn": "MONITORING_STARTER_ROLE_ARN",
    "queue_arn": "MONITORING_QUEUE_ARN",
}
_FREQUENCY = "MONITORING_FREQUENCY"


@dataclass(frozen=True, kw_only=True)
class MonitoringRoles:
    """Roles and queue of the monitors of a stage, and the project's default schedule.

    Args:
        role_arn: ARN of the role of the runs.
        starter_role_arn: ARN of the role with which EventBridge Scheduler starts them.
        queue_arn: ARN of the queue of runs that could not be started.
        frequency: schedule of monitors whose settings have none. Defaults to `daily`.
    """

    role_arn: str
    starter_role_arn: str
    queue_arn: str
    frequency: str = "daily"

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], prefix: str = ""
    ) -> "MonitoringRoles | None":
        """Reads the roles; None for a project of a platform that defines none.

        Args:
            environment: environment variables.
            prefix: prefix of the variables. Defaults to "": those of the project's account.

        Raises:
            ValueError: some of the variables are set and others are not.
        """
        names = {key: f"{prefix}{name}" for key, name in _VARIABLES.items()}
        given = {key: environment.get(name, "") for key, name in names.items()}
        missing = [names[key] for key, value in given.items() if not value]
        if len(missing) == len(names):
            return None
        if missing:
            raise ValueError(
                f"environment: got no {', '.join(missing)}; set {', '.join(names.values())} "
                "together, or none of them"
            )
        return cls(**given, frequency=environment.get(_FREQUENCY) or "daily")
