"""Quantiles of forecasts, from the errors of rolling origins (split conformal prediction)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError
from mlops_jobs.series.frequency import Periods

Vector = npt.NDArray[np.float64]
MIN_ERRORS = 30
"""Number of errors from which a place in the season has separate quantiles."""


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Differences of quantiles from a forecast, in units of the series.

    Args:
        offsets: matrix with a row for each place in the season and a column for each quantile.
    """

    offsets: Vector

    @classmethod
    def of_errors(
        cls, errors: Vector, periods: Periods, season: int, quantiles: tuple[float, ...]
    ) -> "Intervals":
        """Measures the quantiles of errors that the model has not learned from.

        An interval between two quantiles has at least its nominal coverage if the errors of the
        future have the distribution of these. The middle quantile is the forecast itself.

        Args:
            errors: actual value less forecast, in units of the series.
            periods: number of the period of each error.
            season: number of periods of a season.
            quantiles: the quantiles, ascending, with 0.5 in the middle.

        Raises:
            InputError: there is no error to measure.

        Source:
            Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005
        """
        if not len(errors):
            raise InputError(
                "split.validation: got no value in the validation periods; use more periods"
            )
        everywhere = _quantiles(errors, quantiles)
        offsets = np.tile(everywhere, (season, 1))
        places = periods % season
        for place in range(season):
            here = errors[places == place]
            if len(here) >= MIN_ERRORS:
                offsets[place] = _quantiles(here, quantiles)
        return cls(offsets=offsets)

    def around(self, forecast: Vector, scale: Vector, periods: Periods) -> Vector:
        """Returns the quantiles of forecasts, ascending in each row.

        Args:
            forecast: the forecasts.
            scale: unit of the series of each forecast.
            periods: number of the period of each forecast.
        """
        offsets = self.offsets[periods % len(self.offsets)]
        return np.sort(forecast[:, np.newaxis] + offsets * scale[:, np.newaxis], axis=1)

    def write(self, file: Path) -> None:
        """Writes the intervals as a file of numpy.

        Args:
            file: path of the file.
        """
        np.savez(file, offsets=self.offsets)


def _quantiles(errors: Vector, quantiles: tuple[float, ...]) -> Vector:
    """Returns the errors whose ranks guarantee the coverage in finite samples."""
    ordered, count = np.sort(errors), len(errors)
    found = []
    for quantile in quantiles:
        if quantile == 0.5:
            found.append(0.0)
        elif quantile > 0.5:
            found.append(ordered[min(int(np.ceil((count + 1) * quantile)), count) - 1])
        else:
            found.append(ordered[max(int(np.floor((count + 1) * quantile)), 1) - 1])
    # The forecast itself is in each interval, even if it errs to one side.
    middle = quantiles.index(0.5)
    return np.concatenate(
        [np.minimum(found[:middle], 0.0), [0.0], np.maximum(found[middle + 1 :], 0.0)]
    )
