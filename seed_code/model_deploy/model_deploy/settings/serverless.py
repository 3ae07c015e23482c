"""Serverless endpoints: `kind: serverless`."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from .stage import Stage


class Serverless(Stage):
    """A serverless endpoint, whose capacity starts with a request.

    Args:
        kind: `serverless`.
        version: version of the model package group, 1 or more, which must be approved. Defaults to
            None: the approved version with the highest number.
        tags: tags of every resource. Defaults to none.
        memory_mb: memory in MB, 1024 to 6144 in steps of 1024. Defaults to 2048.
        max_concurrency: maximum number of concurrent requests, 1 to 200. Defaults to 5.
        provisioned_concurrency: concurrency that is kept warm, 1 to 200. Defaults to None: none.
    """

    kind: Literal["serverless"]
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    max_concurrency: int = Field(default=5, ge=1, le=200)
    provisioned_concurrency: int | None = Field(default=None, ge=1, le=200)

    @field_validator("provisioned_concurrency")
    @classmethod
    def _is_part_of_the_maximum(cls, count: int | None, info: ValidationInfo) -> int | None:
        maximum = info.data.get("max_concurrency")
        if count is not None and maximum is not None and count > maximum:
            raise ValueError(f"got {count}; allowed: at most max_concurrency ({maximum})")
        return count
