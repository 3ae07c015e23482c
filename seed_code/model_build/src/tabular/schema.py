"""The fitted preprocessing, as data: what every column is and how its text becomes a number.

It travels as `schema.json` beside the model, so that training, evaluation and serving read a row
the same way, and loading a model runs no code.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from tabular.problem import ProblemType

VERSION = 1
MODEL_FILES = ("schema.json", "model.ubj")  # what a model artifact holds

# Compared in lower case and without surrounding blanks.
MISSING = ("", "na", "n/a", "nan", "null", "none", "nil", "nat", "?", "-", "#n/a", "<na>")


class Kind(StrEnum):
    """What a column holds."""

    NUMERIC = "numeric"
    CATEGORY = "category"
    IGNORED = "ignored"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the raw table.

    Args:
        name: its heading.
        kind: what it holds; an ignored column is accepted in a row and not used.
        categories: the texts that a category column knows, in the order of their codes.
        reason: why an ignored column is not used.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    reason: str = ""

    @cached_property
    def codes(self) -> dict[str, float]:
        """The number that stands for each category."""
        return {category: float(code) for code, category in enumerate(self.categories)}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """How a raw row becomes what the model reads, and how the model's answer becomes a label.

    Args:
        problem_type: the kind of target.
        target: the heading of the target column.
        columns: every raw column except the target, in the order of the raw table.
        labels: the texts of the target, in the order of the model's classes; empty for a
            regression. Of two labels the second is the positive one.
        missing: spellings of a missing value.
    """

    problem_type: ProblemType
    target: str
    columns: tuple[Column, ...]
    labels: tuple[str, ...] = ()
    missing: frozenset[str] = field(default=frozenset(MISSING))

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """The columns that the model reads, in its order."""
        return tuple(column for column in self.columns if column.kind is not Kind.IGNORED)

    @cached_property
    def feature_types(self) -> list[str]:
        """XGBoost's word for the type of each feature."""
        return ["c" if column.kind is Kind.CATEGORY else "float" for column in self.features]

    def to_json(self) -> str:
        """The schema as text; equal schemas give equal text."""
        document = {"version": VERSION} | asdict(self) | {"missing": sorted(self.missing)}
        return json.dumps(document, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Schema":
        """Reads what `to_json` wrote.

        Raises:
            ValueError: if the text is not a schema of this version.
        """
        try:
            document: dict[str, Any] = json.loads(text)
            version = document["version"]
            if version != VERSION:
                raise ValueError(f"version {version!r}; this program reads version {VERSION}")
            return cls(
                problem_type=ProblemType(document["problem_type"]),
                target=document["target"],
                columns=tuple(_column(entry) for entry in document["columns"]),
                labels=tuple(document["labels"]),
                missing=frozenset(document["missing"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"schema.json is not a schema: {error!r}") from error


def _column(entry: dict[str, Any]) -> Column:
    return Column(
        name=entry["name"],
        kind=Kind(entry["kind"]),
        categories=tuple(entry["categories"]),
        reason=entry["reason"],
    )


def is_missing(text: str, missing: frozenset[str] = frozenset(MISSING)) -> bool:
    """Whether a text stands for a missing value."""
    return text.strip().lower() in missing


def in_order(labels: Sequence[str]) -> list[str]:
    """Labels in the order of their classes: by value if all are numbers, else by alphabet."""
    try:
        return sorted(labels, key=float)
    except ValueError:
        return sorted(labels)
