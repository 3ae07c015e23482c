"""A rule of AWS about requests: a predicate with AWS's source, error code and two examples.

Example:
    ```python
    RULES = Catalogue(
        "sagemaker",
        bounded(
            "transform-payload",
            "CreateTransformJob",
            "MaxPayloadInMB",
            None,
            100,
            source="CreateTransformJob, MaxPayloadInMB",
            fails={"MaxPayloadInMB": 101},
            passes={"MaxPayloadInMB": 100},
        ),
    )
    ```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.framework.rules.paths import find

Request = Mapping[str, Any]
Read = Callable[[str, Request], Mapping[str, Any] | None]
"""read(operation, request) -> response, or None if the operation fails."""


def read_nothing(operation: str, request: Request) -> Mapping[str, Any] | None:
    """Returns None: no resource exists."""
    return None


@dataclass(frozen=True)
class Call:
    """A request that rules evaluate.

    Args:
        operation: the API name of the operation.
        request: the request.
        read: reads the state of resources by an operation of the same service, such as
            `DescribeEndpoint`. Defaults to one for which no resource exists.
        region: the region of the request. Defaults to the empty string: it is not known.
    """

    operation: str
    request: Request
    read: Read = read_nothing
    region: str = ""

    def values(self, path: str) -> list[tuple[str, Any]]:
        """Returns the values to which a path leads, with their places."""
        return list(find(self.request, path))

    def get(self, path: str) -> Any:
        """Returns the first value to which a path leads, or None."""
        return next((value for _, value in find(self.request, path)), None)


Check = Callable[[Call], Iterable[str]]
"""Returns a message for each violation of a rule."""


@dataclass(frozen=True)
class Example:
    """A request, as changes of the smallest one that the service's model accepts.

    Args:
        changes: the values of members by their paths, as `ProductionVariants[0].ModelName`. None
            removes a member.
        state: the responses of the operations that the rule reads, by operation. Defaults to none:
            no resource exists.
        operation: the operation of the request. Defaults to the first one of the rule.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    operation: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule about the requests of some operations.

    Args:
        name: the name, unique in the service.
        operations: the API names of the operations.
        text: the rule as a sentence, for the documentation.
        source: the page or the member of AWS's documentation that states it.
        check: returns a message for each violation.
        fails: a request that breaks this rule.
        passes: a request that breaks no rule.
        code: the error code. Defaults to the service's code for requests that break its model.
        status: the HTTP status of the error. Defaults to 400.
    """

    name: str
    operations: tuple[str, ...]
    text: str
    source: str
    check: Check
    fails: Example
    passes: Example
    code: str = ""
    status: int = 400


class Catalogue:
    """The rules of a service.

    Args:
        service: botocore's name of the service.
        rules: the rules, in the order of their evaluation.
        error: the error code of rules that name none.

    Raises:
        ValueError: two rules have one name.
    """

    def __init__(self, service: str, *rules: Rule, error: str = "ValidationException") -> None:
        names = [rule.name for rule in rules]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{service} has several rules named {', '.join(repeated)}")
        self.service = service
        self.rules = rules
        self._error = error
        self._by_operation: dict[str, list[Rule]] = {}
        for rule in rules:
            for operation in rule.operations:
                self._by_operation.setdefault(operation, []).append(rule)

    @property
    def operations(self) -> frozenset[str]:
        """The API names of the operations that have rules."""
        return frozenset(self._by_operation)

    def of(self, operation: str) -> list[Rule]:
        """Returns the rules of an operation."""
        return self._by_operation.get(operation, [])

    def code(self, rule: Rule) -> str:
        """Returns the error code of a rule."""
        return rule.code or self._error

    def evaluate(self, call: Call) -> tuple[Rule, str] | None:
        """Returns the first rule that a request breaks, with the message, or None."""
        for rule in self.of(call.operation):
            for message in rule.check(call):
                return rule, message
        return None

    def enforce(self, call: Call) -> None:
        """Raises AwsError for the first rule that a request breaks."""
        if broken := self.evaluate(call):
            rule, message = broken
            raise AwsError(self.code(rule), message, rule.status)
