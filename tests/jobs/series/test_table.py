"""Series of raw tables."""

from pathlib import Path

import numpy as np
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.series import table as tables
from mlops_jobs.series.table import SeriesTable
from tests.jobs.series.tables import reader

ROWS = [
    ("b", "2026-01-03", 3, 0),
    ("a", "2026-01-01", 1, 1),
    ("a", "2026-01-03", "", ""),
    ("b", "2026-01-02", "NA", 1),
]


def test_rows_in_any_order_become_series_with_gaps(tmp_path: Path) -> None:
    names, found = reader(tmp_path, ROWS, covariates=("offer",)).read()
    assert names == ("a", "b")
    nan = np.nan
    assert np.array_equal(found.values, [[1, nan, nan], [nan, nan, 3]], equal_nan=True)
    assert np.array_equal(found.covariates[0], [[1, nan, nan], [nan, 1, 0]], equal_nan=True)


def test_a_file_of_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    _, found = reader(tmp_path / "in", ROWS, covariates=("offer",)).read()
    found.write(tmp_path / "table.npz")
    again = SeriesTable.read(tmp_path / "table.npz")
    assert (again.start, again.periods) == (found.start, 3)
    assert again.values.tobytes() == found.values.tobytes()
    assert again.part(0, 1).followed_by(again.part(1, 3)).values.tobytes() == (
        found.values.tobytes()
    )


@pytest.mark.parametrize("content", [b"", b"not a file of numpy"])
def test_a_malformed_file_is_rejected(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "table.npz").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as a table of series"):
        SeriesTable.read(tmp_path / "table.npz")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a", "2026-01-01T05:00", 2, 0), "two rows of series 'a' in the day 2026-01-01"),
        (("", "2026-01-09", 2, 0), "row 5, column 'shop': got an empty name"),
        (("a", "1/9/2026", 2, 0), "row 5, column 'time': got '1/9/2026'; allowed: a timestamp"),
        (("a", "2026-01-09", "many", 0), "row 5, column 'sales': got 'many'; allowed: a number"),
        (("a", "2026-01-09", 2, "yes"), "row 5, column 'offer': got 'yes'; allowed: a number"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(
    tmp_path: Path, row: tuple[object, ...], message: str
) -> None:
    with pytest.raises(InputError) as error:
        reader(tmp_path, [*ROWS, row], covariates=("offer",)).read()
    assert message in str(error.value)


def test_a_table_without_rows_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="data: got no row"):
        reader(tmp_path, []).read()


def test_a_matrix_that_would_not_fit_into_memory_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_CELLS", 1000)
    with pytest.raises(InputError, match="got 1 series of 3653 periods from 2016-01-01"):
        reader(tmp_path, [("a", "2016-01-01", 1), ("a", "2025-12-31", 2)]).read()
