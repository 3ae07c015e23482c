"""Encoding of the columns of a table, and the categories, offsets and scales that it learns."""

from collections.abc import Sequence
from dataclasses import replace

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
from mlops_jobs.table.features import Feature
from mlops_jobs.table.fitting import Profile
from mlops_jobs.table.raw import Rows, is_missing
from mlops_jobs.table.schema import Column, Kind, part_of

MIN_ROWS_PER_CATEGORY = 2  # a single row teaches nothing; this also removes identifiers
MAX_CATEGORIES = 1000

NO_COLUMN = "got no usable column: no category occurs in two training rows; add rows or columns"

_USED = (Kind.NUMERIC, Kind.CATEGORY, Kind.DATE)

Numbers = npt.NDArray[np.float64]


def used_positions(profile: Profile) -> list[int]:
    """Returns the positions of the columns that are encoded, among those of the profile.

    Args:
        profile: result of the first pass.
    """
    return [index for index, column in enumerate(profile.columns) if column.kind in _USED]


def computed_numbers(feature: Feature, profile: Profile, cells: Sequence[Sequence[str]]) -> Numbers:
    """Returns the numbers of a feature that the project computes.

    Args:
        feature: the feature.
        profile: result of the first pass.
        cells: the cells of each column of the profile.
    """
    places = {column.name: at for at, column in enumerate(profile.columns)}
    inputs = [
        _numbers(profile.columns[places[name]], cells[places[name]], profile.missing)
        for name in feature.inputs
    ]
    return feature.numbers(inputs, [cells[places[name]] for name in feature.texts])


class ColumnEncoder:
    """Encodes the cells of one column in pieces and learns its categories, offset and scale.

    Args:
        column: the column, with its kind.
        missing: spellings of a missing value.
    """

    def __init__(self, column: Column, missing: frozenset[str]) -> None:
        self._column, self._missing = column, missing
        self._pieces: list[npt.NDArray[np.float64 | np.int32]] = []
        self._texts: dict[str, int] = {}

    def add(self, cells: Sequence[str]) -> None:
        """Encodes further cells.

        Args:
            cells: the cells.
        """
        if self._column.kind is Kind.CATEGORY:
            self._pieces.append(self._text_codes(cells))
        elif self._column.kind is Kind.DATE:
            self._pieces.append(encode_dates(cells, self._column, self._missing))
        else:
            self._pieces.append(_numbers(self._column, cells, self._missing))

    def _text_codes(self, cells: Sequence[str]) -> npt.NDArray[np.int32]:
        codes = self._texts
        found = [
            -1 if is_missing(cell, self._missing) else codes.setdefault(cell.strip(), len(codes))
            for cell in cells
        ]
        return np.array(found, dtype=np.int32)

    def finish(self, train: npt.NDArray[np.bool_]) -> tuple[Column, list[Numbers]]:
        """Returns the fitted column, and its numbers: none if it is ignored.

        A category is known if at least two training rows have it; the 1000 most frequent categories
        are kept. A column without a known category is ignored.

        Args:
            train: for each row, True if it is a training row.
        """
        cells = np.concatenate(self._pieces, axis=-1)
        if self._column.kind is Kind.DATE:
            return _fit_dates(self._column, cells, train)
        if self._column.kind is Kind.CATEGORY:
            column, codes = _fit_categories(self._column, list(self._texts), cells, train)
            return column, [] if column.kind is Kind.IGNORED else [codes]
        numbers = cells.astype(np.float64, copy=False)
        offset, scale = offset_and_scale(numbers[train])
        column = replace(self._column, offset=offset, scale=scale)
        return column, [scaled(numbers, column)]


class TableEncoder:
    """Encodes the rows of a table in pieces and learns the categories of string columns.

    Args:
        profile: result of the first pass.
        features: features that the project computes. Defaults to none.
    """

    def __init__(self, profile: Profile, features: Sequence[Feature] = ()) -> None:
        self._profile = profile
        self._features = features
        self._computed: list[list[Numbers]] = [[] for _ in features]
        self._encoders = {
            index: ColumnEncoder(profile.columns[index], profile.missing)
            for index in used_positions(profile)
        }

    def add(self, rows: Rows) -> None:
        """Encodes rows of the raw table.

        Args:
            rows: the rows.
        """
        cells = list(zip(*rows, strict=True))
        del cells[self._profile.target_index]
        for index, encoder in self._encoders.items():
            encoder.add(cells[index])
        for feature, computed in zip(self._features, self._computed, strict=True):
            computed.append(computed_numbers(feature, self._profile, cells))

    def finish(self, train: npt.NDArray[np.bool_]) -> tuple[tuple[Column, ...], Matrix]:
        """Returns the fitted columns and the encoded rows.

        Args:
            train: for each row, True if it is a training row.

        Returns:
            The columns, and a matrix with one line for each row.

        Raises:
            InputError: no usable column is left.
        """
        columns = list(self._profile.columns)
        features = []
        for index, encoder in self._encoders.items():
            columns[index], numbers = encoder.finish(train)
            features += numbers
        features += [np.concatenate(pieces) for pieces in self._computed]
        if not features:
            raise InputError(NO_COLUMN)
        return tuple(columns), as_matrix(np.stack(features))


def _numbers(column: Column, cells: Sequence[str], missing: frozenset[str]) -> Numbers:
    known = written_as_json(cells, column)
    return np.asarray(encode_numbers(known, column.name, missing), dtype=np.float64)


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
