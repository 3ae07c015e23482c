"""Passes over a raw table on Spark, with the results of a single process.

Files are read by many processes at once. The cells of a column are then sorted by row in one of
them, which feeds them to the same code, in the same pieces, as a single process does: types,
categories, offsets and warnings are equal whatever the number of processes. The driver holds the
target, a hash and a key of each row, and decides about the split.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mlops_jobs.failure import InputError
from mlops_jobs.spark.errors import driver_errors
from mlops_jobs.table.encoding import Matrix, as_matrix
from mlops_jobs.table.features import Feature
from mlops_jobs.table.fitting import Observed, Profile
from mlops_jobs.table.observation import Observation
from mlops_jobs.table.raw import ROWS_PER_PIECE, RawTable
from mlops_jobs.table.repeats import DifferentCells, Keys, Numbers, cell_hashes, row_keys
from mlops_jobs.table.schema import Column
from mlops_jobs.table.split import Part, Parts
from mlops_jobs.table.table_encoder import (
    NO_COLUMN,
    ColumnEncoder,
    computed_numbers,
    used_positions,
)

Cell = TypeVar("Cell")

ROWS_PER_RECORD = 500_000  # of encoded numbers that a process sends at once

# Place of a column, number of the file, number of the piece; and the cells or numbers.
_Piece = tuple[tuple[int, int, int], Any]


class SparkPasses:
    """Reads a table on Spark.

    Every file is one task, because rows of CSV and gzip can only be found from the beginning, so a
    table should have at least as many files as there are processors. Statistics and encoding have
    one task for each column, whose numbers must fit into the memory of a process.

    Args:
        table: the raw table; its paths must exist on every machine.
        context: a SparkContext, whose processes share `PYTHONHASHSEED`, as PySpark's do.
        folder: folder on the driver for the encoded columns: 4 bytes for each row and column.
    """

    def __init__(self, table: RawTable, context: Any, folder: Path) -> None:
        self.table = table
        self._context, self._folder = context, folder
        self._rows_of_files: list[int] = []

    def observe(self, names: Sequence[str], target: int, positions: Sequence[int]) -> Observed:
        """Observes columns, and hashes rows.

        Args:
            names: names of all columns.
            target: position of the target column.
            positions: positions of the columns that a model could read.
        """
        table = self.table
        columns = self._by_column(
            len(positions),
            lambda number, file: _cells_of(table, number, file, positions),
        ).mapPartitionsWithIndex(
            lambda place, pieces: _observe(names[positions[place]], positions[place], pieces)
        )
        with driver_errors():
            found: dict[int, tuple[Observation, bool]] = dict(columns.collect())
        observations = {
            # A table without rows has no pieces.
            position: found[position][0] if position in found else Observation(names[position])
            for position in positions
        }
        hashed = [*positions, target]
        # The target has no observation, and is never an identifier.
        counted = [
            position for position in hashed if not (position in found and found[position][1])
        ]
        files = self._files().flatMap(
            lambda numbered: _rows_of(table, numbered[0], numbered[1], hashed, counted, target)
        )
        texts: list[str] = []
        rows, keys = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.uint64)]
        self._rows_of_files = [0] * len(table.files)
        with driver_errors():
            for number, targets, sums, digests in _stored(files):
                texts += targets
                rows.append(sums)
                keys.append(digests)
                self._rows_of_files[number] += len(targets)
        return Observed(
            observations=observations,
            target=texts,
            rows=np.concatenate(rows),
            keys=np.concatenate(keys),
        )

    def cells(self, position: int) -> list[str]:
        """Returns the cells of a column.

        Args:
            position: position of the column.
        """
        table = self.table
        files = self._files().flatMap(
            lambda numbered: (
                [row[position] for row in rows] for rows in _pieces_of(table, numbered[1])
            )
        )
        with driver_errors():
            return [cell for cells in _stored(files) for cell in cells]

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
            The fitted columns, and a matrix with one line for each row, which is a file.

        Raises:
            InputError: no usable column is left.
        """
        shared = self._context.broadcast(parts)
        self._copy(shared, raw)
        columns, file, width = self._fit(profile, features, shared)
        if not width:
            raise InputError(NO_COLUMN)
        stored = np.memmap(file, dtype=np.float32, mode="r", shape=(width, len(parts)))
        return columns, stored.T

    def _copy(self, parts: Any, raw: Mapping[Part, Path]) -> None:
        """Writes the raw rows of some parts, in the order of the table."""
        table, wanted = self.table, list(raw)
        firsts = np.concatenate([[0], np.cumsum(self._rows_of_files)]).tolist()
        copied = self._files().flatMap(
            lambda numbered: _raw_rows(
                table, numbered[1], parts.value[firsts[numbered[0]] :], wanted
            )
        )
        with ExitStack() as files, driver_errors():
            streams = {
                part: files.enter_context(file.open("w", encoding="utf-8", newline=""))
                for part, file in raw.items()
            }
            for stream in streams.values():
                csv.writer(stream).writerow(table.columns())
            for part, text in _stored(copied):
                streams[part].write(text)

    def _fit(
        self, profile: Profile, features: Sequence[Feature], parts: Any
    ) -> tuple[tuple[Column, ...], Path, int]:
        """Returns the fitted columns, and the file and number of the encoded ones."""
        table, used = self.table, used_positions(profile)
        # A profile has no large arrays that the tasks need.
        small = replace(
            profile,
            target=[],
            observations=(),
            rows=np.empty(0, dtype=np.int64),
            keys=np.empty(0, dtype=np.uint64),
        )
        encoded = self._by_column(
            len(used) + len(features),
            lambda number, file: _inputs_of(table, number, file, small, used, features),
        ).mapPartitionsWithIndex(
            lambda place, pieces: (
                _encode(small.columns[used[place]], small.missing, pieces, parts.value)
                if place < len(used)
                else _joined(pieces)
            )
        )
        columns, width = list(profile.columns), 0
        file = self._folder / "columns.f32"
        fitted = iter(used)
        with driver_errors(), file.open("wb") as stream:
            for record in _stored(encoded):
                if isinstance(record, Column):
                    columns[next(fitted)] = record
                else:
                    last, numbers = record
                    stream.write(numbers.tobytes())
                    width += last
        return tuple(columns), file, width

    def _files(self) -> Any:
        """Returns the numbered files, each of which is a task."""
        files = list(enumerate(self.table.files))
        return self._context.parallelize(files, len(files))

    def _by_column(self, count: int, read: Any) -> Any:
        """Returns the pieces of each column, sorted, in one task for each column."""
        return (
            self._files()
            .flatMap(lambda numbered: read(*numbered))
            .repartitionAndSortWithinPartitions(max(count, 1), lambda key: key[0])
        )


