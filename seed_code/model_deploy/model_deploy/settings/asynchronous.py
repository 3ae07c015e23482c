"""Asynchronous endpoints: `kind: asynchronous`."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from .rollout import Rollout
from .scaling import BacklogScaling, count_within
from .section import MAX_INSTANCES, InstanceType
from .stage import Stage


class Asynchronous(Stage):
    """An endpoint with a queue: requests and responses are objects of the bucket of the project.

    Args:
        kind: `asynchronous`.
        version: version of the model package group, 1 or more, which must be approved. Defaults to
            None: the approved version with the highest number.
        tags: tags of every resource. Defaults to none.
        instance_type: instance type, for example `ml.m7i.large`.
        scaling: automatic scaling, also to zero. Defaults to None: a fixed number of instances.
        instance_count: number of instances at each deployment, 1 to 1000. Defaults to None:
            `scaling.minimum`, at least 1.
        max_concurrent_invocations: number of concurrent requests per instance, 1 to 1000. Defaults
            to None: AWS chooses it.
        encrypt_volumes: True to encrypt storage volumes with the key of the project. Defaults to
            True.
        rollout: shift of traffic. Defaults to None: SageMaker's default.
    """

    kind: Literal["asynchronous"]
    instance_type: InstanceType
    scaling: BacklogScaling | None = None
    instance_count: int | None = Field(default=None, ge=1, le=MAX_INSTANCES)
    max_concurrent_invocations: int | None = Field(default=None, ge=1, le=1000)
    encrypt_volumes: bool = True
    rollout: Rollout | None = None

    @field_validator("instance_count")
    @classmethod
    def _is_in_the_bounds_of_scaling(cls, count: int | None, info: ValidationInfo) -> int | None:
        return count_within(info.data.get("scaling"), count)
