"""Kinds of rules: relations between the members of a structure.

`at` is the path of the structures that a rule is about; members are relative to it, and may be
paths themselves. Messages name the place, what was given and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.paths import find, given, join
from rehearsal.framework.rules.rule import Call, Check, Example, Rule

Operations = str | tuple[str, ...]
Changes = Mapping[str, Any] | Example
Condition = Callable[[Any], bool]


def rule(
    name: str,
    operations: Operations,
    text: str,
    check: Check,
    *,
    source: str,
    fails: Changes,
    passes: Changes,
    code: str = "",
    status: int = 400,
) -> Rule:
    """Returns a rule with its own predicate."""
    return Rule(
        name=name,
        operations=(operations,) if isinstance(operations, str) else operations,
        text=text,
        source=source,
        check=check,
        fails=_example(fails),
        passes=_example(passes),
        code=code,
        status=status,
    )


def exclusive(name: str, on: Operations, *members: str, at: str = "", **rest: Any) -> Rule:
    """Returns a rule that a structure has at most one of some members."""
    names = ", ".join(members)

    def check(part: Any, place: str) -> Iterator[str]:
        found = _given(part, members)
        if len(found) > 1:
            yield f"{_in(place)}{' and '.join(found)} are mutually exclusive: specify one of them."

    return _each(name, on, f"At most one of {names} is specified.", check, at, rest)


def exactly_one(name: str, on: Operations, *members: str, at: str = "", **rest: Any) -> Rule:
    """Returns a rule that a structure has exactly one of some members."""
    names = ", ".join(members)

    def check(part: Any, place: str) -> Iterator[str]:
        found = _given(part, members)
        if len(found) != 1:
            got = " and ".join(found) or "none"
            yield f"{_in(place)}Exactly one of {names} must be specified; got {got}."

    return _each(name, on, f"Exactly one of {names} is specified.", check, at, rest)


def any_of(name: str, on: Operations, *members: str, at: str = "", **rest: Any) -> Rule:
    """Returns a rule that a structure has at least one of some members."""
    names = ", ".join(members)

    def check(part: Any, place: str) -> Iterator[str]:
        if not _given(part, members):
            yield f"{_in(place)}At least one of {names} must be specified."

    return _each(name, on, f"At least one of {names} is specified.", check, at, rest)


def required(name: str, on: Operations, *members: str, at: str = "", **rest: Any) -> Rule:
    """Returns a rule that a structure has some members that the model calls optional.

    An empty text counts as missing.
    """
    names = ", ".join(members)
    message = rest.pop("message", None)

    def check(part: Any, place: str) -> Iterator[str]:
        for member in members:
            if not _has(part, member) or part.get(member) == "":
                yield message or f"{_in(place)}{member} is required."

    return _each(name, on, f"{names} must be specified.", check, at, rest)


def requires(
    name: str,
    on: Operations,
    member: str,
    *needed: str,
    at: str = "",
    when: Any = None,
    **rest: Any,
) -> Rule:
    """Returns a rule that a member, or one of its values (`when`), requires other members."""
    condition = _condition(when)

    def check(part: Any, place: str) -> Iterator[str]:
        for _, value in _applies(part, member, condition):
            missing = [other for other in needed if not given(part, other)]
            if missing:
                shown = f"{member} {value}" if when is not None else member
                yield f"{_in(place)}{shown} requires {' and '.join(missing)}."

    text = f"{_shown(member, when)} requires {', '.join(needed)}."
    return _each(name, on, text, check, at, rest)


def forbids(
    name: str,
    on: Operations,
    member: str,
    *others: str,
    at: str = "",
    when: Any = None,
    **rest: Any,
) -> Rule:
    """Returns a rule that a member, or one of its values (`when`), excludes other members."""
    condition = _condition(when)

    def check(part: Any, place: str) -> Iterator[str]:
        for _, value in _applies(part, member, condition):
            found = [other for other in others if given(part, other)]
            if found:
                shown = f"{member} {value}" if when is not None else member
                yield f"{_in(place)}{' and '.join(found)} cannot be specified with {shown}."

    text = f"{_shown(member, when)} cannot be combined with {', '.join(others)}."
    return _each(name, on, text, check, at, rest)


def only_with(
    name: str, on: Operations, member: str, other: str, when: Any, *, at: str = "", **rest: Any
) -> Rule:
    """Returns a rule that a member is allowed only if another one has a value of `when`."""
    condition = _condition(when)

    def check(part: Any, place: str) -> Iterator[str]:
        if given(part, member) and not list(_applies(part, other, condition)):
            got = next((value for _, value in find(part, other)), "none")
            yield (f"{_in(place)}{member} is supported only with {_shown(other, when)}; got {got}.")

    text = f"{member} is supported only with {_shown(other, when)}."
    return _each(name, on, text, check, at, rest)


def at_most(
    name: str, on: Operations, smaller: str, larger: str, *, at: str = "", **rest: Any
) -> Rule:
    """Returns a rule that one member is less than or equal to another one."""
    return _ordered(name, on, smaller, larger, at, rest, strict=False)


def less(
    name: str, on: Operations, smaller: str, larger: str, *, at: str = "", **rest: Any
) -> Rule:
    """Returns a rule that one member is less than another one, or before it in time."""
    return _ordered(name, on, smaller, larger, at, rest, strict=True)


def bounded(
    name: str,
    on: Operations,
    path: str,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    at: str = "",
    when: Condition | None = None,
    **rest: Any,
) -> Rule:
    """Returns a rule that a number is in a range; `when` selects the structures `at` the path."""
    limits = _range(minimum, maximum)

    def check(part: Any, place: str) -> Iterator[str]:
        if when is not None and not when(part):
            return
        for inner, value in find(part, path):
            if (minimum is not None and value < minimum) or (
                maximum is not None and value > maximum
            ):
                yield f"{join(place, inner)} must be {limits}; got {value}."

    text = rest.pop("text", None) or f"{path} is {limits}."
    return _each(name, on, text, check, at, rest)


def sized(
    name: str,
    on: Operations,
    path: str,
    minimum: int | None = None,
    maximum: int | None = None,
    *,
    of: str = "items",
    **rest: Any,
) -> Rule:
    """Returns a rule about the number of items, entries or characters of a value."""
    limits = _range(minimum, maximum)

    def check(call: Call) -> Iterator[str]:
        for place, value in call.values(path):
            size = len(value)
            if (minimum is not None and size < minimum) or (maximum is not None and size > maximum):
                yield f"{place} must have {limits} {of}; got {size}."

    return rule(name, on, f"{path} has {limits} {of}.", check, **rest)


def choice(name: str, on: Operations, path: str, allowed: Iterable[Any], **rest: Any) -> Rule:
    """Returns a rule that a value is one of those that the documentation lists."""
    values = tuple(allowed)
    listed = ", ".join(map(str, values))

    def check(call: Call) -> Iterator[str]:
        for place, value in call.values(path):
            if value not in values:
                yield f"{place} must be one of {listed}; got {value}."

    return rule(name, on, f"{path} is one of {listed}.", check, **rest)


def matching(name: str, on: Operations, path: str, pattern: str, says: str, **rest: Any) -> Rule:
    """Returns a rule that a text matches a pattern, which `says` in words: "must `says`"."""
    expression = re.compile(pattern, re.DOTALL)

    def check(call: Call) -> Iterator[str]:
        for place, value in call.values(path):
            if not expression.fullmatch(value):
                yield f"{place} must {says}; got {value!r:.120}."

    return rule(name, on, f"{path} must {says}.", check, **rest)


def without(name: str, on: Operations, path: str, pattern: str, says: str, **rest: Any) -> Rule:
    """Returns a rule that a text does not match a pattern, which `says` in words."""
    expression = re.compile(pattern, re.DOTALL)

    def check(call: Call) -> Iterator[str]:
        for place, value in call.values(path):
            if expression.search(value):
                yield f"{place} must not {says}; got {value!r:.120}."

    return rule(name, on, f"{path} must not {says}.", check, **rest)


def unique(name: str, on: Operations, path: str, member: str = "", **rest: Any) -> Rule:
    """Returns a rule that the items of a list, or one member of them, are unique."""
    shown = f"{path}[].{member}" if member else f"{path}[]"

    def check(call: Call) -> Iterator[str]:
        for place, items in call.values(path):
            every = [item.get(member) if member else item for item in items]
            values = [value for value in every if value is not None]
            if repeated := sorted({str(one) for one in values if values.count(one) > 1}):
                named = f"{member} in {place}" if member else place
                yield f"{named} must be unique; got {', '.join(repeated)} more than once."

    return rule(name, on, f"The values of {shown} are unique.", check, **rest)


def in_state(
    name: str,
    on: Operations,
    read: str,
    member: str,
    *,
    keys: Mapping[str, str],
    allowed: tuple[str, ...] = (),
    rejected: tuple[str, ...] = (),
    message: str = "",
    **rest: Any,
) -> Rule:
    """Returns a rule about the status of the resource that an operation changes.

    A resource that does not exist breaks no rule: the operation rejects it.

    Args:
        name: the name of the rule.
        on: the operations.
        read: the operation that describes the resource.
        member: the path of the status in its response.
        keys: the members of the request of `read` by those of the request of the operation.
        allowed: the statuses in which the operation is allowed. Defaults to all but `rejected`.
        rejected: the statuses in which it is rejected.
        message: the message, with `{status}` and the names of `keys`. Defaults to a general one.
        rest: source, examples and error code.
    """

    def check(call: Call) -> Iterator[str]:
        asked = {inner: call.get(outer) for outer, inner in keys.items()}
        if None in asked.values():
            return
        described = call.read(read, asked)
        status = next((value for _, value in find(described, member)), None)
        if status is None:
            return
        if status in rejected or (allowed and status not in allowed):
            named = " ".join(str(value) for value in asked.values())
            text = message or (
                f"{call.operation} is not allowed for {named} in status {{status}}; {says}."
            )
            yield text.format(status=status, **{outer: call.get(outer) for outer in keys})

    says = (
        f"allowed statuses: {', '.join(allowed)}"
        if allowed
        else f"not allowed statuses: {', '.join(rejected)}"
    )
    which = f"is {' or '.join(allowed)}" if allowed else f"is not {' or '.join(rejected)}"
    return rule(name, on, f"{member} ({read}) {which}.", check, **rest)


def _each(
    name: str,
    on: Operations,
    text: str,
    check: Callable[[Any, str], Iterable[str]],
    at: str,
    rest: Mapping[str, Any],
) -> Rule:
    """Returns a rule about each structure at a path."""

    def check_all(call: Call) -> Iterator[str]:
        for place, part in call.values(at):
            yield from check(part, place)

    where = f"{at}: " if at else ""
    return rule(name, on, where + text, check_all, **rest)


def _ordered(
    name: str,
    on: Operations,
    smaller: str,
    larger: str,
    at: str,
    rest: Mapping[str, Any],
    *,
    strict: bool,
) -> Rule:
    relation = "less than" if strict else "less than or equal to"

    def check(part: Any, place: str) -> Iterator[str]:
        for _, low in find(part, smaller):
            for _, high in find(part, larger):
                if low > high or (strict and low == high):
                    yield f"{_in(place)}{smaller} must be {relation} {larger} ({high}); got {low}."

    return _each(name, on, f"{smaller} is {relation} {larger}.", check, at, rest)


def _example(changes: Changes) -> Example:
    return changes if isinstance(changes, Example) else Example(changes)


def _in(place: str) -> str:
    return f"{place}: " if place else ""


def _has(part: Any, member: str) -> bool:
    return any(True for _ in find(part, member))


def _given(part: Any, members: Iterable[str]) -> list[str]:
    return [member for member in members if given(part, member)]


def _condition(when: Any) -> Condition:
    if when is None:
        return lambda value: value not in (False, {}, [])
    values = when if isinstance(when, tuple) else (when,)
    return lambda value: value in values


def _applies(part: Any, member: str, condition: Condition) -> Iterator[tuple[str, Any]]:
    return ((place, value) for place, value in find(part, member) if condition(value))


def _shown(member: str, when: Any) -> str:
    if when is None:
        return member
    values = when if isinstance(when, tuple) else (when,)
    return f"{member} {' or '.join(map(str, values))}"


def _range(minimum: float | None, maximum: float | None) -> str:
    if minimum is None:
        return f"at most {maximum:,}"
    if maximum is None:
        return f"at least {minimum:,}"
    return f"{minimum:,} to {maximum:,}"
