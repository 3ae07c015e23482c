"""Section `capture`: copies of requests and responses."""

from typing import ClassVar

from pydantic import Field

from .section import Section


class Capture(Section):
    """Data capture of requests and responses below `capture/` of the project's bucket.

    Args:
        sampling_percentage: percentage of calls that are captured, 1 to 100. Defaults to 100.
    """

    prefix: ClassVar[str] = "capture"  # the prefix to which the role of the model can write
    sampling_percentage: int = Field(default=100, ge=1, le=100)
