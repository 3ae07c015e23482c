"""What a model reads of the past."""

import numpy as np
import pytest

from mlops_jobs.series.encoding import (
    Rows,
    covariates_of,
    encode,
    names_of_features,
    rolling_origins,
    scales,
)
from mlops_jobs.series.schema import SeriesSchema
from mlops_jobs.series.table import SeriesTable
from tests.jobs.series.tables import schema


def table(periods: int = 30) -> SeriesTable:
    values = np.array([np.arange(periods) % 3 + 10.0, np.arange(periods) * 1.0])
    return SeriesTable(start=20_000, values=values, covariates=np.ones((0, 2, periods)))


def rows(series: int, origin: int, step: int) -> Rows:
    return Rows(series=np.array([series]), origins=np.array([origin]), steps=np.array([step]))


def encoded(found: SeriesTable, row: Rows, with_schema: SeriesSchema) -> dict[str, float]:
    features = encode(with_schema, found, np.ones(2), row, covariates_of(found, row)).features
    return dict(zip(names_of_features(with_schema), features[0].tolist(), strict=True))


def test_a_row_has_the_same_place_of_past_seasons() -> None:
    found = encoded(table(), rows(1, 20, 2), schema())
    # Period 22 is forecast from period 20: the past seasons are 19, 16, 13 and 10, their mean 14.5.
    assert [found[f"season_{number}"] for number in (1, 2, 3, 4)] == [4.5, 1.5, -1.5, -4.5]
    assert found["level"] == 14.5
    assert found["last"] == 20 - 14.5
    assert found["mean_of_last_season"] == 19 - 14.5
    assert found["mean_of_season_before"] == 16 - 14.5


def test_values_after_the_origin_are_not_read() -> None:
    known = table()
    later = known.values.copy()
    later[:, 21:] = 1e6
    changed = SeriesTable(start=known.start, values=later, covariates=known.covariates)
    for step in (1, 2, 3, 4, 5, 7):
        wide = schema(horizon=7, lags=(7, 10))
        assert encoded(known, rows(1, 20, step), wide) == encoded(changed, rows(1, 20, step), wide)


def test_the_naive_forecast_is_the_value_of_the_last_known_season() -> None:
    row = rows(1, 20, 5)
    # Period 25 is two seasons ahead, so that period 19 is the last one known at its place.
    naive = encode(schema(horizon=5), table(), np.ones(2), row, np.ones((1, 0))).naive
    assert naive.tolist() == [19]


def test_the_scale_is_the_error_of_the_seasonal_naive_forecast() -> None:
    found = scales(table(), 3)
    assert np.isnan(found[0])  # the series repeats, so that there is no error
    assert found[1] == 3


def test_a_series_without_a_past_is_encoded_with_missing_values() -> None:
    found = encoded(table(), rows(1, 0, 1), schema())
    assert np.isnan(found["season_1"])
    assert np.isfinite(found["level"])


def test_rolling_origins_have_each_step_whose_value_is_known() -> None:
    known = table(10)
    known.values[0, 8] = np.nan
    found = rolling_origins(schema(), known, first=6, spacing=2)
    pairs = list(zip(found.series.tolist(), found.targets.tolist(), strict=True))
    assert pairs == [(0, 6), (0, 7), (0, 9), (1, 6), (1, 7), (1, 8), (1, 9)]
    assert (found.origins < found.targets).all()


@pytest.mark.parametrize("season", [1, 3, 24])
def test_each_column_has_a_name(season: int) -> None:
    wide = schema(season=season, lags=(2, 5))
    row = rows(1, 20, 2)
    features = encode(wide, table(), np.ones(2), row, np.ones((1, 0))).features
    assert features.shape == (1, len(names_of_features(wide)))
