"""Coverage of intervals on values that nobody has seen."""

import numpy as np
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.series.intervals import MIN_ERRORS, Intervals

QUANTILES = (0.1, 0.5, 0.9)


def test_the_coverage_is_nominal_in_the_mean_of_many_samples() -> None:
    random = np.random.default_rng(3)
    covered = []
    for _ in range(400):
        errors = random.standard_t(3, 40)
        intervals = Intervals.of_errors(errors, np.arange(40), 1, QUANTILES)
        later = random.standard_t(3, 200)
        ends = intervals.around(np.zeros(200), np.ones(200), np.arange(200))
        covered.append(np.mean((later >= ends[:, 0]) & (later <= ends[:, 2])))
    assert 0.79 < np.mean(covered) < 0.84


def test_a_place_in_the_season_with_enough_errors_has_its_own_interval() -> None:
    random = np.random.default_rng(3)
    periods = np.arange(2 * 200)
    errors = random.normal(0, np.where(periods % 2, 10, 1))
    intervals = Intervals.of_errors(errors, periods, 2, QUANTILES)
    quiet, wild = np.diff(intervals.offsets[:, [0, 2]], axis=1)[:, 0]
    assert 7 < wild / quiet < 13
    few = slice(0, 2 * MIN_ERRORS - 2)
    shared = Intervals.of_errors(errors[few], periods[few], 2, QUANTILES)
    assert np.array_equal(*shared.offsets)


def test_the_forecast_is_the_middle_and_quantiles_ascend() -> None:
    intervals = Intervals.of_errors(np.array([5.0, 6.0, 7.0]), np.arange(3), 1, QUANTILES)
    (row,) = intervals.around(np.array([100.0]), np.array([2.0]), np.array([0]))
    assert row.tolist() == [100, 100, 114]


def test_no_error_is_rejected() -> None:
    with pytest.raises(InputError, match="got no value in the validation periods"):
        Intervals.of_errors(np.array([]), np.array([], dtype=np.int64), 1, QUANTILES)
