"""Real-time endpoints: `kind: real-time`."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from .capture import Capture
from .rollout import Rollout
from .scaling import Scaling
from .section import MAX_INSTANCES, InstanceType, Section


class RealTime(Section):
    """A real-time endpoint, whose instances always run.

    Args:
        kind: `real-time`.
        instance_type: instance type, for example `ml.m7i.large`.
        scaling: automatic scaling. Defaults to None: a fixed number of instances.
        instance_count: number of instances at creation, 1 to 1000. Defaults to None:
            `scaling.minimum`, or 1.
        encrypt_volumes: True to encrypt storage volumes with the key of the project. Defaults to
            True.
        capture: data capture. Defaults to None: no capture.
        rollout: shift of traffic. Defaults to None: SageMaker's default.
        tags: tags of every resource. Defaults to none.
    """

    kind: Literal["real-time"]
    instance_type: InstanceType
    scaling: Scaling | None = None
    instance_count: int | None = Field(default=None, ge=1, le=MAX_INSTANCES)
    encrypt_volumes: bool = True
    capture: Capture | None = None
    rollout: Rollout | None = None
    tags: dict[str, str] = {}

    @field_validator("instance_count")
    @classmethod
    def _is_in_the_bounds_of_scaling(cls, count: int | None, info: ValidationInfo) -> int | None:
        scaling: Scaling | None = info.data.get("scaling")
        if scaling is None or count is None or scaling.minimum <= count <= scaling.maximum:
            return count
        bounds = f"{scaling.minimum} to {scaling.maximum}"
        raise ValueError(f"got {count}; allowed: {bounds}, the bounds of scaling")
