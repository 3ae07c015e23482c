"""Why a SageMaker job failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class JobFailedError(Exception):
    """A job failed: `reason` is SageMaker's FailureReason, `fields` are members of Describe*."""

    def __init__(self, reason: str, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason[:1024]  # the longest FailureReason
        self.fields: dict[str, Any] = dict(fields or {})


class UnsupportedError(JobFailedError):
    """The rehearsal cannot do what a request asks for; it says so instead of leaving it out."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"ClientError: This rehearsal does not support {what}. {instead}")
