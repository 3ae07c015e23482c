"""Section `rollout`: the shift of traffic to a new model, and its rollback."""

from typing import Literal

from pydantic import Field, model_validator

from .section import MAX_INSTANCES, Section


class Rollback(Section):
    """Automatic rollback of a rollout, by metrics of the new instances.

    Args:
        enabled: False to complete the rollout regardless of metrics. Defaults to True.
        error_percentage: maximum percentage of 5xx responses, 0 up to 100. Defaults to 5.
        latency_milliseconds: maximum p99 latency, 1 to 3,600,000 ms. Defaults to None: latency is
            not monitored.
    """

    enabled: bool = True
    error_percentage: float = Field(default=5, ge=0, lt=100)
    latency_milliseconds: int | None = Field(default=None, ge=1, le=3_600_000)


class Rollout(Section):
    """Shift of traffic to a new model.

    Args:
        strategy: `all-at-once`, `canary`, `linear` or `rolling`.
        instances: size of the canary, step or batch in instances, 1 to 1000. Defaults to None:
            `percent` sets the size.
        percent: size in percent of the instances, 1 to 50. Defaults to None: `instances` sets the
            size.
        wait_minutes: monitoring of each part, in minutes, 0 to 60. Defaults to 5.
        termination_wait_minutes: time in minutes, 0 to 60, before old instances are terminated.
            Defaults to None: they are terminated at once.
        maximum_minutes: timeout of the rollout in minutes, 10 to 480. Defaults to None: AWS chooses
            it.
        rollback: automatic rollback. Defaults to `Rollback()`.
    """

    strategy: Literal["all-at-once", "canary", "linear", "rolling"]
    instances: int | None = Field(default=None, ge=1, le=MAX_INSTANCES)
    percent: int | None = Field(default=None, ge=1, le=50)
    wait_minutes: int = Field(default=5, ge=0, le=60)
    termination_wait_minutes: int | None = Field(default=None, ge=0, le=60)
    maximum_minutes: int | None = Field(default=None, ge=10, le=480)
    rollback: Rollback = Rollback()

    @model_validator(mode="after")
    def _has_one_size(self) -> "Rollout":
        sizes = [size for size in (self.instances, self.percent) if size is not None]
        if self.strategy == "all-at-once" and sizes:
            raise ValueError(
                "all-at-once cannot be combined with instances or percent; remove them"
            )
        if self.strategy != "all-at-once" and len(sizes) != 1:
            raise ValueError(f"{self.strategy} needs either instances or percent; set one of them")
        if self.strategy == "rolling" and self.termination_wait_minutes is not None:
            raise ValueError("rolling cannot be combined with termination_wait_minutes; remove it")
        return self
