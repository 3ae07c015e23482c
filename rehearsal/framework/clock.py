"""The present time."""

from __future__ import annotations

import datetime
from collections.abc import Callable

Clock = Callable[[], datetime.datetime]


def utc_now() -> datetime.datetime:
    """Returns the present time in UTC."""
    return datetime.datetime.now(datetime.UTC)
