"""Conditions of Condition steps."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

Resolve = Callable[[Any], Any]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


class ConditionError(Exception):
    """A condition cannot be evaluated; the text says why."""


def check_condition(condition: Any, where: str, report: list[str]) -> None:
    """Reports problems with the form of a condition."""
    kind = condition.get("Type") if isinstance(condition, Mapping) else None
    members = _members(kind)
    if members is None:
        known = ", ".join([*COMPARISONS, "In", "Not", "Or"])
        report.append(f"{where}: condition Type {kind!r} is not one of {known}.")
        return
    for member in sorted(members ^ (condition.keys() - {"Type"})):
        word = "needs" if member in members else "has no member"
        report.append(f"{where}: condition {kind} {word} {member}.")
    inner = [condition["Expression"]] if "Expression" in condition else condition.get("Conditions")
    for nested in inner or ():
        check_condition(nested, where, report)


def _members(kind: Any) -> set[str] | None:
    if kind in COMPARISONS:
        return {"LeftValue", "RightValue"}
    return {"In": {"QueryValue", "Values"}, "Not": {"Expression"}, "Or": {"Conditions"}}.get(kind)


def holds(condition: Mapping[str, Any], resolve: Resolve) -> bool:
    """Evaluates a condition.

    Raises:
        ConditionError: the values cannot be compared.
    """
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Expression"], resolve)
    if kind == "Or":
        return any(holds(inner, resolve) for inner in condition["Conditions"])
    if kind == "In":
        query = resolve(condition["QueryValue"])
        return any(_same(query, resolve(value)) for value in condition["Values"])
    left, right = resolve(condition["LeftValue"]), resolve(condition["RightValue"])
    if kind == "Equals":
        return _same(left, right)
    return _compare(kind, left, right)


def _same(left: Any, right: Any) -> bool:
    # A bool equals 0 or 1 in Python, never in a definition.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _compare(kind: str, left: Any, right: Any) -> bool:
    numbers = [_number(left), _number(right)]
    if None in numbers:
        raise ConditionError(f"{kind} compares numbers; got {left!r} and {right!r}")
    return bool(COMPARISONS[kind](*numbers))


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
