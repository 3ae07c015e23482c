"""Sections `second_variant` and `shadow`: another version beside the first one."""

from pydantic import Field

from .section import MAX_INSTANCES, InstanceType, Section


class OtherVariant(Section):
    """A variant that serves another version of the model.

    Args:
        instance_type: instance type. Defaults to None: that of the stage.
        instance_count: number of instances, 1 to 1000. Defaults to None: that of the stage.
    """

    instance_type: InstanceType | None = None
    instance_count: int | None = Field(default=None, ge=1, le=MAX_INSTANCES)


class SecondVariant(OtherVariant):
    """A second production variant, which serves a part of the requests.

    Args:
        version: version of the model package group, 1 or more, which must be approved.
        percentage: percentage of the requests, 1 to 99.
        instance_type: instance type. Defaults to None: that of the stage.
        instance_count: number of instances, 1 to 1000. Defaults to None: that of the stage.
    """

    version: int = Field(ge=1)
    percentage: int = Field(ge=1, le=99)


class Shadow(OtherVariant):
    """A shadow variant, which receives copies of requests; callers never get its responses.

    Args:
        version: version of the model package group, 1 or more, which must be approved. Defaults to
            None: the approved version with the highest number.
        percentage: percentage of the requests that are copied, 1 to 100. Defaults to 100.
        instance_type: instance type. Defaults to None: that of the stage.
        instance_count: number of instances, 1 to 1000. Defaults to None: that of the stage.
    """

    version: int | None = Field(default=None, ge=1)
    percentage: int = Field(default=100, ge=1, le=100)
