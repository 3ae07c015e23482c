"""Problems of a constructor's input, raised together."""

from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

# Every string with a token contains it ("Tokens and the AWS CDK"). Most strings have none and are
# checked here: each question to the CDK is a call to its process, and an app has hundreds.
_MARK_OF_TOKENS = "${"


class Problems:
    """Collects the problems of an input, so that one error reports all of them.

    Each problem is one line: the value that was given, the allowed values, and what to do next.

    Args:
        subject: class name and construct path, `Endpoint PATH`.
        construct: construct whose path follows `subject`; it is read for an error only. Defaults to
            None: `subject` is complete.
    """

    def __init__(self, subject: str, construct: IConstruct | None = None) -> None:
        self._subject, self._construct = subject, construct
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        """Adds one problem."""
        self._lines.append(line)

    def extend(self, lines: Iterable[str]) -> None:
        """Adds problems."""
        self._lines.extend(lines)

    def raise_if_any(self) -> None:
        """Raises one error with every problem, if there is one.

        Raises:
            ValueError: there are problems.
        """
        if self._lines:
            listing = "".join(f"\n  - {line}" for line in self._lines)
            path = "" if self._construct is None else f" {self._construct.node.path}"
            raise ValueError(f"{self._subject}{path} cannot be defined:{listing}")


def is_known(value: Any) -> bool:
    """Returns True for a value that is given and is not a token."""
    if value is None or isinstance(value, bool):
        return value is not None
    if isinstance(value, str) and _MARK_OF_TOKENS not in value:
        return True
    return not cdk.Token.is_unresolved(value)


def outside(value: float | None, low: float, high: float) -> bool:
    """Returns True for a known value outside of low..high."""
    return value is not None and is_known(value) and not low <= value <= high
