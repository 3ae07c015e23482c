"""Rows that are equal to an earlier row."""

import hashlib
from collections.abc import Container, Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

MAX_MEAN_REPEATS = 20  # rows per different row, from which on equal rows are a coincidence


class RowHashes:
    """Hashes of rows, without the columns that number or name each row.

    A row that was copied under a new identifier is the same row for a model, so strings that are
    different in every row do not count.

    Args:
        positions: positions of the columns that a model could read, and of the target.
    """

    def __init__(self, positions: Sequence[int]) -> None:
        self._columns: dict[int, list[Numbers]] = {position: [] for position in positions}
        self._rows: list[Numbers] = []
        self._positions = tuple(positions)
        self._keys: list[npt.NDArray[np.uint64]] = []

    def add(self, cells: Sequence[Sequence[str]]) -> None:
        """Reads further rows.

        Args:
            cells: the cells of each column of the table.
        """
        total = np.zeros(len(cells[0]), dtype=np.int64)
        for position in list(self._columns):
            stripped = map(str.strip, cells[position])
            hashes = np.fromiter(
                (hash((position, cell)) for cell in stripped), np.int64, len(total)
            )
            if self._may_be_identifier(position, hashes):
                self._columns[position].append(hashes)
            total += hashes
        self._rows.append(total)
        lines = zip(*(cells[position] for position in self._positions), strict=True)
        keys = (hashlib.blake2b("\x1f".join(line).encode(), digest_size=8) for line in lines)
        digests = b"".join(key.digest() for key in keys)
        self._keys.append(np.frombuffer(digests, dtype=">u8").astype(np.uint64))

    def _may_be_identifier(self, position: int, hashes: Numbers) -> bool:
        """Returns False, and frees the column's hashes, once a cell occurs twice in many rows."""
        if self._columns[position] is _REPEATED:
            return False
        if len(np.unique(hashes)) < len(hashes):
            self._columns[position] = _REPEATED
            return False
        return True

    def keys(self) -> npt.NDArray[np.uint64]:
        """Returns a number of each row that is the same in every run, unlike Python's hashes."""
        return np.concatenate(self._keys)

    def finish(self, candidates: Container[int]) -> Numbers:
        """Returns a hash of each row; equal rows have equal hashes.

        Args:
            candidates: positions of columns that are identifiers if no value occurs twice.
        """
        rows = np.concatenate(self._rows)
        for position, pieces in self._columns.items():
            if pieces is _REPEATED or position not in candidates:
                continue
            cells = np.concatenate(pieces)
            if len(np.unique(cells)) == len(cells):
                rows = rows - cells
        return rows


_REPEATED: list[Numbers] = []


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
