"""Idle shutdown of applications."""

from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk

MIN_MINUTES, MAX_MINUTES = 60, 525_600
"""One hour to one year: IdleSettings in SageMaker's API reference."""


@dataclass(frozen=True, kw_only=True)
class IdleShutdown:
    """The deletion of idle applications; use its static factories.

    An idle application is billed like a busy one. SageMaker treats an application without running
    cells, terminals or user activity as idle. The application reports its activity: SageMaker's
    images do; a `CustomImage` of JupyterLab must contain the package
    `jupyter-activity-monitor-extension`.

    Source: "Idle shutdown" in SageMaker's developer guide, IdleSettings in its API reference.
    """

    timeout: cdk.Duration | None = None
    min_timeout: cdk.Duration | None = None
    max_timeout: cdk.Duration | None = None

    @staticmethod
    def after(
        timeout: cdk.Duration,
        *,
        min_timeout: cdk.Duration | None = None,
        max_timeout: cdk.Duration | None = None,
    ) -> "IdleShutdown":
        """Returns a shutdown of applications that have been idle for some time.

        Args:
            timeout: idle time, 60 minutes to 365 days.
            min_timeout: minimum that a user can choose for a space. Defaults to None: `timeout`, so
                that no application is deleted earlier than the domain defines.
            max_timeout: maximum that a user can choose. Defaults to None: `timeout`, so that no
                idle application runs longer.

        Example:
            ```python
            IdleShutdown.after(cdk.Duration.hours(2), max_timeout=cdk.Duration.hours(12))
            ```
        """
        return IdleShutdown(
            timeout=timeout, min_timeout=min_timeout or timeout, max_timeout=max_timeout or timeout
        )

    @staticmethod
    def never() -> "IdleShutdown":
        """Returns no shutdown: applications run, and are billed, until a user stops them.

        Example:
            ```python
            IdleShutdown.never()
            ```
        """
        return IdleShutdown()

    def problems(self) -> list[str]:
        """Validates the times; returns one message per problem."""
        if self.timeout is None or self.min_timeout is None or self.max_timeout is None:
            return []
        found = []
        given = {
            "min_timeout": self.min_timeout,
            "timeout": self.timeout,
            "max_timeout": self.max_timeout,
        }
        minutes = {name: _minutes(duration) for name, duration in given.items()}
        for name, value in minutes.items():
            if value is not None and not MIN_MINUTES <= value <= MAX_MINUTES:
                found.append(
                    f"idle_shutdown {name}: got {value:g} minutes; allowed are {MIN_MINUTES} to "
                    f"{MAX_MINUTES}"
                )
            if value is not None and value != int(value):
                found.append(f"idle_shutdown {name}: got {value:g} minutes; give whole minutes")
        low, middle, high = minutes["min_timeout"], minutes["timeout"], minutes["max_timeout"]
        if low is None or middle is None or high is None:
            return found
        if not low <= middle <= high:
            found.append(
                f"idle shutdown: got min_timeout {low:g}, timeout {middle:g} and max_timeout "
                f"{high:g} minutes; allowed is min_timeout <= timeout <= max_timeout"
            )
        return found

    def render(self, l1: Any) -> Any:
        """Returns the AppLifecycleManagement of an application.

        Args:
            l1: level-1 class, CfnDomain.
        """
        if self.timeout is None or self.min_timeout is None or self.max_timeout is None:
            settings = l1.IdleSettingsProperty(lifecycle_management="DISABLED")
        else:
            settings = l1.IdleSettingsProperty(
                lifecycle_management="ENABLED",
                idle_timeout_in_minutes=self.timeout.to_minutes(),
                min_idle_timeout_in_minutes=self.min_timeout.to_minutes(),
                max_idle_timeout_in_minutes=self.max_timeout.to_minutes(),
            )
        return l1.AppLifecycleManagementProperty(idle_settings=settings)


def _minutes(duration: cdk.Duration) -> float | None:
    if duration.is_unresolved():
        return None
    minutes: float = duration.to_minutes(integral=False)
    return minutes
