"""Start and end of an inference experiment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known

_DEFAULT_LENGTH = timedelta(days=7)
_MAX_LENGTH = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class ExperimentSchedule:
    """Start and end of an experiment, as fixed times: synthesis does not read the clock.

    Args:
        start: time in ISO 8601 with a time zone, such as `2026-12-01T08:00:00Z`. Defaults to None:
            the experiment starts at its deployment, and requires `end`.
        end: time in the same form, at most 30 days after the start. Defaults to None: `duration`
            after `start`.
        duration: duration up to 30 days, instead of `end`. Defaults to None: 7 days, the default of
            AWS.

    Source: Schedule of CreateInferenceExperiment in SageMaker's API reference; "Create a shadow
    test".

    Example:
        ```python
        ExperimentSchedule(start="2026-12-01T08:00:00Z", duration=cdk.Duration.days(14))
        ```
    """

    start: str | None = None
    end: str | None = None
    duration: cdk.Duration | None = None

    def problems(self) -> list[str]:
        """Validates the schedule; returns one message per problem."""
        found = [
            f"schedule {name}: got {value!r}; allowed is a time in ISO 8601 with its time zone, "
            "such as 2026-12-01T08:00:00Z"
            for name, value in (("start", self.start), ("end", self.end))
            if value is not None and is_known(value) and _time(value) is None
        ]
        if self.end is not None and self.duration is not None:
            found.append("schedule: got end and duration; give one of them")
        if self.start is None and self.end is None:
            found.append(
                "schedule: got neither start nor end, and the time of the deployment is unknown at "
                "synthesis; give one, or remove the schedule for 7 days from the deployment"
            )
        if self.start is not None and self.end is None and not is_known(self.start):
            found.append(
                "schedule start: got a value that the deployment resolves, from which no end can "
                "be computed at synthesis; give end"
            )
        return found + self._length_problems()

    def _length_problems(self) -> list[str]:
        length = _length(self.duration)
        start, end = _time(self.start), _time(self.end)
        name = "duration"
        if length is None and start is not None and end is not None:
            name, length = "end", end - start
        if length is None or timedelta(0) < length <= _MAX_LENGTH:
            return []
        return [
            f"schedule {name}: got {_days(length)} days; allowed are more than 0 and at most "
            f"{_MAX_LENGTH.days} days after the start"
        ]

    def render(self) -> sagemaker.CfnInferenceExperiment.InferenceExperimentScheduleProperty:
        """Returns the Schedule of an experiment."""
        end, start = self.end, _time(self.start)
        if end is None and start is not None:
            end = (
                (start + (_length(self.duration) or _DEFAULT_LENGTH))
                .isoformat()
                .replace("+00:00", "Z")
            )
        return sagemaker.CfnInferenceExperiment.InferenceExperimentScheduleProperty(
            start_time=self.start, end_time=end
        )


def _time(value: str | None) -> datetime | None:
    """Returns a time in UTC; None without a valid time or time zone."""
    if value is None or not is_known(value):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo is not None else None


def _length(duration: cdk.Duration | None) -> timedelta | None:
    if duration is None or duration.is_unresolved():
        return None
    return timedelta(seconds=duration.to_seconds())


def _days(length: timedelta) -> str:
    return f"{length / timedelta(days=1):g}"
