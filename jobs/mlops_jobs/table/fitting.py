"""Detection of column types, and encoding of a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError
from mlops_jobs.table.encoding import (
    Matrix,
    as_matrix,
    encode_dates,
    encode_numbers,
    offset_and_scale,
    scaled,
    written_as_json,
)
from mlops_jobs.table.features import Feature, check_features
from mlops_jobs.table.observation import Observation
from mlops_jobs.table.raw import MISSING, RawTable, Rows, is_missing
from mlops_jobs.table.repeats import RowHashes
from mlops_jobs.table.schema import Column, Kind, part_of
from mlops_jobs.table.target import MIN_ROWS

MIN_ROWS_PER_CATEGORY = 2  # a single row teaches nothing; this also removes identifiers
MAX_CATEGORIES = 1000


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
    table: RawTable,
    *,
    target: str | int,
    drop: Sequence[str] = (),
    features: Sequence[Feature] = (),
) -> Profile:
    """Reads the table once and detects the types of its columns.

    Args:
        table: the raw table.
        target: name or position of the target column.
        drop: names of columns that are not used. Defaults to none.
        features: features that the project computes. Defaults to none.

    Returns:
        Columns and target.

    Raises:
        InputError: the target, a dropped column or the input of a feature does not exist, or no row
            or column is left.
    """
    names = table.columns()
    target_index = position_of_target(names, target)
    for name in drop:
        if name not in names:
            raise InputError(f"data.drop: got {name!r}; allowed: {_listed(names)}")
        if name == names[target_index]:
            raise InputError(f"data.drop: got {name!r}, which is the target; remove it")
    check_features(features, names, names[target_index])
    observations = {
        index: Observation(name)
        for index, name in enumerate(names)
        if index != target_index and name not in drop
    }
    texts: list[str] = []
    hashes = RowHashes([*observations, target_index])
    for rows in table.pieces():
        cells = list(zip(*rows, strict=True))
        texts += [text.strip() for text in cells[target_index]]
        for index, observation in observations.items():
            observation.add(cells[index])
        hashes.add(cells)
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
        unnamed=tuple(table.unnamed_columns()),
        rows=hashes.finish(
            {index for index, observation in observations.items() if observation.may_be_identifier}
        ),
        keys=hashes.keys(),
        observations=tuple(
            observations.get(index) for index in range(len(names)) if index != target_index
        ),
    )


class TableEncoder:
    """Encodes the rows of a table in pieces and learns the categories of string columns.

    Args:
        profile: result of the first pass.
        features: features that the project computes. Defaults to none.
    """

    def __init__(self, profile: Profile, features: Sequence[Feature] = ()) -> None:
        self._profile = profile
        self._features = features
        self._computed: list[list[npt.NDArray[np.float64]]] = [[] for _ in features]
        self._places = {column.name: at for at, column in enumerate(profile.columns)}
        self._cells: dict[int, list[npt.NDArray[np.float64 | np.int32]]] = {
            index: [] for index, column in enumerate(profile.columns) if column.kind in _USED
        }
        self._texts: dict[int, dict[str, int]] = {
            index: {} for index in self._cells if profile.columns[index].kind is Kind.CATEGORY
        }

    def add(self, rows: Rows) -> None:
        """Encodes rows of the raw table.

        Args:
            rows: the rows.
        """
        cells = list(zip(*rows, strict=True))
        del cells[self._profile.target_index]
        for index, pieces in self._cells.items():
            if index in self._texts:
                pieces.append(self._text_codes(index, cells[index]))
            elif self._profile.columns[index].kind is Kind.DATE:
                column = self._profile.columns[index]
                pieces.append(encode_dates(cells[index], column, self._profile.missing))
            else:
                pieces.append(self._numbers(index, cells))
        for feature, computed in zip(self._features, self._computed, strict=True):
            inputs = [self._numbers(self._places[name], cells) for name in feature.inputs]
            texts = [cells[self._places[name]] for name in feature.texts]
            computed.append(feature.numbers(inputs, texts))

    def _numbers(self, index: int, cells: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
        column = self._profile.columns[index]
        known = written_as_json(cells[index], column)
        return np.asarray(
            encode_numbers(known, column.name, self._profile.missing), dtype=np.float64
        )

    def _text_codes(self, index: int, cells: Sequence[str]) -> npt.NDArray[np.int32]:
        codes = self._texts[index]
        found = [
            -1
            if is_missing(cell, self._profile.missing)
            else codes.setdefault(cell.strip(), len(codes))
            for cell in cells
        ]
        return np.array(found, dtype=np.int32)

    def finish(self, train: npt.NDArray[np.bool_]) -> tuple[tuple[Column, ...], Matrix]:
        """Returns the fitted columns and the encoded rows.

        A category is known if at least two training rows have it; the 1000 most frequent categories
        are kept. A column without a known category is ignored.

        Args:
            train: for each row, True if it is a training row.

        Returns:
            The columns, and a matrix with one line for each row.

        Raises:
            InputError: no usable column is left.
        """
        columns = list(self._profile.columns)
        features = []
        for index, pieces in self._cells.items():
            cells = np.concatenate(pieces, axis=-1)
            if columns[index].kind is Kind.DATE:
                columns[index], parts = _fit_dates(columns[index], cells, train)
                features += parts
                continue
            if index in self._texts:
                columns[index], cells = _fit_categories(
                    columns[index], list(self._texts[index]), cells, train
                )
            else:
                numbers = cells.astype(np.float64, copy=False)
                offset, scale = offset_and_scale(numbers[train])
                columns[index] = replace(columns[index], offset=offset, scale=scale)
                cells = scaled(numbers, columns[index])
            if columns[index].kind is not Kind.IGNORED:
                features.append(cells)
        features += [np.concatenate(pieces) for pieces in self._computed]
        if not features:
            raise InputError(
                "got no usable column: no category occurs in two training rows; add rows or columns"
            )
        return tuple(columns), as_matrix(np.stack(features))


_USED = (Kind.NUMERIC, Kind.CATEGORY, Kind.DATE)


def _fit_dates(
    column: Column,
    found: npt.NDArray[np.float64 | np.int32],
    train: npt.NDArray[np.bool_],
) -> tuple[Column, list[npt.NDArray[np.float64]]]:
    """Returns the column with the parts that differ in the training rows, and their numbers."""
    numbers = found.astype(np.float64, copy=False)
    kept = [at for at in range(len(column.parts)) if len(_distinct(numbers[at, train])) > 1]
    if not kept:
        reason = "all of its dates in the training rows are equal"
        return Column(name=column.name, kind=Kind.IGNORED, reason=reason), []
    parts = tuple(column.parts[at] for at in kept)
    # Whole days are exact in 32 bits; seconds are exact as differences.
    offset = float(np.floor(np.nanmin(numbers[0, train]))) if parts[0] == "days" else 0.0
    column = replace(column, parts=parts, offset=offset)
    return column, [
        scaled(numbers[at], part_of(column, part)) for at, part in zip(kept, parts, strict=True)
    ]


def _distinct(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.unique(numbers[~np.isnan(numbers)])


def _fit_categories(
    column: Column,
    texts: list[str],
    found: npt.NDArray[np.float64 | np.int32],
    train: npt.NDArray[np.bool_],
) -> tuple[Column, npt.NDArray[np.float64]]:
    codes = found.astype(np.int64)
    frequency = np.bincount(codes[train & (codes >= 0)], minlength=len(texts))
    kept = [code for code in range(len(texts)) if frequency[code] >= MIN_ROWS_PER_CATEGORY]
    kept = sorted(kept, key=lambda code: (-frequency[code], texts[code]))[:MAX_CATEGORIES]
    kept.sort(key=lambda code: texts[code])
    if not kept:
        reason = "none of its categories occurs in two training rows"
        return Column(name=column.name, kind=Kind.IGNORED, reason=reason), np.empty(0)
    # The last place is for the code -1 of a missing value.
    places = np.full(len(texts) + 1, np.nan)
    places[kept] = np.arange(len(kept))
    categories = tuple(texts[code] for code in kept)
    return Column(name=column.name, kind=Kind.CATEGORY, categories=categories), places[codes]
