"""Scheduled changes of the bounds of capacity."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling

from mlops_constructs._problems import is_known

from ._scaled_capacity import ScaledCapacity


@dataclass(frozen=True, kw_only=True)
class ScheduledAction:
    """Bounds of capacity that apply from a time on, until another scheduled action changes them.

    Args:
        name: name of the action, unique for its target.
        schedule: time of the action.
        minimum: minimum number of instances or copies, or minimum provisioned concurrency, from
            then on. Defaults to None: unchanged.
        maximum: maximum number of them from then on. Defaults to None: unchanged.
        time_zone: time zone of the schedule. Defaults to None: UTC.

    Source: "Scheduled scaling" of Application Auto Scaling's user guide.

    Example:
        ```python
        from aws_cdk import aws_applicationautoscaling as autoscaling

        ScheduledAction(
            name="Morning",
            schedule=autoscaling.Schedule.cron(hour="7", minute="30", week_day="MON-FRI"),
            minimum=4,
            time_zone=cdk.TimeZone.EUROPE_BERLIN,
        )
        ```
    """

    name: str
    schedule: autoscaling.Schedule
    minimum: int | None = None
    maximum: int | None = None
    time_zone: cdk.TimeZone | None = None

    def problems(self, capacity: ScaledCapacity) -> list[str]:
        """Validates the action for a kind of capacity; returns one message per problem.

        Args:
            capacity: kind of capacity that is scaled.
        """
        found = []
        if self.minimum is None and self.maximum is None:
            found.append(f"schedule {self.name}: got neither minimum nor maximum; give one of them")
        if self.minimum is not None and is_known(self.minimum) and self.minimum < capacity.lowest:
            found.append(
                f"schedule {self.name} minimum: got {self.minimum}; allowed is {capacity.lowest} "
                f"or more {capacity.noun}"
            )
        if (
            self.minimum is not None
            and self.maximum is not None
            and is_known(self.minimum)
            and is_known(self.maximum)
            and self.maximum < self.minimum
        ):
            found.append(
                f"schedule {self.name} maximum: got {self.maximum}; allowed is the minimum "
                f"({self.minimum}) or more"
            )
        return found

    def render(self) -> autoscaling.CfnScalableTarget.ScheduledActionProperty:
        """Returns the ScheduledAction of a scalable target."""
        target = autoscaling.CfnScalableTarget
        return target.ScheduledActionProperty(
            scheduled_action_name=self.name,
            schedule=self.schedule.expression_string,
            timezone=self.time_zone.timezone_name if self.time_zone else None,
            scalable_target_action=target.ScalableTargetActionProperty(
                min_capacity=self.minimum, max_capacity=self.maximum
            ),
        )
