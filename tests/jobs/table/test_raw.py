"""Raw CSV files."""

from pathlib import Path

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
        (b"\x1f\x8b\x08\x00", "is not UTF-8 text"),
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