def _stored(found: Any) -> Iterator[Any]:
    """Yields the records in the order of the tasks, which have all run before the first record."""
    from pyspark import StorageLevel  # type: ignore[import-not-found]

    stored = found.persist(StorageLevel.DISK_ONLY)
    stored.count()
    yield from stored.toLocalIterator()
    stored.unpersist()


def _pieces_of(table: RawTable, file: Path) -> Iterator[list[list[str]]]:
    """Yields the rows of one file of a table."""
    return replace(table, files=(file,)).pieces()


def _cells_of(
    table: RawTable, number: int, file: Path, positions: Sequence[int]
) -> Iterator[_Piece]:
    for piece, rows in enumerate(_pieces_of(table, file)):
        for place, position in enumerate(positions):
            yield (place, number, piece), [row[position] for row in rows]


def _inputs_of(
    table: RawTable,
    number: int,
    file: Path,
    profile: Profile,
    used: Sequence[int],
    features: Sequence[Feature],
) -> Iterator[_Piece]:
    """Yields the cells of the columns that are encoded, and the numbers of computed features."""
    for piece, rows in enumerate(_pieces_of(table, file)):
        cells = list(zip(*rows, strict=True))
        del cells[profile.target_index]
        for place, position in enumerate(used):
            yield (place, number, piece), cells[position]
        for place, feature in enumerate(features, start=len(used)):
            yield (place, number, piece), computed_numbers(feature, profile, cells)


def _rows_of(
    table: RawTable,
    number: int,
    file: Path,
    hashed: Sequence[int],
    counted: Sequence[int],
    target: int,
) -> Iterator[tuple[int, list[str], Numbers, Keys]]:
    for rows in _pieces_of(table, file):
        cells = list(zip(*rows, strict=True))
        sums = np.zeros(len(rows), dtype=np.int64)
        for position in counted:
            sums += cell_hashes(position, cells[position])
        yield number, [text.strip() for text in cells[target]], sums, row_keys(cells, hashed)


def _raw_rows(
    table: RawTable, file: Path, parts: Parts, wanted: Iterable[Part]
) -> Iterator[tuple[Part, str]]:
    first = 0
    for rows in _pieces_of(table, file):
        here = parts[first : first + len(rows)]
        for part in wanted:
            text = io.StringIO(newline="")
            csv.writer(text).writerows(rows[index] for index in np.flatnonzero(here == part))
            yield part, text.getvalue()
        first += len(rows)


def _observe(
    name: str, position: int, pieces: Iterable[_Piece]
) -> Iterator[tuple[int, tuple[Observation, bool]]]:
    """Yields the observation of a column, and True if the column is an identifier."""
    observation, different = Observation(name), DifferentCells()
    for cells in _pieces_of_rows(cells for _, cells in pieces):
        observation.add(cells)
        different.add(cell_hashes(position, cells))
    if observation.rows:
        identifies = observation.may_be_identifier and different.hashes() is not None
        yield position, (observation, identifies)


def _encode(
    column: Column, missing: frozenset[str], pieces: Iterable[_Piece], parts: Parts
) -> Iterator[Column | tuple[bool, Matrix]]:
    """Yields the fitted column, and its numbers in records."""
    encoder = ColumnEncoder(column, missing)
    for cells in _pieces_of_rows(cells for _, cells in pieces):
        encoder.add(cells)
    fitted, numbers = encoder.finish(parts == Part.TRAIN)
    yield fitted
    for one in numbers:
        yield from _records(one)


def _joined(pieces: Iterable[_Piece]) -> Iterator[tuple[bool, Matrix]]:
    """Yields the numbers of a feature that the project computes."""
    yield from _records(np.concatenate([numbers for _, numbers in pieces]))


def _records(numbers: Any) -> Iterator[tuple[bool, Matrix]]:
    """Yields numbers of 32 bits, and True with the last ones of a column."""
    for start in range(0, len(numbers), ROWS_PER_RECORD):
        end = start + ROWS_PER_RECORD
        yield end >= len(numbers), as_matrix(numbers[np.newaxis, start:end])[:, 0]


def _pieces_of_rows(pieces: Iterable[Sequence[Cell]]) -> Iterator[list[Cell]]:
    """Yields the same cells in the pieces of `RawTable.pieces`, which do not end with a file."""
    numbered = enumerate(cell for piece in pieces for cell in piece)
    for _, group in groupby(numbered, key=lambda pair: pair[0] // ROWS_PER_PIECE):
        yield [cell for _, cell in group]
