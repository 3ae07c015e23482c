"""Rules of composite alarms, such as `ALARM("a") AND NOT (OK(b) OR ALARM(c))`.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.framework.platform import AwsError

_TOKEN = re.compile(r"\s*(\(|\)|\"[^\"]*\"|[^\s()\"]+)")
_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
StateOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Rule:
    """A part of a rule: `kind` is a state, AND, OR, NOT, TRUE or FALSE."""

    kind: str
    alarm: str = ""
    parts: tuple[Rule, ...] = ()

    def holds(self, state_of: StateOf) -> bool:
        """Returns True if the rule holds for the states of alarms."""
        match self.kind:
            case "AND":
                return all(part.holds(state_of) for part in self.parts)
            case "OR":
                return any(part.holds(state_of) for part in self.parts)
            case "NOT":
                return not self.parts[0].holds(state_of)
            case "TRUE" | "FALSE":
                return self.kind == "TRUE"
        return state_of(self.alarm) == self.kind

    def alarms(self) -> list[str]:
        """Returns the names of the alarms in the rule, in its order."""
        found = [self.alarm] if self.alarm else []
        for part in self.parts:
            found += part.alarms()
        return list(dict.fromkeys(found))


def parse(text: str) -> Rule:
    """Parses a rule.

    Raises:
        AwsError: ValidationError, if the rule is malformed.
    """
    reader = _Reader(text)
    rule = reader.either()
    reader.end()
    return rule


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [match[1] for match in _TOKEN.finditer(text)]
        self._place = 0

    def either(self) -> Rule:
        return self._joined("OR", self._both)

    def _both(self) -> Rule:
        return self._joined("AND", self._one)

    def _joined(self, word: str, read: Callable[[], Rule]) -> Rule:
        parts = [read()]
        while self._peek() == word:
            self._place += 1
            parts.append(read())
        return parts[0] if len(parts) == 1 else Rule(word, parts=tuple(parts))

    def _one(self) -> Rule:
        word = self._next()
        if word == "NOT":
            return Rule("NOT", parts=(self._one(),))
        if word == "(":
            rule = self.either()
            self._take(")")
            return rule
        if word in ("TRUE", "FALSE"):
            return Rule(word)
        if word not in _STATES:
            self._fail(word)
        self._take("(")
        name = self._next().strip('"')
        self._take(")")
        return Rule(word, alarm=name.rpartition(":alarm:")[2])

    def end(self) -> None:
        if self._place < len(self._tokens):
            self._fail(self._peek())

    def _take(self, sign: str) -> None:
        if self._next() != sign:
            self._fail(self._tokens[self._place - 1])

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            self._fail("<EOF>")
        self._place += 1
        return token

    def _fail(self, token: str) -> None:
        raise AwsError(
            "ValidationError", f"Error in AlarmRule [Unsupported token '{token}']: {self._text}"
        )
