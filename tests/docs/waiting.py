"""Waiting for what takes minutes in AWS and seconds here, or not waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

PATIENCE_SECONDS = 120.0


def eventually(attempt: Callable[[], Any]) -> Any:
    """The first answer that is not None."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := attempt()) is None:
        assert time.monotonic() < deadline, f"nothing within {PATIENCE_SECONDS} seconds"
        time.sleep(0.2)
    return answer


@contextmanager
def begun_now(scheduler: Any, name: str, target: Mapping[str, Any]) -> Iterator[None]:
    """Starts the target of another schedule: one at a rate begins when it is made.

    A time in the near future would be the past by the time that a busy machine asks for it.
    """
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    yield
    scheduler.delete_schedule(Name=name)
