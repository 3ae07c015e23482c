"""Text that matches the patterns of AWS's service models."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from rehearsal.framework.protocols.patterns import matches

# The parser of the standard library; the models' patterns are regular expressions of Java.
_parser: Any = getattr(re, "_parser")  # noqa: B009  # it is private
_CONSTANTS: Any = getattr(re, "_constants")  # noqa: B009
_CLASSES = {
    r"\p{L}": "a-z",
    r"\p{M}": "",
    r"\p{Z}": " ",
    r"\p{S}": "",
    r"\p{N}": "0-9",
    r"\p{P}": "",
    r"\p{IsAlphabetic}": "a-z",
    r"\p{ASCII}": "a-z",
    r"\p{Print}": "a-z",
    r"\p{Graph}": "a-z",
    r"\p{Alnum}": "a-z0-9",
    r"\p{Alpha}": "a-z",
    r"\p{Digit}": "0-9",
    r"\P{C}": "a-z",
    r"\p{Punct}": "",
    r"\p{javaLowerCase}": "a-z",
    "[[:print:]]": "[a-z]",
    r"\z": r"\Z",
}
_USUAL = (
    "ab",
    "a1",
    "1",
    "/a",
    "a/b",
    "aws/a",
    "s3://bucket/key",
    "https://s3.us-east-1.amazonaws.com/bucket/key",
    "https://github.com/owner/name",
    "111111111111",
    "arn:aws:iam::111111111111:role/execution",
    "arn:aws:sns:us-east-1:111111111111:topic",
    "arn:aws:s3:::bucket",
    "arn:aws:sagemaker:us-east-1:111111111111:endpoint/ab",
    "1.0.0",
    "a@example.com",
    "rate(1 hour)",
    "$",
    "$[0]",
    "Tags.a",
    "fs-0123456789abcdef0",
)


@cache
def text(pattern: str | None, minimum: int = 0, maximum: int | None = None) -> str | None:
    """Returns a text of a length that matches a pattern, or None if none was found.

    Args:
        pattern: the pattern, or None for any text.
        minimum: the minimum length.
        maximum: the maximum length. Defaults to none.
    """
    if pattern is None:
        size = max(minimum, 2 if maximum is None else min(2, maximum))
        return "ab"[:size].ljust(size, "a")

    def fits(found: str) -> bool:
        long_enough = len(found) >= minimum and (maximum is None or len(found) <= maximum)
        return long_enough and matches(pattern, found)

    return next(filter(fits, (*_generated(pattern, minimum, maximum), *_USUAL)), None)


def _generated(pattern: str, minimum: int, maximum: int | None) -> Iterable[str]:
    for name, characters in _CLASSES.items():
        pattern = pattern.replace(name, characters)
    try:
        parsed = _parser.parse(pattern)
    except re.error:
        return
    # One character too many suffices: nested repetitions would have thousands of thousands.
    limit = None if maximum is None else maximum + 1
    # Repetitions get longer until the text is long enough.
    for repeat in (1, 2, 8, *(minimum + extra for extra in (-8, -4, -2, -1, 0))):
        if repeat > 0:
            for longest in (False, True):
                found = _write(parsed, repeat, longest, limit)
                yield found[:maximum] if longest and maximum else found


def _write(tokens: Any, repeat: int, longest: bool, limit: int | None) -> str:
    """Returns the first `limit` characters of a text."""
    return "".join(_one(kind, value, repeat, longest, limit) for kind, value in tokens)[:limit]


def _one(kind: Any, value: Any, repeat: int, longest: bool, limit: int | None) -> str:
    match str(kind):
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL" | "ANY":
            return "a"
        case "IN":
            return _of_class(value)
        case "CATEGORY":
            return {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " "}.get(
                str(value).rpartition(".")[2], "a"
            )
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _repeated(value, repeat, longest, limit)
        case "SUBPATTERN":
            return _write(value[-1], repeat, longest, limit)
        case "ATOMIC_GROUP":
            return _write(value, repeat, longest, limit)
        case "BRANCH":
            return _write(value[1][0], repeat, longest, limit)
    return ""


def _repeated(value: Any, repeat: int, longest: bool, limit: int | None) -> str:
    low, high, inner = value
    count = min(int(high), max(low, repeat if longest else 0))
    if low == 0 and not longest and int(high) >= repeat > 1:
        count = repeat
    text_of_one = _write(inner, repeat, longest, limit)
    if limit is not None and text_of_one:
        count = min(count, limit // len(text_of_one) + 1)
    return text_of_one * int(count)


def _of_class(members: Any) -> str:
    found: list[str] = []
    for kind, value in members:
        match str(kind):
            case "NEGATE":
                return "a"
            case "RANGE":
                low, high = value
                found.append("a" if low <= ord("a") <= high else chr(low))
            case "LITERAL":
                found.append(chr(value))
            case "CATEGORY":
                found.append(_one(kind, value, 1, False, None))
    return next((one for one in found if one == "a"), found[0])
