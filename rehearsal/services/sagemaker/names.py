"""Names of resources, and the ARNs that have them in lower case."""

from __future__ import annotations

from collections.abc import Iterable


def known_name(name_or_arn: str, kind: str, known: Iterable[str]) -> str:
    """The name that a request means: as it was given at creation, whatever case an ARN has it in.

    A name that is not known is answered as it is, for the refusal.
    """
    if not name_or_arn.startswith("arn:"):
        return name_or_arn
    name = name_or_arn.partition(f":{kind}/")[2]
    return next((found for found in known if found.lower() == name.lower()), name)
