"""Waits for operations that take minutes in AWS and seconds in the rehearsal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

PATIENCE_SECONDS = 120.0


def eventually(attempt: Callable[[], Any]) -> Any:
    """Returns the first result that is not None."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := attempt()) is None:
        assert time.monotonic() < deadline, f"nothing within {PATIENCE_SECONDS} seconds"
        time.sleep(0.2)
    return answer


@contextmanager
def begun_now(scheduler: Any, name: str, target: Mapping[str, Any]) -> Iterator[None]:
    """Starts the target of another schedule: one with a rate starts when it is created.

    A time in the near future would be in the past when a busy machine evaluates it.
    """
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    yield
    scheduler.delete_schedule(Name=name)
