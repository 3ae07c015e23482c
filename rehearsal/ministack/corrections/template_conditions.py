"""The Conditions of a template, with each intrinsic function that CloudFormation allows in them."""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import engine

from rehearsal.ministack.registry import CLOUDFORMATION, patch

_LOGIC = ("Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition")


@patch(
    f"{CLOUDFORMATION}.engine:_evaluate_conditions",
    why=(
        "Conditions support Ref and Fn::Select only; any other function counts as a value, which "
        "turns the default policy of the bootstrap template off."
    ),
    until="ministack resolves each intrinsic function in Conditions.",
)
def evaluate(
    previous: object, template: Mapping[str, Any], params: Mapping[str, Any]
) -> dict[str, bool]:
    """Returns the value of each condition.

    Raises:
        ValueError: a condition is malformed, or refers to an unknown one.
    """
    definitions = template.get("Conditions") or {}
    values: dict[str, bool] = {}

    def named(name: str) -> bool:
        if name not in values:
            if name not in definitions:
                raise ValueError(f"Template format error: Unresolved condition {name}")
            values[name] = truth(definitions[name])
        return values[name]

    def truth(expression: Any) -> bool:
        if not isinstance(expression, Mapping) or len(expression) != 1:
            raise ValueError(f"Template format error: {expression!r} is not a condition")
        function, argument = next(iter(expression.items()))
        if function not in _LOGIC:
            raise ValueError(f"Template format error: {function} is not a condition function")
        rules: dict[str, Callable[[], bool]] = {
            "Condition": lambda: named(argument),
            "Fn::Not": lambda: not truth(argument[0]),
            "Fn::And": lambda: all(truth(item) for item in argument),
            "Fn::Or": lambda: any(truth(item) for item in argument),
            "Fn::Equals": lambda: _same(*(value(item) for item in argument)),
        }
        return rules[function]()

    def value(expression: Any) -> Any:
        return engine._resolve_refs(
            expression, {}, params, values, template.get("Mappings") or {}, "", ""
        )

    for name in definitions:
        named(name)
    return values


def _same(left: Any, right: Any) -> bool:
    return bool(_text(left) == _text(right))


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
