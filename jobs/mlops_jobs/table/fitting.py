"""Detection of the types of columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError
from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.features import Feature, check_features
from mlops_jobs.table.observation import Observation
from mlops_jobs.table.raw import MISSING, RawTable
from mlops_jobs.table.schema import Column, Kind
from mlops_jobs.table.split import Part, Parts
from mlops_jobs.table.target import MIN_ROWS


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The result of the first pass over the table.

    Args:
        columns: the raw columns except the target; their categories are not known yet.
        target: target of each row, as a string.
        target_index: position of the target among the raw columns.
        missing: spellings of a missing value: `MISSING`, and the few cells of numeric columns that
            are no numbers.
        observations: observation of each column; None for one that is dropped.
        unnamed: names that were made for empty names of the heading.
        rows: hash of each row, equal for rows that are equal to a model.
        keys: number of each row that is the same in every run.
    """

    columns: tuple[Column, ...]
    target: list[str]
    target_index: int
    missing: frozenset[str] = frozenset(MISSING)
    observations: tuple[Observation | None, ...] = ()
    rows: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    unnamed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The result of reading each row once.

    Args:
        observations: observation of each column that a model could read, by its position.
        target: target of each row, as a string without surrounding white space.
        rows: hash of each row, equal for rows that are equal to a model.
        keys: number of each row that is the same in every run.
    """

    observations: dict[int, Observation]
    target: list[str]
    rows: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]


class TablePasses(Protocol):
    """Reads a raw table as often as its preparation needs, in one process or in many."""

    @property
    def table(self) -> RawTable:
        """The raw table."""

    def observe(self, names: Sequence[str], target: int, positions: Sequence[int]) -> Observed:
        """Observes columns, and hashes rows.

        Args:
            names: names of all columns.
            target: position of the target column.
            positions: positions of the columns that a model could read.
        """

    def cells(self, position: int) -> list[str]:
        """Returns the cells of a column.

        Args:
            position: position of the column.
        """

    def encode(
        self,
        profile: Profile,
        features: Sequence[Feature],
        parts: Parts,
        raw: Mapping[Part, Path],
    ) -> tuple[tuple[Column, ...], Matrix]:
        """Fits and encodes the columns, and copies the rows of some parts unchanged.

        Args:
            profile: result of `profile`.
            features: features that the project computes.
            parts: part of each row.
            raw: path of a CSV file for the rows of a part.

        Returns:
            The fitted columns, and a matrix with one line for each row.

        Raises:
            InputError: no usable column is left.
        """


def position_of_target(names: Sequence[str], target: str | int) -> int:
    """Returns the position of the target column.

    Args:
        names: names of the columns.
        target: name or position of the column; -1 is the last.

    Raises:
        InputError: the column does not exist.
    """
    if isinstance(target, int):
        if not -len(names) <= target < len(names):
            raise InputError(
                f"data.target: got position {target} in a table of {len(names)} columns; "
                f"allowed: 0 to {len(names) - 1}, or -1 for the last column"
            )
        return target % len(names)
    if target not in names:
        raise InputError(f"data.target: got {target!r}; allowed: {_listed(names)}")
    return names.index(target)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def profile(
    passes: TablePasses,
    *,
    target: str | int,
    drop: Sequence[str] = (),
    features: Sequence[Feature] = (),
) -> Profile:
    """Reads the table once and detects the types of its columns.

    Args:
        passes: reads the raw table.
        target: name or position of the target column.
        drop: names of columns that are not used. Defaults to none.
        features: features that the project computes. Defaults to none.

    Returns:
        Columns and target.

    Raises:
        InputError: the target, a dropped column or the input of a feature does not exist, or no row
            or column is left.
    """
    names = passes.table.columns()
    target_index = position_of_target(names, target)
    for name in drop:
        if name not in names:
            raise InputError(f"data.drop: got {name!r}; allowed: {_listed(names)}")
        if name == names[target_index]:
            raise InputError(f"data.drop: got {name!r}, which is the target; remove it")
    check_features(features, names, names[target_index])
    positions = [
        index for index, name in enumerate(names) if index != target_index and name not in drop
    ]
    observed = passes.observe(names, target_index, positions)
    observations, texts = observed.observations, observed.target
    if not texts:
        raise InputError("got a table without rows; add CSV rows below the heading")
    if len(texts) < MIN_ROWS:
        rows_text = "1 row" if len(texts) == 1 else f"{len(texts)} rows"
        raise InputError(f"got {rows_text}; allowed: at least {MIN_ROWS}. Add rows")
    columns = tuple(
        observations[index].column()
        if index in observations
        else Column(name=name, kind=Kind.IGNORED, reason="data.drop names it")
        for index, name in enumerate(names)
        if index != target_index
    )
    inputs = {name for feature in features for name in (*feature.inputs, *feature.texts)}
    columns = tuple(
        replace(column, kind=Kind.INPUT)
        if column.kind is Kind.IGNORED and column.name in inputs
        else column
        for column in columns
    )
    if all(column.kind is Kind.IGNORED for column in columns):
        raise InputError(
            "got no usable column: all are dropped, empty or constant; add "
            "columns or change data.drop"
        )
    others = {
        text.lower()
        for column in columns
        for observation in observations.values()
        if observation.name == column.name
        for text in observation.read_as_missing(column)
    }
    return Profile(
        columns=columns,
        target=texts,
        target_index=target_index,
        missing=frozenset(MISSING) | others,
        unnamed=tuple(passes.table.unnamed_columns()),
        rows=observed.rows,
        keys=observed.keys,
        observations=tuple(
            observations.get(index) for index in range(len(names)) if index != target_index
        ),
    )
