"""Texts that settings accept, and how a refusal and the JSON schema say so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Accepts what `accepts` neither denies nor raises for; says what is allowed otherwise.

    Args:
        description: what is allowed, as a refusal and an editor show it.
        accepts: whether a text is allowed.
        schema: keywords of JSON schema that say the same, as far as it can. Default: none.
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
    """Accepts what only a function can say; the schema describes it in words."""
    return Allowed(description=description, accepts=accepts)


def matching(pattern: str, description: str) -> Allowed:
    """Accepts what the whole pattern matches, without digits and letters of other scripts."""
    return Allowed(
        description=description,
        accepts=re.compile(pattern, re.ASCII).fullmatch,
        schema={"pattern": f"^(?:{pattern})$"},
    )


def one_of(values: Sequence[str], description: str) -> Allowed:
    """Accepts the values alone."""
    return Allowed(
        description=description, accepts=values.__contains__, schema={"enum": list(values)}
    )
