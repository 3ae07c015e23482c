"""Texts that settings accept, and how a refusal says so."""

from __future__ import annotations

import re
from collections.abc import Callable

from pydantic import AfterValidator


def allowed(description: str, accepts: Callable[[str], object]) -> AfterValidator:
    """Accepts what `accepts` neither denies nor raises for; says what is allowed otherwise."""

    def check(value: str) -> str:
        try:
            accepted = accepts(value)
        except ValueError:
            accepted = False
        if not accepted:
            raise ValueError(description)
        return value

    return AfterValidator(check)


def matching(pattern: str) -> Callable[[str], object]:
    """Accepts what the whole pattern matches."""
    return re.compile(pattern).fullmatch
