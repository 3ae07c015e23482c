"""Raw CSV files."""

import gzip
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.table.raw import RawTable


def table(
    folder: Path, text: str | bytes, *, header: bool = True, delimiter: str = ","
) -> RawTable:
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "table.csv").write_bytes(content)
    return RawTable.in_folder(folder, header=header, delimiter=delimiter)


def rows(read: RawTable) -> list[list[str]]:
    return [row for piece in read.pieces() for row in piece]


def test_columns_are_named_by_the_heading(tmp_path: Path) -> None:
    read = table(tmp_path, " a ,b,\n1,2,3\n")
    assert read.columns() == ["a", "b", "column_2"]
    assert rows(read) == [["1", "2", "3"]]


def test_columns_without_a_heading_are_named_by_position(tmp_path: Path) -> None:
    read = table(tmp_path, "1,2\n3,4\n", header=False)
    assert read.columns() == ["column_0", "column_1"]
    assert rows(read) == [["1", "2"], ["3", "4"]]


def test_a_byte_order_mark_windows_lines_and_empty_lines_do_not_matter(tmp_path: Path) -> None:
    read = table(tmp_path, b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4\r\n")
    assert read.columns() == ["a", "b"]
    assert rows(read) == [["1", "2"], ["3", "4"]]


def test_quoted_fields_may_hold_delimiters_quotes_and_lines(tmp_path: Path) -> None:
    read = table(tmp_path, 'a;b\n"x;""y""\nz";2\n', delimiter=";")
    assert rows(read) == [['x;"y"\nz', "2"]]


def test_several_files_are_one_table_and_markers_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "part-2.csv").write_text("a,b\n3,4\n")
    (tmp_path / "part-1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "_SUCCESS").write_text("")
    assert rows(RawTable.in_folder(tmp_path)) == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "table.csv: got an empty file"),
        (b"a,b\n1,2\n1,2,3\n", "line 3: got 3 fields; allowed: 2"),
        (b"a,a\n1,2\n", "names ['a'] more than once"),
        (b"a;b\n1;2\n", "set data.delimiter to ';'"),
        (b"a,b\n\xff\xfe,2\n", "is not UTF-8 text (byte 0xff"),
        (b'a,b\n"x"y,2\n', "line 2: not CSV"),
        (b"\x1f\x8b\x08\x00", "got a damaged gzip file after line 0"),
        (gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "got a damaged gzip file"),
        (b"PAR1 but no more", "cannot be read as Parquet"),
        (b"PK\x03\x04\x14\x00", "got a ZIP archive or an Excel workbook; allowed: CSV, gzip and"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "save the sheet as CSV"),
        (b"SQLite format 3\x00", "got a SQLite database"),
        (b"\x28\xb5\x2f\xfd\x00", "compress it with gzip instead"),
        ("a,b\n1,2\n".encode("utf-16"), "set data.encoding to utf-16"),
        ("a,b\nZ\xfcrich,2\n".encode("cp1252"), "set data.encoding to that of the file, such as"),
    ],
)
def test_an_unreadable_table_is_rejected(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        rows(table(tmp_path, content))
    assert message in str(error.value)


def test_no_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got no file"):
        RawTable.in_folder(tmp_path)


def test_files_with_different_columns_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("a,c\n1,2\n")
    with pytest.raises(InputError, match=r"got other columns than 1\.csv: \['b', 'c'\]"):
        RawTable.in_folder(tmp_path).columns()


def test_a_file_that_gzip_compressed_is_read(tmp_path: Path) -> None:
    (tmp_path / "table.csv.gz").write_bytes(gzip.compress("a,b\nŁódź,2\n".encode()))
    read = RawTable.in_folder(tmp_path)
    assert (read.columns(), rows(read)) == (["a", "b"], [["Łódź", "2"]])


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "UTF-8"])
def test_text_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "table.csv").write_bytes("größe,b\n1,2\n".encode(encoding))
    assert RawTable.in_folder(tmp_path, encoding=encoding).columns() == ["größe", "b"]


@pytest.mark.parametrize("header", [True, False])
def test_parquet_is_read_as_strings(tmp_path: Path, *, header: bool) -> None:
    whole = list(range(45_000))
    frame = pl.DataFrame(
        {
            "whole": whole,
            "share": [None if at == 1 else at / 4 for at in whole],
            "member": [at % 2 == 0 for at in whole],
            "joined": [datetime.fromisoformat("2026-11-30T10:30:00")] * len(whole),
        }
    )
    frame.write_parquet(tmp_path / "table.parquet")
    read = RawTable.in_folder(tmp_path, header=header)
    assert read.columns() == ["whole", "share", "member", "joined"]
    found = rows(read)
    assert len(found) == 45_000
    assert found[1] == ["1", "", "false", "2026-11-30 10:30:00.000000"]
    assert found[-1][:2] == ["44999", "11249.75"]


def test_a_column_of_lists_is_rejected(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2], "tags": [["x"], ["y"]]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"column 'tags': got List.*; allowed: numbers, strings"):
        RawTable.in_folder(tmp_path).columns()


def test_empty_names_of_the_heading_are_known(tmp_path: Path) -> None:
    assert table(tmp_path, ",b, \n1,2,3\n").unnamed_columns() == ["column_0", "column_2"]
    assert table(tmp_path, "a,b\n1,2\n").unnamed_columns() == []
