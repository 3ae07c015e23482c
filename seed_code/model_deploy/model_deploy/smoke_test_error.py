"""The error of a smoke test."""


class SmokeTestError(Exception):
    """A failed check of an endpoint; the message is one sentence about the failure."""
