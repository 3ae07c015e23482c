"""Section `scaling`: automatic scaling."""

from typing import Annotated

from pydantic import Field, model_validator

from .section import MAX_INSTANCES, Section

Seconds = Annotated[int, Field(ge=0, le=86_400)]
"""Cooldown in seconds, up to a day."""


class Scaling(Section):
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
    maximum: int = Field(ge=1, le=MAX_INSTANCES)
    invocations_per_instance: float = Field(gt=0, le=1e9)
    scale_in_cooldown_seconds: Seconds = 300
    scale_out_cooldown_seconds: Seconds = 300

    @model_validator(mode="after")
    def _has_a_range(self) -> "Scaling":
        if self.maximum < self.minimum:
            raise ValueError(
                f"maximum: got {self.maximum}; allowed: the minimum ({self.minimum}) or more"
            )
        return self
