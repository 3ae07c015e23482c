"""Parser of metric math expressions.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]]))"
)
# From the lowest precedence to the highest.
_LEVELS = (("||", "OR"), ("&&", "AND"), ("==", "!=", "<", ">", "<=", ">="), ("+", "-"), ("*", "/"))
_SAME = {"OR": "||", "AND": "&&"}


class ExpressionError(ValueError):
    """An expression that cannot be parsed or computed."""


@dataclass(frozen=True)
class Node:
    """A number, a text, an id, or an operator, function (`call`) or list with its arguments."""

    kind: str
    text: str = ""
    number: float = 0.0
    arguments: tuple[Node, ...] = field(default=())

    def ids(self) -> set[str]:
        """Returns the ids of other queries in the tree."""
        own = {self.text} if self.kind == "id" else set()
        return own.union(*(argument.ids() for argument in self.arguments))

    def functions(self) -> set[str]:
        """Returns the functions that the tree calls."""
        own = {self.text} if self.kind == "call" else set()
        return own.union(*(argument.functions() for argument in self.arguments))


def parse(expression: str) -> Node:
    """Parses an expression.

    Raises:
        ExpressionError: the expression is malformed.
    """
    reader = _Reader(_tokens(expression), expression)
    node = reader.level(0)
    reader.end()
    return node


def _tokens(expression: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while expression[place:].strip():
        match = _TOKEN.match(expression, place)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"Error in expression: {expression[place:].strip()[:20]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]], expression: str) -> None:
        self._tokens = tokens
        self._place = 0
        self._expression = expression

    def level(self, number: int) -> Node:
        if number == len(_LEVELS):
            return self._power()
        left = self.level(number + 1)
        while self._peek()[1].upper() in _LEVELS[number]:
            sign = self._next()[1].upper()
            right = self.level(number + 1)
            left = Node("operator", _SAME.get(sign, sign), arguments=(left, right))
        return left

    def end(self) -> None:
        if self._place < len(self._tokens):
            self._fail()

    def _power(self) -> Node:
        if self._peek() == ("sign", "-"):
            self._next()
            return Node("operator", "-", arguments=(Node("number"), self._power()))
        left = self._operand()
        if self._peek()[1] == "^":
            self._next()
            return Node("operator", "^", arguments=(left, self._power()))
        return left

    def _operand(self) -> Node:
        kind, text = self._next()
        if kind == "number":
            return Node("number", number=float(text))
        if kind == "text":
            return Node("text", text[1:-1])
        if kind == "name":
            if self._peek()[1] == "(":
                self._next()
                return Node("call", text.upper(), arguments=self._until(")"))
            # Ids begin with a lower-case letter, keywords do not.
            return Node("id" if text[0].islower() else "word", text)
        if text == "(":
            node = self.level(0)
            self._expect(")")
            return node
        if text == "[":
            return Node("list", arguments=self._until("]"))
        self._place -= 1
        return self._fail()

    def _until(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while self._peek()[1] != closing:
            if found:
                self._expect(",")
            found.append(self.level(0))
        self._next()
        return tuple(found)

    def _expect(self, sign: str) -> None:
        if self._peek()[1] != sign:
            self._fail()
        self._next()

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        if token == ("", ""):
            self._fail()
        self._place += 1
        return token

    def _fail(self) -> Node:
        kind, text = self._peek()
        where = f"at {text!r}" if kind else "at its end"
        raise ExpressionError(f"Error in expression {self._expression!r} {where}")
