"""Variables in policies, as `${aws:SourceIdentity}` in a resource or in the value of a condition.

ministack takes them for text, so that a statement with one never matches. A variable whose key the
request lacks, and that has no default, keeps the statement from matching; so does a value with a
wildcard, which AWS takes literally and ministack's patterns cannot.

Source: "IAM policy elements: Variables and tags" in IAM's guide.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from ministack.core import iam_evaluator

_VARIABLE = re.compile(r"\$\{([^}$*?,]+)(?:,\s*'([^']*)')?\}")


class _UnknownError(Exception):
    """A variable without a value."""


def install() -> None:
    """Gives variables their values where a statement is compared with a request."""
    stock = iam_evaluator._first_match

    def first_match(context: Any, statements: Iterable[Any], effect: str) -> Any:
        for statement in statements:
            known = _with_values(statement, context) if _has_variables(statement) else statement
            if known is not None and stock(context, [known], effect):
                return statement
        return None

    stock_conditions = iam_evaluator._conditions_met

    def conditions_met(conditions: Any, context: Any) -> bool:
        """Also those of a trust policy, which is compared statement by statement elsewhere."""
        if conditions and "${" in str(conditions):
            try:
                conditions = _with_values_in(conditions, context)
            except _UnknownError:
                return False
        return bool(stock_conditions(conditions, context))

    iam_evaluator._first_match = first_match
    iam_evaluator._conditions_met = conditions_met


def _has_variables(statement: Any) -> bool:
    named = (*statement.resources, *statement.not_resources)
    return any("${" in one for one in named) or bool(
        statement.conditions and "${" in str(statement.conditions)
    )


def _with_values(statement: Any, context: Any) -> Any:
    """The statement for one request; None when a variable has no value in it."""
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
