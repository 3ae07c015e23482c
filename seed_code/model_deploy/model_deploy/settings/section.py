"""Base of the sections."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_INSTANCES = 1000
"""A larger number is a typing error; the quotas of accounts are lower."""

InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
"""Instance type of an endpoint, such as `ml.m7i.large`."""


class Section(BaseModel):
    """A mapping of known keys, whose values have exactly the declared types.

    A stage finds its sections, their keys and their defaults by the types of its fields, so a new
    section is a field of the kinds that support it, with another `Section` as its type.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
