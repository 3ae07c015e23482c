"""Variables in policies, as `${aws:SourceIdentity}` in a resource or in the value of a condition.

A statement does not match if the request lacks the key of a variable that has no default. The same
holds for a value with a wildcard, which AWS takes literally and ministack's patterns cannot.

Source: "IAM policy elements: Variables and tags" in IAM's guide.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable
from typing import Any

from ministack.core import iam_evaluator

from rehearsal.ministack.registry import patch

_VARIABLE = re.compile(r"\$\{([^}$*?,]+)(?:,\s*'([^']*)')?\}")


class _UnknownError(Exception):
    """A variable without a value."""


_WHY = "A variable counts as text, so a statement with one never matches."
_UNTIL = "ministack gives the variables of policies their values."


@patch("ministack.core.iam_evaluator:_first_match", why=_WHY, until=_UNTIL)
def first_match(previous: Callable[..., Any], ctx: Any, stmts: Iterable[Any], effect: str) -> Any:
    for statement in stmts:
        known = _with_values(statement, ctx) if _has_variables(statement) else statement
        if known is not None and previous(ctx, [known], effect):
            return statement
    return None


@patch("ministack.core.iam_evaluator:_conditions_met", why=_WHY, until=_UNTIL)
def conditions_met(previous: Callable[..., Any], conditions: Any, ctx: Any) -> bool:
    """Also those of a trust policy, which is compared statement by statement elsewhere."""
    if conditions and "${" in str(conditions):
        try:
            conditions = _with_values_in(conditions, ctx)
        except _UnknownError:
            return False
    return bool(previous(conditions, ctx))


def _has_variables(statement: Any) -> bool:
    named = (*statement.resources, *statement.not_resources)
    return any("${" in one for one in named) or bool(
        statement.conditions and "${" in str(statement.conditions)
    )


def _with_values(statement: Any, context: Any) -> Any:
    """Returns the statement for one request, or None if a variable has no value in it."""
    try:
        return dataclasses.replace(
            statement,
            resources=_valued(statement.resources, context),
            not_resources=_valued(statement.not_resources, context),
            conditions=_with_values_in(statement.conditions, context),
        )
    except _UnknownError:
        return None


def _with_values_in(conditions: Any, context: Any) -> Any:
    return {
        operator: {key: _valued(expected, context) for key, expected in asked.items()}
        for operator, asked in conditions.items()
    }


def _valued(value: Any, context: Any) -> Any:
    if isinstance(value, list):
        return [_valued(one, context) for one in value]
    if not isinstance(value, str):
        return value

    def known(found: re.Match[str]) -> str:
        given = iam_evaluator._resolve_condition_key(found[1], context)
        text = found[2] if given is None else given
        if not isinstance(text, str) or set("*?") & set(text):
            raise _UnknownError
        return text

    return _VARIABLE.sub(known, value)
