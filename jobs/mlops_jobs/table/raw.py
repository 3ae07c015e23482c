"""Raw tables, read in pieces so that memory does not grow with the size of the table."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_jobs.failure import InputError
from mlops_jobs.table.file_formats import csv_lines, is_parquet, parquet_names, parquet_rows

Rows = list[list[str]]

# Compared in lower case, without surrounding white space.
MISSING = ("", "na", "n/a", "nan", "null", "none", "nil", "nat", "?", "-", "#n/a", "<na>")

ROWS_PER_PIECE = 20_000
OTHER_DELIMITERS = (";", "\t", "|")


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """Files with the same columns: CSV, CSV compressed with gzip, or Parquet.

    Args:
        files: the files, in the order in which they are read.
        header: True if the first line of each file names the columns; otherwise they are named
            `column_0`, `column_1` and so on. Defaults to True.
        delimiter: field separator, one character. Defaults to `,`.
        encoding: encoding of CSV files, by Python's name. Defaults to UTF-8.
    """

    files: tuple[Path, ...]
    header: bool = True
    delimiter: str = ","
    encoding: str = "utf-8"

    @classmethod
    def in_folder(
        cls, folder: Path, *, header: bool = True, delimiter: str = ",", encoding: str = "utf-8"
    ) -> "RawTable":
        """Returns the table of a folder and its subfolders.

        Files whose names begin with `.` or `_` are markers of the tools that wrote them and are
        skipped.

        Args:
            folder: the folder.
            header: as for `RawTable`. Defaults to True.
            delimiter: as for `RawTable`. Defaults to `,`.
            encoding: as for `RawTable`. Defaults to UTF-8.

        Raises:
            InputError: there is no file.
        """
        found = (path for path in folder.rglob("*") if path.is_file() and path.name[0] not in "._")
        files = tuple(sorted(found))
        if not files:
            raise InputError("data.uri: got no file; add at least one CSV file there, or change it")
        return cls(files=files, header=header, delimiter=delimiter, encoding=encoding)

    def columns(self) -> list[str]:
        """Returns the names of the columns.

        Raises:
            InputError: a file is empty or is not CSV, names are not unique, or the files differ.
        """
        names = self._columns_of(self.files[0])
        for file in self.files[1:]:
            others = self._columns_of(file)
            if others != names:
                difference = sorted(set(others) ^ set(names)) or "their order"
                raise InputError(
                    f"{file.name}: got other columns than {self.files[0].name}: {difference}; use "
                    "the same columns in all files"
                )
        return names

    def unnamed_columns(self) -> list[str]:
        """Returns the names that were made for empty names of the heading."""
        file = self.files[0]
        if not self._has_heading(file):
            return []
        _, heading = next(self._lines(file), (0, list[str]()))
        return [f"column_{at}" for at, name in enumerate(heading) if not name.strip()]

    def _columns_of(self, file: Path) -> list[str]:
        first = next(self._lines(file), None)
        if first is None:
            raise InputError(f"{file.name}: got an empty file; add CSV rows or remove it")
        line = first[1]
        if not self._has_heading(file):
            return [f"column_{index}" for index in range(len(line))]
        names = [name.strip() or f"column_{index}" for index, name in enumerate(line)]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InputError(
                f"{file.name}: got the names {repeated} more than once in the heading; rename "
                "them, "
                "or set data.header to false if the first line is a row"
            )
        self._reject_other_delimiter(file, names)
        return names

    def _reject_other_delimiter(self, file: Path, names: list[str]) -> None:
        for other in OTHER_DELIMITERS:
            if len(names) == 1 and other != self.delimiter and other in names[0]:
                raise InputError(
                    f"{file.name}: got one column with delimiter {self.delimiter!r}, but its "
                    f"heading contains {other!r}; set data.delimiter to {other!r}"
                )

    def pieces(self) -> Iterator[Rows]:
        """Yields the rows, in lists of at most `ROWS_PER_PIECE`; empty lines are skipped.

        Raises:
            InputError: a row does not have as many fields as there are columns.
        """
        width = len(self.columns())
        piece: Rows = []
        for file in self.files:
            lines = self._lines(file)
            if self._has_heading(file):
                next(lines)
            for number, row in lines:
                if len(row) != width:
                    raise InputError(
                        f"{file.name}, line {number}: got {len(row)} fields; allowed: {width}"
                    )
                piece.append(row)
                if len(piece) == ROWS_PER_PIECE:
                    yield piece
                    piece = []
        if piece:
            yield piece

    def _lines(self, file: Path) -> Iterator[tuple[int, list[str]]]:
        """Yields each row with the number of its last line."""
        if is_parquet(file):
            yield 1, parquet_names(file)
            yield from enumerate(parquet_rows(file), start=2)
        else:
            yield from csv_lines(file, delimiter=self.delimiter, encoding=self.encoding)

    def _has_heading(self, file: Path) -> bool:
        return self.header or is_parquet(file)


def is_missing(text: str, missing: frozenset[str] = frozenset(MISSING)) -> bool:
    """Returns True if a string is a spelling of a missing value.

    Args:
        text: the string.
        missing: the spellings. Defaults to `MISSING`.
    """
    return text.strip().lower() in missing
