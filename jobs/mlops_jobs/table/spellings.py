"""Strings that look like spellings of one value."""

from collections import defaultdict
from collections.abc import Iterable

MAX_SHOWN = 3


def spellings(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """Returns the groups of strings that differ in case, inner white space or as numbers only.

    Args:
        texts: the different strings.

    Returns:
        Groups of at least two strings, as `("YES", "Yes", "yes")` or `("1", "1.0")`.
    """
    groups: defaultdict[str | float, set[str]] = defaultdict(set)
    for text in texts:
        stripped = text.strip()
        groups[_value(stripped)].add(stripped)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)


def _value(text: str) -> str | float:
    try:
        value = float(text)
    except ValueError:
        return " ".join(text.casefold().split())
    return value if value == value else text.casefold()


def spellings_warning(texts: Iterable[str]) -> list[str]:
    """Returns a warning if strings look like spellings of one value.

    Args:
        texts: the different strings.
    """
    found = spellings(texts)
    if not found:
        return []
    shown = "; ".join(", ".join(map(repr, group[:MAX_SHOWN])) for group in found[:MAX_SHOWN])
    more = f" and {len(found) - MAX_SHOWN} more groups" if len(found) > MAX_SHOWN else ""
    return [f"has different spellings that look like one value: {shown}{more}; use one spelling"]
