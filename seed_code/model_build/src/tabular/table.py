"""Reads raw CSV files in pieces, so that memory does not grow with the text of the table."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tabular.failure import InputError

Rows = list[list[str]]

ROWS_PER_PIECE = 20_000
OTHER_DELIMITERS = (";", "\t", "|")


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """CSV files with the same columns.

    Args:
        files: the files, read in this order.
        header: whether the first line of each file names the columns. Without it they are named
            `column_0`, `column_1` and so on.
        delimiter: what separates the fields.
    """

    files: tuple[Path, ...]
    header: bool = True
    delimiter: str = ","

    @classmethod
    def in_folder(cls, folder: Path, *, header: bool = True, delimiter: str = ",") -> "RawTable":
        """The table that a folder holds. Files whose names begin with `.` or `_` are markers of
        the tools that wrote them and are left out.

        Raises:
            InputError: if there is no file.
        """
        found = (path for path in folder.rglob("*") if path.is_file() and path.name[0] not in "._")
        files = tuple(sorted(found))
        if not files:
            raise InputError("got no file; expected at least one CSV file. Check data.uri")
        return cls(files=files, header=header, delimiter=delimiter)

    def columns(self) -> list[str]:
        """The names of the columns.

        Raises:
            InputError: if a file is empty or no CSV, names repeat, or the files differ.
        """
        names = self._columns_of(self.files[0])
        for file in self.files[1:]:
            others = self._columns_of(file)
            if others != names:
                difference = sorted(set(others) ^ set(names)) or "their order"
                raise InputError(
                    f"{file.name} and {self.files[0].name} have different columns: {difference}"
                )
        return names

    def _columns_of(self, file: Path) -> list[str]:
        first = next(self._lines(file), None)
        if first is None:
            raise InputError(f"{file.name} is empty; expected CSV rows")
        line = first[1]
        if not self.header:
            return [f"column_{index}" for index in range(len(line))]
        names = [name.strip() or f"column_{index}" for index, name in enumerate(line)]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InputError(
                f"{file.name}: the heading names {repeated} more than once; rename them, or set "
                "data.header to false if the first line is no heading"
            )
        self._refuse_other_delimiter(file, names)
        return names

    def _refuse_other_delimiter(self, file: Path, names: list[str]) -> None:
        for other in OTHER_DELIMITERS:
            if len(names) == 1 and other != self.delimiter and other in names[0]:
                raise InputError(
                    f"{file.name} has one column with delimiter {self.delimiter!r}, but its "
                    f"heading holds {other!r}; set data.delimiter to {other!r}"
                )

    def pieces(self) -> Iterator[Rows]:
        """The rows, in lists of at most `ROWS_PER_PIECE`. Empty lines are skipped.

        Raises:
            InputError: at a row with another number of fields than there are columns.
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
                        f"{file.name}, line {number}: got {len(row)} fields, expected {width}"
                    )
                piece.append(row)
                if len(piece) == ROWS_PER_PIECE:
                    yield piece
                    piece = []
        if piece:
            yield piece

    def _lines(self, file: Path) -> Iterator[tuple[int, list[str]]]:
        """Each row with the number of its last line."""
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
                    f"{file.name} is not UTF-8 text (byte 0x{error.object[error.start]:02x} after "
                    f"line {reader.line_num}); expected a plain CSV file saved as UTF-8"
                ) from error
