"""Formats of the files of a table, recognized by their first bytes."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_jobs.failure import InputError

PARQUET, GZIP = b"PAR1", b"\x1f\x8b"
ROWS_PER_SLICE = 20_000

# Formats that are not read, and the remedy.
_OTHERS = {
    b"PK\x03\x04": ("a ZIP archive or an Excel workbook", "unpack it, or save the sheet as CSV"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", "save the sheet as CSV"),
    b"BZh": ("a bzip2 file", "compress it with gzip instead"),
    b"\xfd7zXZ\x00": ("an xz file", "compress it with gzip instead"),
    b"\x28\xb5\x2f\xfd": ("a Zstandard file", "compress it with gzip instead"),
    b"ORC": ("an ORC file", "write it as Parquet"),
    b"Obj\x01": ("an Avro file", "write it as Parquet"),
    b"ARROW1": ("an Arrow file", "write it as Parquet"),
    b"\x89HDF": ("an HDF5 file", "write it as Parquet"),
    b"SQLite format 3\x00": ("a SQLite database", "export the table as CSV"),
    b"%PDF": ("a PDF document", "save the table as CSV"),
    b"\x80\x04\x95": ("a Python pickle", "write it as Parquet"),
    b"\x80\x05\x95": ("a Python pickle", "write it as Parquet"),
}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_text_encoding(name: str) -> bool:
    """Returns True if Python can decode text in an encoding.

    Args:
        name: name of the encoding.
    """
    try:
        "".encode(name).decode(name)
    except (LookupError, ValueError):
        return False
    return True


def is_parquet(file: Path) -> bool:
    """Returns True for a Parquet file.

    Args:
        file: path of the file.
    """
    with file.open("rb") as stream:
        return stream.read(len(PARQUET)) == PARQUET


def csv_lines(file: Path, *, delimiter: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yields each row of a CSV file, which gzip may have compressed, with its last line's number.

    Args:
        file: path of the file.
        delimiter: field separator, one character.
        encoding: encoding of the text.

    Raises:
        InputError: the file is no CSV file in this encoding.
    """
    with file.open("rb") as start:
        first = start.read(16)
    for magic, (name, remedy) in _OTHERS.items():
        if first.startswith(magic):
            raise InputError(f"{file.name}: got {name}; allowed: CSV, gzip and Parquet. {remedy}")
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    if first.startswith(_UTF_16) and not wide:
        raise InputError(f"{file.name}: got UTF-16 text; set data.encoding to utf-16")
    # utf-8-sig: spreadsheets begin their files with a byte order mark.
    decoded_as = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    with _opened(file, compressed=first.startswith(GZIP)) as raw:
        stream = io.TextIOWrapper(raw, encoding=decoded_as, newline="")
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, row
        except csv.Error as error:
            raise InputError(f"{file.name}, line {reader.line_num}: not CSV: {error}") from error
        except UnicodeError as error:
            byte = (
                f" (byte 0x{error.object[error.start]:02x} after line {reader.line_num})"
                if isinstance(error, UnicodeDecodeError)
                else ""
            )
            raise InputError(
                f"{file.name}: is not {_shown(encoding)} text{byte}; set data.encoding to that of "
                "the file, such as cp1252 or latin-1, or save it as CSV in UTF-8"
            ) from error
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(
                f"{file.name}: got a damaged gzip file after line {reader.line_num} ({error}); "
                "upload it again"
            ) from error


def _opened(file: Path, *, compressed: bool) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(file) if compressed else file.open("rb")


def _shown(encoding: str) -> str:
    return "UTF-8" if codecs.lookup(encoding).name == "utf-8" else encoding


def parquet_names(file: Path) -> list[str]:
    """Returns the names of the columns of a Parquet file.

    Args:
        file: path of the file.

    Raises:
        InputError: the file is damaged, or a column has lists, objects or bytes.
    """
    # polars is imported here because serving does not need it.
    import polars as pl

    with _parquet_errors(file):
        schema = pl.scan_parquet(file, glob=False).collect_schema()
    for name, kind in schema.items():
        if kind.is_nested() or kind in (pl.Binary, pl.Object):
            raise InputError(
                f"{file.name}, column {name!r}: got {kind}; allowed: numbers, strings, truth "
                "values and times. Write its parts as columns, or remove it"
            )
    return schema.names()


def parquet_rows(file: Path) -> Iterator[list[str]]:
    """Yields each row of a Parquet file with its cells as strings, "" for a missing value.

    Args:
        file: path of the file.

    Raises:
        InputError: the file is damaged.
    """
    import polars as pl

    start = 0
    while True:
        with _parquet_errors(file):
            found = (
                pl.scan_parquet(file, glob=False)
                .slice(start, ROWS_PER_SLICE)
                .select(pl.all().cast(pl.String).fill_null(""))
                .collect()
            )
        yield from map(list, found.iter_rows())
        if found.height < ROWS_PER_SLICE:
            return
        start += ROWS_PER_SLICE


@contextmanager
def _parquet_errors(file: Path) -> Iterator[None]:
    """Raises an InputError of one line when polars cannot read a file."""
    from polars.exceptions import PolarsError

    try:
        yield
    except (PolarsError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{file.name}: cannot be read as Parquet ({reason}); write it again"
        ) from error
