"""Raw CSV tables, read in pieces so that memory does not grow with the size of the table."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_jobs.failure import InputError

Rows = list[list[str]]

# Compared in lower case, without surrounding white space.
MISSING = ("", "na", "n/a", "nan", "null", "none", "nil", "nat", "?", "-", "#n/a", "<na>")

ROWS_PER_PIECE = 20_000
OTHER_DELIMITERS = (";", "\t", "|")


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """CSV files with the same columns.

    Args:
        files: the files, in the order in which they are read.
        header: True if the first line of each file names the columns; otherwise they are named
            `column_0`, `column_1` and so on. Defaults to True.
        delimiter: field separator, one character. Defaults to `,`.
    """

    files: tuple[Path, ...]
    header: bool = True
    delimiter: str = ","

    @classmethod
    def in_folder(cls, folder: Path, *, header: bool = True, delimiter: str = ",") -> "RawTable":
        """Returns the table of a folder and its subfolders.

        Files whose names begin with `.` or `_` are markers of the tools that wrote them and are
        skipped.

        Args:
            folder: the folder.
            header: as for `RawTable`. Defaults to True.
            delimiter: as for `RawTable`. Defaults to `,`.

        Raises:
            InputError: there is no file.
        """
        found = (path for path in folder.rglob("*") if path.is_file() and path.name[0] not in "._")
        files = tuple(sorted(found))
        if not files:
            raise InputError("data.uri: got no file; add at least one CSV file there, or change it")
        return cls(files=files, header=header, delimiter=delimiter)

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

    def _columns_of(self, file: Path) -> list[str]:
        first = next(self._lines(file), None)
        if first is None:
            raise InputError(f"{file.name}: got an empty file; add CSV rows or remove it")
        line = first[1]
        if not self.header:
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
            if self.header:
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
        # utf-8-sig: spreadsheets begin their files with a byte order mark.
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=self.delimiter, strict=True)
            try:
                for row in reader:
                    if row:
                        yield reader.line_num, row
            except csv.Error as error:
                raise InputError(
                    f"{file.name}, line {reader.line_num}: not CSV: {error}"
                ) from error
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{file.name}: is not UTF-8 text (byte 0x{error.object[error.start]:02x} after "
                    f"line {reader.line_num}); save it as CSV in UTF-8"
                ) from error


def is_missing(text: str, missing: frozenset[str] = frozenset(MISSING)) -> bool:
    """Returns True if a string is a spelling of a missing value.

    Args:
        text: the string.
        missing: the spellings. Defaults to `MISSING`.
    """
    return text.strip().lower() in missing
