"""Conditions of Condition steps."""

import json
import operator
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.services.sagemaker.pipelines.references import is_variable
from rehearsal.services.sagemaker.pipelines.value_types import BOOLEAN, Types

Resolve = Callable[[Any], Any]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
ORDERINGS = COMPARISONS.keys() - {"Equals"}


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
    for member in {"Values", "Conditions"} & members & condition.keys():
        if not isinstance(condition[member], list) or not condition[member]:
            report.append(
                f"Expecting start of Json Array. ({where}: {member} of condition {kind} is a "
                f"non-empty list; got {condition[member]!r}.)"
            )
            return
    for nested in _inner(condition):
        check_condition(nested, where, report)


def _members(kind: Any) -> set[str] | None:
    if not isinstance(kind, str):
        return None
    if kind in COMPARISONS:
        return {"LeftValue", "RightValue"}
    return {"In": {"QueryValue", "Values"}, "Not": {"Condition"}, "Or": {"Conditions"}}.get(kind)


def _inner(condition: Mapping[str, Any]) -> list[Any]:
    """Returns the conditions inside of a condition."""
    if condition["Type"] == "Not":
        return [condition["Condition"]] if "Condition" in condition else []
    return list(condition.get("Conditions") or ()) if condition["Type"] == "Or" else []


def check_condition_types(condition: Mapping[str, Any], where: str, types: Types) -> None:
    """Reports sides of a condition that cannot be compared with each other.

    Args:
        condition: a condition without problems of its form.
        where: the name of the step.
        types: the types of references, whose report takes the problems.
    """
    kind = condition["Type"]
    for nested in _inner(condition):
        check_condition_types(nested, where, types)
    if kind == "In":
        for value in condition["Values"]:
            _check_comparison(kind, condition["QueryValue"], value, where, types)
    elif kind in COMPARISONS:
        _check_comparison(kind, condition["LeftValue"], condition["RightValue"], where, types)


def _check_comparison(kind: str, left: Any, right: Any, where: str, types: Types) -> None:
    sides = []
    for side in (left, right):
        if not is_variable(side) and not isinstance(side, str | int | float):
            types.report.append(f"{where}: condition {kind} compares values; got {side!r}.")
            return
        sides.append((_shown(side), types.of_side(side)))
    for shown, found in sides:
        if found in ("Object", "Array", "Map") or (found == BOOLEAN and kind in ORDERINGS):
            types.report.append(
                f"{where}: condition {kind} cannot compare {shown}, which has type {found}."
            )
            return
    (left_text, left_type), (right_text, right_type) = sides
    if left_type and right_type and _family(left_type) != _family(right_type):
        types.report.append(
            f"{where}: condition {kind} cannot compare {left_text} of type {left_type} with "
            f"{right_text} of type {right_type}."
        )


def _family(name: str) -> str:
    """Returns the same name for types that can be compared with each other."""
    return {"Integer": "number", "Float": "number", "DateTime": "String"}.get(name, name)


def _shown(side: Any) -> str:
    return f"[{next(iter(side.values()))}]" if is_variable(side) else json.dumps(side)


def holds(condition: Mapping[str, Any], resolve: Resolve) -> bool:
    """Evaluates a condition.

    Raises:
        ConditionError: the values cannot be compared.
    """
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Condition"], resolve)
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
    """Compares two numbers, or two texts such as times, in their order of characters."""
    if isinstance(left, str) and isinstance(right, str):
        return COMPARISONS[kind](left, right)
    for side in (left, right):
        if isinstance(side, bool) or not isinstance(side, int | float):
            raise ConditionError(
                f"{kind} compares two numbers or two strings; got {left!r} and {right!r}"
            )
    return COMPARISONS[kind](left, right)
