"""Patterns of AWS's service models, which are Java's, as Python objects."""

from __future__ import annotations

from functools import cache

import regex  # type: ignore[import-untyped]

# Surrogate halves appear in ranges that mean "every character beyond the basic plane".
_SURROGATES = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
_CLASSES = {
    r"\p{ASCII}": r"\x00-\x7F",
    r"\p{Print}": r"\x20-\x7E",
    r"\p{Graph}": r"\x21-\x7E",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{Alpha}": "a-zA-Z",
    r"\p{Digit}": "0-9",
    r"\p{Punct}": r"!-/:-@\[-`{-~",
}


@cache
def compile_pattern(pattern: str) -> regex.Pattern[str]:
    r"""Compiles a pattern of a service model.

    `regex` supports Unicode categories (`\\p{L}`) and possessive quantifiers. Java's POSIX classes
    and its UTF-16 surrogates are translated.

    Raises:
        regex.error: the pattern needs another feature of Java.
    """
    translated = pattern.replace(*_SURROGATES).replace(r"\z", r"\Z")
    for java, characters in _CLASSES.items():
        translated = _replace_class(translated, java, characters)
    return regex.compile(translated)


def _replace_class(pattern: str, java: str, characters: str) -> str:
    """Replaces a POSIX class, and adds brackets outside of a character class."""
    pieces = pattern.split(java)
    replaced = pieces[0]
    for piece in pieces[1:]:
        inside = _open_bracket(replaced)
        replaced += (characters if inside else f"[{characters}]") + piece
    return replaced


def _open_bracket(prefix: str) -> bool:
    depth, escaped = 0, False
    for character in prefix:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "[":
            depth += 1
        elif character == "]" and depth:
            depth -= 1
    return depth > 0


def matches(pattern: str, value: str) -> bool:
    """Returns True if a whole value matches, as AWS requires."""
    return compile_pattern(pattern).fullmatch(value) is not None
