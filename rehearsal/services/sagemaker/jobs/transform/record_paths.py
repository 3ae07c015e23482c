"""The JSONPath expressions that batch transform takes for InputFilter and OutputFilter.

Its subset of JSONPath: `$`, `.name`, `.*`, `['name', 'other']`, `[0, -1]`, `[1:3]`; see "Associate
prediction results with input records" in the SageMaker developer guide.
"""

from __future__ import annotations

import re
from typing import Any

_PART = re.compile(r"\.(?P<name>\*|[A-Za-z_][\w-]*)|\[(?P<bracket>[^\[\]]*)\]")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*")
_Step = str | list[str] | list[int] | slice


class RecordPath:
    """An expression. Raises ValueError for one that batch transform does not take."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        if not expression.startswith("$"):
            raise self._invalid()
        self._steps: list[_Step] = []
        position = 1
        while position < len(expression):
            match = _PART.match(expression, position)
            if match is None:
                raise self._invalid()
            self._steps.append(match["name"] or self._bracket(match["bracket"]))
            position = match.end()

    def _bracket(self, text: str) -> _Step:
        if text.strip() == "*":
            return "*"
        if found := _SLICE.fullmatch(text):
            start, end = (int(bound) if bound else None for bound in found.groups())
            return slice(start, end)
        items = [item.strip() for item in text.split(",")]
        quoted = [_QUOTED.fullmatch(item) for item in items]
        if all(quoted):
            return [match[1] or match[2] or "" for match in quoted if match]
        try:
            return [int(item) for item in items]
        except ValueError:
            raise self._invalid() from None

    def _invalid(self) -> ValueError:
        return ValueError(
            f"{self.expression} is not an expression that batch transform takes: it begins with $, "
            "followed by .name, ['name'], [index], [start:end] or *."
        )

    def select(self, record: Any) -> Any:
        """What the expression selects of a record.

        Of an object, several names make an object with those members. Raises ValueError where
        there is nothing.
        """
        for step in self._steps:
            record = self._step(record, step)
        return record

    def _step(self, value: Any, step: _Step) -> Any:
        try:
            match step:
                case "*":
                    return list(value.values()) if isinstance(value, dict) else list(value)
                case str():
                    return value[step]
                case slice():
                    return value[step]
                case [str(), *_] if len(step) == 1:
                    return value[step[0]]
                case [str(), *_]:
                    return {name: value[name] for name in step}
                case _ if len(step) == 1:
                    return value[step[0]]
            return [value[index] for index in step]
        except (KeyError, IndexError, TypeError, AttributeError):
            raise ValueError(f"{self.expression} selects nothing of {value!r}") from None
