"""Validated strings of settings, with their description in errors and in the JSON schema."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Defines a validated string, for `Annotated`.

    Args:
        description: allowed values, as errors and editors show them.
        accepts: function that returns a false value, or raises ValueError, for a value that is not
            allowed.
        schema: JSON schema keywords for the same rule, as far as JSON schema supports it. Defaults
            to {}: no keywords.
    """

    description: str
    accepts: Callable[[str], object]
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "description": self.description, **self.schema}

    def _checked(self, value: str) -> str:
        try:
            accepted = self.accepts(value)
        except ValueError:
            accepted = False
        if not accepted:
            raise ValueError(self.description)
        return value


def allowed(description: str, accepts: Callable[[str], object]) -> Allowed:
    """Returns a string that a function validates; the schema only has its description."""
    return Allowed(description=description, accepts=accepts)


def matching(pattern: str, description: str) -> Allowed:
    """Returns a string that matches a whole pattern, with ASCII digits and letters only."""
    return Allowed(
        description=description,
        accepts=re.compile(pattern, re.ASCII).fullmatch,
        schema={"pattern": f"^(?:{pattern})$"},
    )


def one_of(values: Sequence[str], description: str) -> Allowed:
    """Returns a string with one of several values."""
    return Allowed(
        description=description, accepts=values.__contains__, schema={"enum": list(values)}
    )
