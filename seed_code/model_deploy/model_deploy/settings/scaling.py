"""Section `scaling`: automatic scaling."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from .section import MAX_INSTANCES, Section

Seconds = Annotated[int, Field(ge=0, le=86_400)]
"""Cooldown in seconds, up to a day."""


class _Bounds(Section):
    """Bounds and cooldowns."""

    minimum: int
    maximum: int = Field(ge=1, le=MAX_INSTANCES)
    scale_in_cooldown_seconds: Seconds = 300
    scale_out_cooldown_seconds: Seconds = 300

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.maximum < self.minimum:
            raise ValueError(
                f"maximum: got {self.maximum}; allowed: the minimum ({self.minimum}) or more"
            )
        return self


class Scaling(_Bounds):
    """Automatic scaling on the invocations per instance.

    Args:
        minimum: minimum number of instances, 1 to 1000.
        maximum: maximum number of instances, 1 to 1000.
        invocations_per_instance: target of invocations per instance and minute, above 0.
        scale_in_cooldown_seconds: cooldown after a scale-in, in seconds, 0 to 86,400. Defaults to
            300.
        scale_out_cooldown_seconds: cooldown after a scale-out, in seconds, 0 to 86,400. Defaults to
            300.
    """

    minimum: int = Field(ge=1, le=MAX_INSTANCES)
    invocations_per_instance: float = Field(gt=0, le=1e9)


class BacklogScaling(_Bounds):
    """Automatic scaling on the queue of an asynchronous endpoint.

    Args:
        minimum: minimum number of instances, 0 to 1000. Defaults to 0: none while the queue is
            empty.
        maximum: maximum number of instances, 1 to 1000.
        backlog_per_instance: target of queued requests per instance, above 0. Defaults to 5.
        scale_in_cooldown_seconds: cooldown after a scale-in, in seconds, 0 to 86,400. Defaults to
            300.
        scale_out_cooldown_seconds: cooldown after a scale-out, in seconds, 0 to 86,400. Defaults to
            300.
    """

    minimum: int = Field(default=0, ge=0, le=MAX_INSTANCES)
    backlog_per_instance: float = Field(default=5, gt=0, le=1e9)


class CopyScaling(_Bounds):
    """Automatic scaling of the copies of an inference component.

    Args:
        minimum: minimum number of copies, 0 to 1000. Defaults to 0: none while there are no
            requests.
        maximum: maximum number of copies, 1 to 1000.
        concurrency_per_copy: target of concurrent requests per copy, above 0. Defaults to 5.
        scale_in_cooldown_seconds: cooldown after a scale-in, in seconds, 0 to 86,400. Defaults to
            300.
        scale_out_cooldown_seconds: cooldown after a scale-out, in seconds, 0 to 86,400. Defaults to
            300.
    """

    minimum: int = Field(default=0, ge=0, le=MAX_INSTANCES)
    concurrency_per_copy: float = Field(default=5, gt=0, le=1e9)


def count_within(bounds: Scaling | BacklogScaling | None, count: int | None) -> int | None:
    """Returns a number of instances that is within the bounds of scaling.

    Args:
        bounds: the scaling; None without it.
        count: number of instances; None if the file has none.

    Raises:
        ValueError: the number is outside of the bounds.
    """
    if bounds is None or count is None or max(bounds.minimum, 1) <= count <= bounds.maximum:
        return count
    allowed = f"{max(bounds.minimum, 1)} to {bounds.maximum}"
    raise ValueError(f"got {count}; allowed: {allowed}, the bounds of scaling")
