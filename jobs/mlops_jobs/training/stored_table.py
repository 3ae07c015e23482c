"""The encoded rows of a channel, of which an instance reads its share."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError
from mlops_jobs.table.encoding import Matrix

ROWS_PER_BLOCK = 500_000


class StoredTable:
    """A file that Preprocess has written with `numpy.savez`: features and target of encoded rows.

    Memory is needed only for the rows that are read.

    Args:
        file: path of the file.

    Raises:
        InputError: the file has no such rows.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            shapes = [self._shape(name) for name in ("features", "target")]
        except (KeyError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{file}: got no encoded rows ({error}); the Preprocess step writes it"
            ) from error
        if shapes[0][:1] != shapes[1]:
            raise InputError(
                f"{file}: got {shapes[0][0]} rows and {shapes[1][0]} targets; the Preprocess step "
                "writes it"
            )
        self.rows = shapes[0][0]

    def features(self, rows: slice | None = None) -> Matrix:
        """Returns encoded rows.

        Args:
            rows: the rows. Defaults to None: all.
        """
        features: Matrix = self._read("features", rows)
        return features

    def target(self, rows: slice | None = None) -> npt.NDArray[np.float64]:
        """Returns the target of each row: its class, or its value in a regression.

        Args:
            rows: the rows. Defaults to None: all.
        """
        target: npt.NDArray[np.float64] = self._read("target", rows).astype(np.float64)
        return target

    def blocks(self) -> Iterator[Matrix]:
        """Yields all encoded rows, up to 500,000 at a time."""
        for start in range(0, max(self.rows, 1), ROWS_PER_BLOCK):
            yield self.features(slice(start, min(start + ROWS_PER_BLOCK, self.rows)))

    def _shape(self, name: str) -> tuple[int, ...]:
        with zipfile.ZipFile(self._file) as archive, archive.open(f"{name}.npy") as stream:
            return _header(stream)[0]

    def _read(self, name: str, rows: slice | None) -> Any:
        with zipfile.ZipFile(self._file) as archive, archive.open(f"{name}.npy") as stream:
            shape, dtype = _header(stream)
            start, stop, _ = (rows or slice(None)).indices(shape[0])
            found = np.empty((stop - start, *shape[1:]), dtype=dtype)
            bytes_per_row = dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))
            stream.seek(start * bytes_per_row, 1)
            rest = memoryview(found.reshape(-1).view(np.uint8).data)
            while rest:
                # It reads less than is asked for.
                count = stream.readinto(rest)  # type: ignore[attr-defined]
                if not count:
                    raise InputError(f"{self._file}: got less than {stop} rows of {name}")
                rest = rest[count:]
            return found


def _header(stream: Any) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
    """Reads the header of an array.

    Raises:
        ValueError: it has another format, or Python objects.
    """
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"got an array of version {version}; allowed: (1, 0)")
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
    if by_column or dtype.hasobject or not shape:
        raise ValueError(f"got an array of {dtype} by column; allowed: numbers by row")
    return shape, dtype
