"""Rows that are equal to an earlier row."""

import hashlib
from collections.abc import Container, Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

MAX_MEAN_REPEATS = 20  # rows per different row, from which on equal rows are a coincidence


def cell_hashes(position: int, cells: Sequence[str]) -> Numbers:
    """Returns a hash of each cell, which is the same in all processes of a Spark job.

    Args:
        position: position of the column.
        cells: the cells of the column.
    """
    stripped = map(str.strip, cells)
    return np.fromiter((hash((position, cell)) for cell in stripped), np.int64, len(cells))


def row_keys(cells: Sequence[Sequence[str]], positions: Sequence[int]) -> Keys:
    """Returns a number of each row that is the same in every run, unlike Python's hashes.

    Args:
        cells: the cells of each column of the table.
        positions: positions of the columns that a model could read, and of the target.
    """
    lines = zip(*(cells[position] for position in positions), strict=True)
    keys = (hashlib.blake2b("\x1f".join(line).encode(), digest_size=8) for line in lines)
    digests = b"".join(key.digest() for key in keys)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


class DifferentCells:
    """Hashes of the cells of a column, kept while no cell has occurred twice."""

    def __init__(self) -> None:
        self._pieces: list[Numbers] | None = []

    def add(self, hashes: Numbers) -> None:
        """Adds cells, and frees all hashes once one of them occurs twice in many rows.

        Args:
            hashes: hash of each cell.
        """
        if self._pieces is None:
            return
        if len(np.unique(hashes)) < len(hashes):
            self._pieces = None
        else:
            self._pieces.append(hashes)

    def hashes(self) -> Numbers | None:
        """Returns the hash of each cell if all cells differ, and None otherwise."""
        if self._pieces is None:
            return None
        found = np.concatenate(self._pieces)
        return found if len(np.unique(found)) == len(found) else None


class RowHashes:
    """Hashes of rows, without the columns that number or name each row.

    A row that was copied under a new identifier is the same row for a model, so strings that are
    different in every row do not count.

    Args:
        positions: positions of the columns that a model could read, and of the target.
    """

    def __init__(self, positions: Sequence[int]) -> None:
        self._columns = {position: DifferentCells() for position in positions}
        self._rows = [np.empty(0, dtype=np.int64)]
        self._positions = tuple(positions)
        self._keys = [np.empty(0, dtype=np.uint64)]

    def add(self, cells: Sequence[Sequence[str]]) -> None:
        """Reads further rows.

        Args:
            cells: the cells of each column of the table.
        """
        total = np.zeros(len(cells[0]), dtype=np.int64)
        for position, different in self._columns.items():
            hashes = cell_hashes(position, cells[position])
            different.add(hashes)
            total += hashes
        self._rows.append(total)
        self._keys.append(row_keys(cells, self._positions))

    def keys(self) -> Keys:
        """Returns the key of each row, as `row_keys` does."""
        return np.concatenate(self._keys)

    def finish(self, candidates: Container[int]) -> Numbers:
        """Returns a hash of each row; equal rows have equal hashes.

        Args:
            candidates: positions of columns that are identifiers if no value occurs twice.
        """
        rows = np.concatenate(self._rows)
        for position, different in self._columns.items():
            if position in candidates and (cells := different.hashes()) is not None:
                rows = rows - cells
        return rows


def groups_of_equal(hashes: Numbers) -> Numbers:
    """Returns the group of each row: the number of the first row that is equal to it.

    In a table with few possible rows, as one of two columns of categories, equal rows are a
    coincidence, and each row is a group.

    Args:
        hashes: hash of each row.
    """
    _, first, places = np.unique(hashes, return_index=True, return_inverse=True)
    if len(first) * MAX_MEAN_REPEATS < len(hashes):
        return np.arange(len(hashes), dtype=np.int64)
    groups: Numbers = first[places]
    return groups
