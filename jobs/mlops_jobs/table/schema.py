"""The fitted preprocessing, as data: type and encoding of every column.

It is stored as `schema.json` beside the model, so that training, evaluation and serving read a row
in the same way, and loading a model runs no code.
"""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.raw import MISSING

VERSION = 1
FILE = "schema.json"  # its name in the outputs of preprocessing and in a model artifact


class Kind(StrEnum):
    """Types of columns."""

    NUMERIC = "numeric"
    CATEGORY = "category"
    IGNORED = "ignored"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the raw table.

    Args:
        name: heading of the column.
        kind: type of the column; an ignored column is accepted in a row and not used.
        categories: known categories of a category column, in the order of their codes. Defaults to
            none.
        reason: reason why an ignored column is not used. Defaults to "".
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    reason: str = ""

    @cached_property
    def codes(self) -> dict[str, float]:
        """Code of each category."""
        return {category: float(code) for code, category in enumerate(self.categories)}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Encoding of raw rows, and decoding of the model's predictions.

    Args:
        problem_type: kind of target.
        target: heading of the target column.
        columns: all raw columns except the target, in the order of the raw table.
        labels: labels of the target, in the order of the model's classes; the second of two labels
            is the positive one. Defaults to none, as for a regression.
        missing: spellings of a missing value. Defaults to `MISSING`.
    """

    problem_type: ProblemType
    target: str
    columns: tuple[Column, ...]
    labels: tuple[str, ...] = ()
    missing: frozenset[str] = field(default=frozenset(MISSING))

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """Columns that the model reads, in its order."""
        return tuple(column for column in self.columns if column.kind is not Kind.IGNORED)

    @cached_property
    def feature_types(self) -> list[str]:
        """XGBoost's type of each feature."""
        return ["c" if column.kind is Kind.CATEGORY else "float" for column in self.features]

    def to_json(self) -> str:
        """Returns the schema as JSON; equal schemas have equal texts."""
        document = {"version": VERSION} | asdict(self) | {"missing": sorted(self.missing)}
        return json.dumps(document, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Schema":
        """Reads a schema that `to_json` wrote.

        Args:
            text: the JSON text.

        Raises:
            InputError: the text is not a schema of this version.
        """
        try:
            document: dict[str, Any] = json.loads(text)
            version = document["version"]
            if version != VERSION:
                raise ValueError(f"version: got {version!r}; allowed: {VERSION}")
            return cls(
                problem_type=ProblemType(document["problem_type"]),
                target=document["target"],
                columns=tuple(_column(entry) for entry in document["columns"]),
                labels=tuple(document["labels"]),
                missing=frozenset(document["missing"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"schema.json: cannot be read as a schema: {error!r}") from error


def _column(entry: dict[str, Any]) -> Column:
    return Column(
        name=entry["name"],
        kind=Kind(entry["kind"]),
        categories=tuple(entry["categories"]),
        reason=entry["reason"],
    )
