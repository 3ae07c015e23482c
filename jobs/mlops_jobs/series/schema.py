"""Columns and settings of a forecast, which training, evaluation and endpoint share."""

import json
from dataclasses import asdict, dataclass, fields

from mlops_jobs.failure import InputError
from mlops_jobs.series.frequency import Frequency

FILE = "schema.json"
LAGS_PER_SEASON = 4
"""Number of past seasons whose values a model reads."""


@dataclass(frozen=True, kw_only=True)
class SeriesSchema:
    """Columns and settings of a forecast.

    Args:
        columns: all columns of the table except the target, in their order.
        series: column that names the series of a row; empty if the table has one series.
        timestamp: column with the timestamp.
        target: column with the value.
        covariates: columns with numbers that are known in advance, which a request has as well.
        frequency: length of a period.
        horizon: number of periods that are forecast from an origin.
        season: number of periods of a season.
        lags: further distances in periods, at least the horizon, at which a model reads values.
        quantiles: quantiles of a forecast, ascending, with 0.5 in the middle.
        names: names of the series.
        lowest: least value of a forecast. None: no limit.
    """

    columns: tuple[str, ...]
    series: str
    timestamp: str
    target: str
    covariates: tuple[str, ...]
    frequency: Frequency
    horizon: int
    season: int
    lags: tuple[int, ...]
    quantiles: tuple[float, ...]
    names: tuple[str, ...]
    lowest: float | None

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of a request that the model reads."""
        key = (self.series,) if self.series else ()
        return (*key, self.timestamp, *self.covariates)

    @property
    def reach(self) -> int:
        """Number of periods before an origin from which a model reads values."""
        cycles = -(-self.horizon // self.season)
        return max((cycles + LAGS_PER_SEASON) * self.season, *self.lags, 0)

    def to_json(self) -> str:
        """Returns the schema as JSON."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, content: bytes) -> "SeriesSchema":
        """Reads a schema.

        Args:
            content: result of `to_json`.

        Raises:
            InputError: the content is not a schema of series.
        """
        try:
            found = json.loads(content)
            lists = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
            return cls(**{**found, **lists, "frequency": Frequency(found["frequency"])})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            names = ", ".join(field.name for field in fields(cls))
            raise InputError(
                f"{FILE}: is not a schema of series ({error}); allowed: an object with {names}"
            ) from error
