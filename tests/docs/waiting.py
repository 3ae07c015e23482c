"""Waiting for what takes minutes in AWS, and seconds here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 120.0


def eventually(attempt: Callable[[], Any]) -> Any:
    """The first answer that is not None."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := attempt()) is None:
        assert time.monotonic() < deadline, f"nothing within {PATIENCE_SECONDS} seconds"
        time.sleep(0.2)
    return answer
