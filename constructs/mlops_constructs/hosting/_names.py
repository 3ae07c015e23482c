"""What SageMaker accepts as a name."""

import re

from mlops_constructs._problems import is_known

LONGEST_NAME = 63
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def name_problems(
    parameter: str, name: str | None, *, reserve: int = 0, longest: int = LONGEST_NAME
) -> list[str]:
    """What SageMaker would refuse in a name, of which `reserve` characters are still to come."""
    if name is None or not is_known(name):
        return []
    longest -= reserve
    if len(name) <= longest and _NAME.fullmatch(name):
        return []
    return [
        f"{parameter}: got {name!r} ({len(name)} characters); allowed are 1 to {longest} letters, "
        "digits and hyphens, with a letter or digit first and last"
    ]
