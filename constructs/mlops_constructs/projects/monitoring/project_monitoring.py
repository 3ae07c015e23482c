"""Monitoring of a project: defaults of its stages, and limits of retraining."""

from dataclasses import dataclass, field
from typing import ClassVar

from mlops_constructs._problems import Problems, is_known, outside

_MAX_DAYS, _MAX_RUNS = 365, 100


@dataclass(frozen=True, kw_only=True)
class RetrainingLimits:
    """Limits of the trainings that alarms of a project start.

    The settings of a stage (`monitor.retrain` in model-deploy) can tighten them, and never loosen.

    Args:
        cooldown_days: days, 0 to 365, after the start of a training that succeeded, whatever
            started it, in which an alarm starts no other one. Defaults to 7.
        max_runs_per_month: maximum number of trainings, 1 to 100, that alarms start within 30 days;
            failed ones count. Defaults to 4.

    Raises:
        ValueError: if a limit is out of range.

    Example:
        ```python
        RetrainingLimits(cooldown_days=14, max_runs_per_month=2)
        ```
    """

    cooldown_days: int = 7
    max_runs_per_month: int = 4

    def __post_init__(self) -> None:
        problems = Problems("RetrainingLimits")
        if outside(self.cooldown_days, 0, _MAX_DAYS):
            problems.add(f"cooldown_days: got {self.cooldown_days}; allowed are 0 to {_MAX_DAYS}")
        if outside(self.max_runs_per_month, 1, _MAX_RUNS):
            problems.add(
                f"max_runs_per_month: got {self.max_runs_per_month}; allowed are 1 to {_MAX_RUNS}"
            )
        problems.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class ProjectMonitoring:
    """Monitoring of a project.

    The settings of each stage in the model-deploy repository define its monitors. This class has
    what the platform sets: the default of their schedule, and whether alarms may start a training.

    Args:
        frequency: schedule of monitors whose settings have none, `hourly` or `daily`. Defaults to
            `daily`.
        retraining: limits of retraining. None: alarms only send notifications. Defaults to
            `RetrainingLimits()`.

    Raises:
        ValueError: if the frequency does not exist.

    Example:
        ```python
        ProjectMonitoring(frequency="hourly", retraining=RetrainingLimits(cooldown_days=1))
        ```
    """

    FREQUENCIES: ClassVar[tuple[str, ...]] = ("hourly", "daily")
    """The schedules."""

    frequency: str = "daily"
    retraining: RetrainingLimits | None = field(default_factory=RetrainingLimits)

    def __post_init__(self) -> None:
        if is_known(self.frequency) and self.frequency not in self.FREQUENCIES:
            raise ValueError(
                f"ProjectMonitoring: frequency: got {self.frequency!r}; allowed are "
                f"{', '.join(self.FREQUENCIES)}"
            )
