"""Rules of tags and of Search, and those of the runtimes."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import exactly_one, rule
from rehearsal.framework.rules.rule import Call, Example
from rehearsal.framework.rules.tagging import tag_rules

_MAX_EXPRESSIONS = 50
_MAX_SERVERLESS_BYTES = 4 * 1024**2
_INVOKE = ("InvokeEndpoint", "InvokeEndpointWithResponseStream")
_EXPRESSIONS = ("Filters", "NestedFilters", "SubExpressions")


def _number(expression: Mapping[str, Any]) -> int:
    nested = len(expression.get("Filters") or ()) + sum(
        1 + len(one.get("Filters") or ()) for one in expression.get("NestedFilters") or ()
    )
    return nested + sum(1 + _number(one) for one in expression.get("SubExpressions") or ())


def _expressions(call: Call) -> Iterator[str]:
    number = _number(call.get("SearchExpression") or {})
    if number > _MAX_EXPRESSIONS:
        yield (
            f"SearchExpression can have {_MAX_EXPRESSIONS} SubExpressions, NestedFilters and "
            f"Filters; got {number}."
        )


def _empty(expression: Mapping[str, Any] | None) -> bool:
    if expression is None:
        return False
    if not any(expression.get(name) for name in _EXPRESSIONS):
        return True
    return any(_empty(one) for one in expression.get("SubExpressions") or ())


def _serverless_payload(call: Call) -> Iterator[str]:
    body = call.get("Body") or b""
    found = call.read("DescribeEndpoint", {"EndpointName": call.get("EndpointName")}) or {}
    serverless = any(
        "CurrentServerlessConfig" in variant for variant in found.get("ProductionVariants") or ()
    )
    if serverless and len(body) > _MAX_SERVERLESS_BYTES:
        yield (f"The payload of a serverless endpoint has at most 4 MB; got {len(body)} bytes.")


def _serverless() -> dict[str, Any]:
    variant = {"CurrentServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
    return {"DescribeEndpoint": {"ProductionVariants": [variant]}}


RULES = (
    *tag_rules("sagemaker", source='Tag, Key; "Tag naming limits" of Tagging AWS Resources'),
    rule(
        "search-expression",
        "Search",
        "A SearchExpression has filters, nested filters or subexpressions.",
        lambda call: (
            ["SearchExpression needs at least one of Filters, NestedFilters and SubExpressions"]
            if _empty(call.get("SearchExpression"))
            else []
        ),
        source="SearchExpression",
        fails={"SearchExpression.Operator": "And"},
        passes={"SearchExpression.Filters[0].Name": "TrainingJobName"},
    ),
    rule(
        "search-size",
        "Search",
        "A SearchExpression has at most 50 subexpressions, nested filters and filters.",
        _expressions,
        source="Search, SearchExpression",
        fails={
            f"SearchExpression.SubExpressions[{a}].Filters[{b}].Name": "TrainingJobName"
            for a in range(3)
            for b in range(16)
        },
        passes={"SearchExpression.Filters[0].Name": "TrainingJobName"},
    ),
)

RUNTIME_RULES = (
    exactly_one(
        "async-input",
        "InvokeEndpointAsync",
        "InputLocation",
        "Body",
        source="InvokeEndpointAsync, Body",
        fails={"InputLocation": "s3://bucket/input", "Body": b"1"},
        passes={"InputLocation": "s3://bucket/input"},
    ),
    rule(
        "serverless-payload",
        _INVOKE,
        "A request to a serverless endpoint has at most 4 MB.",
        _serverless_payload,
        source='"Invoke a serverless endpoint" in the Developer Guide',
        fails=Example({"Body": b"0" * (_MAX_SERVERLESS_BYTES + 1)}, _serverless()),
        passes=Example({"Body": b"0" * _MAX_SERVERLESS_BYTES}, _serverless()),
    ),
)
