"""All problems of a constructor's input, raised together."""

from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk


class Problems:
    """Collects what is wrong with an input, so that one error tells a person everything.

    Each problem is one line: what was got, what is allowed, what to do.
    """

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        self._lines.append(line)

    def extend(self, lines: Iterable[str]) -> None:
        self._lines.extend(lines)

    def raise_if_any(self) -> None:
        """Raises one `ValueError` with every problem, or does nothing when there is none."""
        if self._lines:
            listing = "".join(f"\n  - {line}" for line in self._lines)
            raise ValueError(f"{self._subject} cannot be defined:{listing}")


def is_known(value: Any) -> bool:
    """Whether a value can be judged now: it is given, and no token that CloudFormation resolves."""
    return value is not None and not cdk.Token.is_unresolved(value)


def outside(value: float | None, low: float, high: float) -> bool:
    """Whether a value that is known lies outside low..high."""
    return value is not None and is_known(value) and not low <= value <= high
