"""Small tables of series."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from mlops_jobs.series.frequency import Frequency
from mlops_jobs.series.schema import SeriesSchema
from mlops_jobs.series.table import Columns, SeriesReader
from mlops_jobs.table.raw import RawTable


def reader(
    folder: Path,
    rows: Iterable[Sequence[object]],
    *,
    frequency: Frequency = Frequency.DAY,
    covariates: tuple[str, ...] = (),
) -> SeriesReader:
    """Writes a table with the columns shop, time, sales and covariates; returns its reader."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["shop", "time", "sales", *covariates])
        writer.writerows(rows)
    columns = Columns(series="shop", timestamp="time", target="sales", covariates=covariates)
    return SeriesReader(table=RawTable.in_folder(folder), columns=columns, frequency=frequency)


def schema(
    *,
    horizon: int = 2,
    season: int = 3,
    lags: tuple[int, ...] = (),
    names: tuple[str, ...] = ("a", "b"),
    covariates: tuple[str, ...] = (),
) -> SeriesSchema:
    return SeriesSchema(
        columns=("shop", "time", *covariates),
        series="shop",
        timestamp="time",
        target="sales",
        covariates=covariates,
        frequency=Frequency.DAY,
        horizon=horizon,
        season=season,
        lags=lags,
        quantiles=(0.1, 0.5, 0.9),
        names=names,
        lowest=None,
    )
