"""When an application that nobody uses is ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk

SHORTEST_MINUTES, LONGEST_MINUTES = 60, 525_600
"""One hour to one year: IdleSettings in SageMaker's API reference."""


@dataclass(frozen=True, kw_only=True)
class IdleShutdown:
    """Ends applications that have been idle, which cost as much as busy ones.

    SageMaker counts as idle an application without running cells, terminals or user activity. The
    application says so itself: SageMaker's images do, a `CustomImage` of JupyterLab has to hold the
    package `jupyter-activity-monitor-extension`.

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
    ) -> IdleShutdown:
        """Ends an application that has been idle for a time.

        Args:
            timeout: the time, 60 minutes to 365 days.
            min_timeout: the least that a person may choose for a space. Left out: `timeout`, so
                nobody loses work sooner than the domain promises.
            max_timeout: the most that a person may choose. Left out: `timeout`, so nobody can keep
                an idle application longer.

        Example:
            ```python
            IdleShutdown.after(cdk.Duration.hours(2), max_timeout=cdk.Duration.hours(12))
            ```
        """
        return IdleShutdown(
            timeout=timeout, min_timeout=min_timeout or timeout, max_timeout=max_timeout or timeout
        )

    @staticmethod
    def never() -> IdleShutdown:
        """Applications run, and cost, until somebody ends them.

        Example:
            ```python
            IdleShutdown.never()
            ```
        """
        return IdleShutdown()

    def problems(self) -> list[str]:
        """What AWS would refuse."""
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
            if value is not None and not SHORTEST_MINUTES <= value <= LONGEST_MINUTES:
                found.append(
                    f"idle shutdown {name}: got {value:g} minutes; allowed are {SHORTEST_MINUTES} "
                    f"to {LONGEST_MINUTES}"
                )
            if value is not None and value != int(value):
                found.append(f"idle shutdown {name}: got {value:g} minutes; give whole minutes")
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
        """The AppLifecycleManagement of an application; `l1` is CfnDomain."""
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
