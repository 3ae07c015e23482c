"""Real-time endpoints: `kind: real-time`."""

from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from .capture import Capture
from .monitor import Monitor
from .other_variants import SecondVariant, Shadow
from .rollout import Rollout
from .scaling import Scaling, count_within
from .section import MAX_INSTANCES, InstanceType
from .stage import Stage


class RealTime(Stage):
    """A real-time endpoint, whose instances always run.

    Args:
        kind: `real-time`.
        version: version of the model package group, 1 or more, which must be approved. Defaults to
            None: the approved version with the highest number.
        tags: tags of every resource. Defaults to none.
        instance_type: instance type, for example `ml.m7i.large`.
        scaling: automatic scaling. Defaults to None: a fixed number of instances.
        instance_count: number of instances at creation, 1 to 1000. Defaults to None:
            `scaling.minimum`, or 1.
        network_isolation: False gives the containers access to the network of the project, which a
            model that looks up features in an online store requires. Defaults to True: no access.
        encrypt_volumes: True to encrypt storage volumes with the key of the project. Defaults to
            True.
        capture: data capture. Defaults to None: no capture.
        monitor: monitors of the captured traffic; need `capture`. Defaults to None: no monitors.
        rollout: shift of traffic. Defaults to None: SageMaker's default.
        second_variant: another version that serves a part of the requests. Defaults to None: one
            version serves all.
        shadow: another version that receives copies of the requests. Defaults to None: no copies.
    """

    kind: Literal["real-time"]
    instance_type: InstanceType
    scaling: Scaling | None = None
    instance_count: int | None = Field(default=None, ge=1, le=MAX_INSTANCES)
    network_isolation: bool = True
    encrypt_volumes: bool = True
    capture: Capture | None = None
    monitor: Monitor | None = None
    rollout: Rollout | None = None

    second_variant: SecondVariant | None = None
    shadow: Shadow | None = None

    @field_validator("instance_count")
    @classmethod
    def _is_in_the_bounds_of_scaling(cls, count: int | None, info: ValidationInfo) -> int | None:
        return count_within(info.data.get("scaling"), count)

    @model_validator(mode="after")
    def _has_traffic_to_monitor(self) -> Self:
        if self.monitor is None:
            return self
        found = self.monitor.problems()
        if self.capture is None:
            found.insert(0, "monitor: got no capture, whose data it reads; add the key capture")
        if found:
            raise ValueError("; ".join(found))
        return self

    @model_validator(mode="after")
    def _has_one_other_variant(self) -> Self:
        if self.second_variant is not None and self.shadow is not None:
            raise ValueError(
                "second_variant cannot be combined with shadow: AWS allows a shadow variant beside "
                "one production variant; remove one of them"
            )
        return self

    @property
    def versions(self) -> dict[str, int | None]:
        """Versions that the stage deploys, by their key; None is the newest approved version."""
        found = {"version": self.version}
        if self.second_variant is not None:
            found["second_variant.version"] = self.second_variant.version
        if self.shadow is not None:
            found["shadow.version"] = self.shadow.version
        return found
