"""The fitted preprocessing, as data: type and encoding of every column.

It is stored as `schema.json` beside the model, so that training, evaluation and serving read a row
in the same way, and loading a model runs no code.
"""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from mlops_jobs.decision import Decision
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.raw import MISSING

VERSION = 4
# Version 1 has no scales and computed features, version 2 no notations, version 3 no decision.
READABLE = (1, 2, 3, 4)
FILE = "schema.json"  # its name in the outputs of preprocessing and in a model artifact


class Kind(StrEnum):
    """Types of columns."""

    NUMERIC = "numeric"
    CATEGORY = "category"
    DATE = "date"
    INPUT = "input"
    IGNORED = "ignored"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the raw table.

    Args:
        name: heading of the column.
        kind: type of the column; an input is used by computed features only, and an ignored column
            is accepted in a row and not used.
        categories: known categories of a category column, in the order of their codes. Defaults to
            none.
        reason: reason why an ignored column is not used. Defaults to "".
        offset: number that is subtracted from a numeric column in 64 bits, so that differences of
            large numbers fit into 32 bits; of a date, number of days. Defaults to 0.
        scale: number by which the difference is then divided. Defaults to 1.
        notation: name of the notation of a date, or of numbers that are not written as in JSON.
            Defaults to "": numbers as in JSON.
        parts: parts of a date that are columns of the matrix. Defaults to none.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    reason: str = ""
    offset: float = 0.0
    scale: float = 1.0
    notation: str = ""
    parts: tuple[str, ...] = ()

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
        computed: names of the features that the project computes, which follow the columns.
            Defaults to none.
        target_offset: mean of the target of a regression, which the model predicts in standard
            deviations from the mean. Defaults to 0.
        target_scale: standard deviation of the target. Defaults to 1.
        decision: decision of a binary model, which the training job makes. Defaults to the
            threshold 0.5.
    """

    problem_type: ProblemType
    target: str
    columns: tuple[Column, ...]
    labels: tuple[str, ...] = ()
    missing: frozenset[str] = field(default=frozenset(MISSING))
    computed: tuple[str, ...] = ()
    target_offset: float = 0.0
    target_scale: float = 1.0
    decision: Decision = field(default_factory=Decision)

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """Columns that a request must have."""
        return tuple(column for column in self.columns if column.kind is not Kind.IGNORED)

    @cached_property
    def encoded(self) -> tuple[Column, ...]:
        """Columns of the matrix, before the computed features; a part of a date is a number."""
        used = (Kind.NUMERIC, Kind.CATEGORY)
        found: list[Column] = []
        for column in self.columns:
            if column.kind in used:
                found.append(column)
            elif column.kind is Kind.DATE:
                found += [part_of(column, part) for part in column.parts]
        return tuple(found)

    @cached_property
    def width(self) -> int:
        """Number of columns of the matrix."""
        return len(self.encoded) + len(self.computed)

    @cached_property
    def feature_types(self) -> list[str]:
        """XGBoost's type of each column of the matrix."""
        kinds = ["c" if column.kind is Kind.CATEGORY else "float" for column in self.encoded]
        return kinds + ["float"] * len(self.computed)

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
            if version not in READABLE:
                raise ValueError(f"version: got {version!r}; allowed: 1 to {VERSION}")
            return cls(
                problem_type=ProblemType(document["problem_type"]),
                target=document["target"],
                columns=tuple(_column(entry) for entry in document["columns"]),
                labels=tuple(document["labels"]),
                missing=frozenset(document["missing"]),
                computed=tuple(document.get("computed", ())),
                target_offset=float(document.get("target_offset", 0)),
                target_scale=float(document.get("target_scale", 1)),
                decision=Decision.from_json(document["decision"])
                if "decision" in document
                else Decision(),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"schema.json: cannot be read as a schema: {error!r}") from error


def part_of(column: Column, part: str) -> Column:
    """Returns a part of a date as a column of numbers.

    Args:
        column: a column of dates.
        part: name of the part.
    """
    offset = column.offset if part == "days" else 0.0
    return Column(name=column.name, kind=Kind.NUMERIC, offset=offset, parts=(part,))


def _column(entry: dict[str, Any]) -> Column:
    return Column(
        name=entry["name"],
        kind=Kind(entry["kind"]),
        categories=tuple(entry["categories"]),
        reason=entry["reason"],
        offset=float(entry.get("offset", 0)),
        scale=float(entry.get("scale", 1)),
        notation=entry.get("notation", ""),
        parts=tuple(entry.get("parts", ())),
    )
