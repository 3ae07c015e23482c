"""Frequency of monitoring runs."""

from dataclasses import dataclass

from mlops_constructs._problems import is_known

_HOURS_OF_A_DAY = 24
_DELAY_MINUTES = 15


@dataclass(frozen=True, kw_only=True)
class MonitoringFrequency:
    """The frequency of runs; use its static factories.

    Each run analyses the time since the previous run. AWS supports hourly and daily schedules and
    intervals of whole hours, all in UTC, and starts a run up to 20 minutes late.

    Source: "Schedule expressions" of SageMaker Model Monitor's developer guide.
    """

    hours: int
    first_hour: int

    @staticmethod
    def hourly() -> "MonitoringFrequency":
        """Runs every hour.

        Example:
            ```python
            MonitoringFrequency.hourly()
            ```
        """
        return MonitoringFrequency(hours=1, first_hour=0)

    @staticmethod
    def daily(*, at_hour: int = 0) -> "MonitoringFrequency":
        """Runs once a day.

        Args:
            at_hour: hour of the day in UTC, 0 to 23. Defaults to 0.

        Example:
            ```python
            MonitoringFrequency.daily(at_hour=3)
            ```
        """
        return MonitoringFrequency(hours=_HOURS_OF_A_DAY, first_hour=at_hour)

    @staticmethod
    def every(*, hours: int, first_hour: int = 0) -> "MonitoringFrequency":
        """Runs several times a day, at the same hours every day.

        Args:
            hours: hours from one run to the next: 1, 2, 3, 4, 6, 8, 12 or 24.
            first_hour: hour of the day in UTC of one of the runs, 0 to 23. Defaults to 0.

        Example:
            ```python
            MonitoringFrequency.every(hours=6, first_hour=1)
            ```
        """
        return MonitoringFrequency(hours=hours, first_hour=first_hour)

    def problems(self) -> list[str]:
        """Validates the frequency; returns one message per problem."""
        found = []
        hours = self.hours
        if is_known(hours) and (hours < 1 or _HOURS_OF_A_DAY % hours):
            found.append(
                f"frequency hours: got {hours}; allowed are 1, 2, 3, 4, 6, 8, 12 and 24, so that "
                "runs start at the same hours every day"
            )
        if is_known(self.first_hour) and not 0 <= self.first_hour < _HOURS_OF_A_DAY:
            found.append(
                f"frequency first hour: got {self.first_hour}; allowed are the hours 0 to 23 in UTC"
            )
        return found

    @property
    def model_monitor_expression(self) -> str:
        """The schedule expression in one of the three forms that MonitoringSchedule supports."""
        if self.hours == 1:
            return "cron(0 * ? * * *)"
        if self.hours == _HOURS_OF_A_DAY:
            return f"cron(0 {self.first_hour} ? * * *)"
        return f"cron(0 {self.first_hour}/{self.hours} ? * * *)"

    @property
    def scheduler_expression(self) -> str:
        """The schedule expression for EventBridge Scheduler.

        Runs start some minutes after the hour, as with Model Monitor, because an endpoint writes
        captured data some minutes after the end of an hour. The hours are listed because `17/6` in
        an expression of Scheduler ends with the day.
        """
        if self.hours == 1:
            return f"cron({_DELAY_MINUTES} * ? * * *)"
        runs = range(self.first_hour, self.first_hour + _HOURS_OF_A_DAY, self.hours)
        listed = ",".join(str(hour) for hour in sorted(hour % _HOURS_OF_A_DAY for hour in runs))
        return f"cron({_DELAY_MINUTES} {listed} ? * * *)"
