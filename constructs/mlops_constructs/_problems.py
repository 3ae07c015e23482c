"""All problems of a constructor's input, raised together."""

from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk

# Every string with a token has it ("Tokens and the AWS CDK"). Most have none, and are judged here:
# asking the CDK is a call to its process, and there are hundreds of them in an app.
_MARK_OF_TOKENS = "${"


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
    if value is None or isinstance(value, bool):
        return value is not None
    if isinstance(value, str) and _MARK_OF_TOKENS not in value:
        return True
    return not cdk.Token.is_unresolved(value)


def outside(value: float | None, low: float, high: float) -> bool:
    """Whether a value that is known lies outside low..high."""
    return value is not None and is_known(value) and not low <= value <= high
