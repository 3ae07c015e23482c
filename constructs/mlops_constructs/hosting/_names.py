"""Validation of SageMaker's names."""

import re

from mlops_constructs._problems import is_known

MAX_NAME_LENGTH = 63
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def name_problems(
    parameter: str, name: str | None, *, reserve: int = 0, max_length: int = MAX_NAME_LENGTH
) -> list[str]:
    """Validates a name; `reserve` characters are appended to it.

    Returns:
        One message per problem.
    """
    if name is None or not is_known(name):
        return []
    max_length -= reserve
    if len(name) <= max_length and _NAME.fullmatch(name):
        return []
    return [
        f"{parameter}: got {name!r} ({len(name)} characters); allowed are 1 to {max_length} "
        "letters, digits and hyphens, with a letter or digit first and last"
    ]
