"""Kinds of rules about attributes, which are texts in a map, and about texts in JSON."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import rule
from rehearsal.framework.rules.rule import Call, Rule


def parsed(text: Any) -> Any:
    """Returns the value of a JSON text, or None if it is malformed."""
    try:
        return json.loads(str(text))
    except ValueError:
        return None


def attribute_range(
    attribute: str,
    low: int,
    high: int,
    *,
    on: tuple[str, ...],
    code: str,
    base: Mapping[str, Any],
    source: str,
) -> Rule:
    """Returns a rule that an attribute is an integer in a range."""
    path = f"Attributes.{attribute}"

    def check(call: Call) -> Iterator[str]:
        given = call.get(path)
        if given is None:
            return
        number = int(given) if str(given).isdigit() else -1
        if not low <= number <= high:
            yield f"Invalid value for the parameter {attribute}: {low} to {high}; got {given}."

    return rule(
        f"attribute-{_kebab(attribute)}",
        on,
        f"{attribute} is {low:,} to {high:,}.",
        check,
        source=source,
        fails={**base, path: str(high + 1)},
        passes={**base, path: str(low)},
        code=code,
    )


def attribute_choice(
    attribute: str,
    allowed: tuple[str, ...],
    *,
    on: tuple[str, ...],
    code: str,
    base: Mapping[str, Any],
    source: str,
) -> Rule:
    """Returns a rule that an attribute has one of some values."""
    path = f"Attributes.{attribute}"

    def check(call: Call) -> Iterator[str]:
        given = call.get(path)
        if given is not None and given not in allowed:
            listed = ", ".join(allowed)
            yield f"Invalid value for the parameter {attribute}: one of {listed}; got {given}."

    return rule(
        f"attribute-{_kebab(attribute)}",
        on,
        f"{attribute} is one of {', '.join(allowed)}.",
        check,
        source=source,
        fails={**base, path: "other"},
        passes={**base, path: allowed[0]},
        code=code,
    )


def json_text(
    name: str, on: Any, path: str, *, accepts: Callable[[Any], bool] | None = None, **rest: Any
) -> Rule:
    """Returns a rule that a text is JSON; `accepts` evaluates its value."""
    fits = accepts or (lambda value: True)

    def check(call: Call) -> Iterator[str]:
        for place, text in call.values(path):
            value = parsed(text)
            if (value is None and str(text).strip() != "null") or not fits(value):
                yield f"{place} must be valid JSON; got {text!r:.120}."

    return rule(name, on, rest.pop("text", f"{path} is valid JSON."), check, **rest)


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
