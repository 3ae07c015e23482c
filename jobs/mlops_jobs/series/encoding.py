"""Rows from which a model learns: an origin, a step, and what is known at the origin."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_jobs.series.frequency import Periods
from mlops_jobs.series.schema import LAGS_PER_SEASON, SeriesSchema
from mlops_jobs.series.table import SeriesTable

Matrix = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Positions of rows in a table of series.

    Args:
        series: position of the series of each row.
        origins: position of the last period whose value is known.
        steps: number of periods from the origin to the period that is forecast, from 1.
    """

    series: Periods
    origins: Periods
    steps: Periods

    @property
    def targets(self) -> Periods:
        """Position of the period that is forecast."""
        return self.origins + self.steps


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Encoded rows.

    A model predicts the difference of the value from `level`, in units of `scale`.

    Args:
        features: a matrix with a line for each row; unknown values are NaN.
        level: mean of the values at the same place of the past seasons.
        naive: value at the same place of the last season: the seasonal naive forecast.
        scale: unit of the series.
    """

    features: Matrix
    level: Vector
    naive: Vector
    scale: Vector


def names_of_features(schema: SeriesSchema) -> Sequence[str]:
    """Returns the names of the columns of `Encoded.features`.

    Args:
        schema: columns and settings.
    """
    return (
        "step",
        "series",
        *(f"season_{number}" for number in range(1, LAGS_PER_SEASON + 1)),
        *(f"lag_{lag}" for lag in schema.lags),
        "last",
        "mean_of_last_season",
        "mean_of_season_before",
        "level",
        *schema.frequency.calendar_names(),
        *schema.covariates,
    )


def scales(table: SeriesTable, season: int) -> Vector:
    """Returns the mean absolute difference of each series from a season before.

    It is the denominator of MASE: the error of the seasonal naive forecast of these values. A
    series without a difference has the scale NaN.

    Args:
        table: values that a model may learn from.
        season: number of periods of a season.

    Source:
        Hyndman and Koehler, Another look at measures of forecast accuracy, 2006
    """
    differences = np.abs(table.values[:, season:] - table.values[:, :-season])
    found = _mean(differences)
    return np.where(found > 0, found, np.nan)


def units(table: SeriesTable, season: int) -> Vector:
    """Returns the scale of each series, or 1 for a series without one.

    Args:
        table: values that a model may learn from.
        season: number of periods of a season.
    """
    found = scales(table, season)
    return np.where(np.isnan(found), 1.0, found)


def encode(
    schema: SeriesSchema, table: SeriesTable, scale: Vector, rows: Rows, covariates: Vector
) -> Encoded:
    """Encodes rows; values after the origin of a row are not read.

    Args:
        schema: columns and settings.
        table: values of the series.
        scale: unit of each series.
        rows: positions of the rows.
        covariates: matrix with the covariates of each row.
    """
    cycles = -(-rows.steps // schema.season)
    past = np.stack(
        [
            _at(table, rows.series, rows.targets - (cycles - 1 + number) * schema.season)
            for number in range(1, LAGS_PER_SEASON + 1)
        ],
        axis=1,
    )
    last = _at(table, rows.series, rows.origins)
    recent = _mean_of_season(table, rows, schema.season, 0)
    before = _mean_of_season(table, rows, schema.season, 1)
    level = _mean(past)
    level = np.where(np.isnan(level), recent, level)
    level = np.where(np.isnan(level), np.where(np.isnan(last), 0.0, last), level)
    naive = np.where(np.isnan(past[:, 0]), level, past[:, 0])
    unit = scale[rows.series]
    further = [_at(table, rows.series, rows.targets - lag) for lag in schema.lags]
    known = np.stack([*past.T, *further, last, recent, before], axis=1)
    features = np.concatenate(
        [
            rows.steps[:, np.newaxis],
            rows.series[:, np.newaxis],
            (known - level[:, np.newaxis]) / unit[:, np.newaxis],
            (level / unit)[:, np.newaxis],
            schema.frequency.calendar(rows.targets + table.start),
            covariates,
        ],
        axis=1,
    )
    return Encoded(features=features.astype(np.float32), level=level, naive=naive, scale=unit)


def rolling_origins(schema: SeriesSchema, table: SeriesTable, first: int, spacing: int) -> Rows:
    """Returns all rows of rolling origins whose value is known.

    Args:
        schema: columns and settings.
        table: values of the series.
        first: position of the first period that is forecast.
        spacing: number of periods between two origins.
    """
    origins = np.arange(first - 1, table.periods - 1, spacing, dtype=np.int64)
    steps = np.arange(1, schema.horizon + 1, dtype=np.int64)
    series = np.arange(len(table.values), dtype=np.int64)
    grid = np.meshgrid(series, origins, steps, indexing="ij")
    flat = [each.reshape(-1) for each in grid]
    targets = flat[1] + flat[2]
    known = targets < table.periods
    known[known] &= ~np.isnan(table.values[flat[0][known], targets[known]])
    return Rows(series=flat[0][known], origins=flat[1][known], steps=flat[2][known])


def covariates_of(table: SeriesTable, rows: Rows) -> Vector:
    """Returns the covariates of rows, as the table has them.

    Args:
        table: values of the series.
        rows: positions of the rows.
    """
    found: Vector = table.covariates[:, rows.series, rows.targets].T
    return found


def _at(table: SeriesTable, series: Periods, positions: Periods) -> Vector:
    inside = (positions >= 0) & (positions < table.periods)
    found = table.values[series, np.where(inside, positions, 0)]
    return np.where(inside, found, np.nan)


def _mean_of_season(table: SeriesTable, rows: Rows, season: int, ago: int) -> Vector:
    """Returns the mean of the season that ends `ago` seasons before the origin."""
    known = ~np.isnan(table.values)
    padded = ((0, 0), (1, 0))
    sums = np.pad(np.cumsum(np.where(known, table.values, 0.0), axis=1), padded)
    counts = np.pad(np.cumsum(known, axis=1), padded)
    last = np.clip(rows.origins + 1 - ago * season, 0, table.periods)
    first = np.clip(last - season, 0, table.periods)
    count = counts[rows.series, last] - counts[rows.series, first]
    total = sums[rows.series, last] - sums[rows.series, first]
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _mean(values: Vector) -> Vector:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rows without any value
        found: Vector = np.nanmean(values, axis=1)
    return found
