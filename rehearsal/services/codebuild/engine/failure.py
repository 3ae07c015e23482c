"""Why a phase of a build failed."""

from __future__ import annotations


class PhaseFailedError(Exception):
    """A phase failed; `code` and `message` are its context in the API."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
