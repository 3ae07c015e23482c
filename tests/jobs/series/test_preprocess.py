"""Split of series by time."""

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.series import preprocess
from mlops_jobs.series.schema import SeriesSchema
from mlops_jobs.series.table import SeriesTable
from tests.jobs.series.tables import reader


def days(count: int, *, constant: bool = False) -> list[tuple[str, str, int]]:
    first = date(2026, 1, 1)
    return [
        ("a", (first + timedelta(days=day)).isoformat(), 1 if constant else day)
        for day in range(count)
    ]


def run(folder: Path, *arguments: str) -> SeriesSchema:
    options = [
        "--series=shop",
        "--timestamp=time",
        "--target=sales",
        "--frequency=day",
        "--horizon=2",
        "--season=7",
        *(f"--quantile={quantile}" for quantile in (0.1, 0.5, 0.9)),
        "--validation=3",
        "--test=2",
        f"--input={folder / 'in'}",
        f"--output={folder / 'out'}",
        *arguments,
    ]
    return preprocess.preprocess(preprocess.parser().parse_args(options))


def test_the_most_recent_periods_are_held_out(tmp_path: Path) -> None:
    reader(tmp_path / "in", days(40))
    run(tmp_path)
    parts = {
        name: SeriesTable.read(tmp_path / f"out/{name}/{name}.npz").values[0].tolist()
        for name in ("train", "validation", "recent")
    }
    assert parts["train"] == list(range(30))
    assert parts["validation"] == list(range(30, 36))
    assert parts["recent"] == list(range(36, 40))
    held_out = list(csv.DictReader((tmp_path / "out/test/holdout.csv").open()))
    assert [row["sales"] for row in held_out] == ["36", "37", "38", "39"]
    rows = list(csv.DictReader((tmp_path / "out/rows/train.csv").open()))
    assert [row["sales"] for row in rows] == [str(day) for day in range(30)]


def test_forecasts_of_values_that_are_never_negative_are_not_negative(tmp_path: Path) -> None:
    reader(tmp_path / "in", days(40))
    assert run(tmp_path).lowest == 0
    reader(tmp_path / "in", [("a", day, value - 20) for _, day, value in days(40)])
    assert run(tmp_path).lowest is None


@pytest.mark.parametrize(
    ("rows", "arguments", "message"),
    [
        (25, [], "data: got 25 periods; allowed: at least 26: two seasons of 7"),
        (40, ["--lag=1"], "forecast.lags: got 1; allowed: at least the horizon, 2"),
        (40, ["--quantile=0.2"], "forecast.quantiles: got [0.1, 0.5, 0.9, 0.2]; allowed:"),
        (40, ["--target=x"], "data: got column 'x'; allowed: shop, time, sales"),
    ],
)
def test_a_table_that_does_not_fit_is_rejected(
    tmp_path: Path, rows: int, arguments: list[str], message: str
) -> None:
    reader(tmp_path / "in", days(rows))
    with pytest.raises(InputError) as error:
        run(tmp_path, *arguments)
    assert message in str(error.value)


def test_constant_series_are_rejected(tmp_path: Path) -> None:
    reader(tmp_path / "in", days(40, constant=True))
    with pytest.raises(InputError, match="so there is nothing to forecast"):
        run(tmp_path)
