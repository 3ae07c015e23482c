"""The one way in which a smoke test fails."""


class SmokeTestFailed(Exception):
    """The endpoint does not do what it should; the text is one sentence that says what."""
