"""A model of forecasts, as the programs of this package read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.archive import model_files
from mlops_jobs.failure import InputError
from mlops_jobs.model import Cells
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.series.encoding import Encoded, Matrix, Rows, Vector, encode
from mlops_jobs.series.intervals import Intervals
from mlops_jobs.series.schema import FILE, SeriesSchema
from mlops_jobs.series.table import SeriesTable
from mlops_jobs.table.raw import is_missing

HISTORY, INTERVALS = "history.npz", "intervals.npz"

PredictEncoded = Callable[[Matrix], npt.NDArray[Any]]
"""Predicts the difference from the level, in units of the series, of encoded rows."""

LoadPredictor = Callable[[Path], PredictEncoded]


@dataclass(frozen=True, kw_only=True)
class Forecasts:
    """Forecasts of rows.

    Args:
        quantiles: matrix with a row for each row and a column for each quantile.
        naive: the seasonal naive forecast of each row.
        steps: number of periods between origin and forecast of each row.
    """

    quantiles: Vector
    naive: Vector
    steps: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ForecastModel:
    """A fitted model with the history of its series; it implements the model of serving.

    A row with a timestamp after the last value of its series is forecast from that value. A row
    with an earlier timestamp is forecast as it would have been at the time: the origins are whole
    horizons before the last value, and later values are not read.

    Args:
        schema: columns and settings.
        history: values of the series.
        scale: unit of each series.
        intervals: quantiles of the errors.
        predict_encoded: predicts encoded rows.
    """

    schema: SeriesSchema
    history: SeriesTable
    scale: Vector
    intervals: Intervals
    predict_encoded: PredictEncoded

    @classmethod
    def load(cls, folder: Path, load_predictor: LoadPredictor) -> "ForecastModel":
        """Loads the model of a folder.

        Args:
            folder: folder of the training job's artifact.
            load_predictor: loads the function that predicts encoded rows.

        Raises:
            InputError: a file is missing or malformed.
        """
        schema, *_ = model_files(folder, FILE, HISTORY, INTERVALS)
        try:
            with np.load(folder / INTERVALS, allow_pickle=False) as arrays:
                offsets, scale = arrays["offsets"], arrays["scale"]
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(f"{INTERVALS}: cannot be read: {error}") from error
        return cls(
            schema=SeriesSchema.from_json(schema),
            history=SeriesTable.read(folder / HISTORY),
            scale=scale,
            intervals=Intervals(offsets=offsets),
            predict_encoded=load_predictor(folder),
        )

    def write(self, folder: Path) -> None:
        """Writes the files of the model, except those of `predict_encoded`.

        Args:
            folder: folder of the model.
        """
        (folder / FILE).write_text(self.schema.to_json(), encoding="utf-8")
        self.history.write(folder / HISTORY)
        np.savez(folder / INTERVALS, offsets=self.intervals.offsets, scale=self.scale)

    def with_history_of(self, other: "ForecastModel") -> "ForecastModel":
        """Returns this model with the values of another model.

        Args:
            other: a model of the same series.

        Raises:
            InputError: the models differ in more than their fit.
        """
        for name in ("names", "frequency", "horizon", "season", "covariates"):
            mine, its = getattr(self.schema, name), getattr(other.schema, name)
            if mine != its:
                raise InputError(f"its {name} are {mine}, those of the other model {its}")
        return replace(self, history=other.history)

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target: a number."""
        return ProblemType.REGRESSION

    @property
    def target(self) -> str:
        """Name of the target column."""
        return self.schema.target

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels: none."""
        return ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns of the table except the target, in their order."""
        return self.schema.columns

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of a request: series, timestamp and covariates."""
        return self.schema.features

    @property
    def new_features(self) -> tuple[str, ...]:
        """Names of the columns that monitors do not compare: the timestamp, which always grows."""
        return (self.schema.timestamp,)

    @property
    def numeric(self) -> bool:
        """False, because a timestamp is no number."""
        return False

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Quantiles of a forecast, ascending, with 0.5 in the middle."""
        return self.schema.quantiles

    def knows(self, feature: str, cell: str) -> bool:
        """Returns True if a cell of a CSV file can be read.

        Args:
            feature: name of the column.
            cell: the cell.
        """
        try:
            if feature == self.schema.timestamp:
                self.schema.frequency.number(cell)
            elif feature in self.schema.covariates:
                return is_missing(cell) or bool(np.isfinite(float(cell)))
            else:
                return cell.strip() in self._places
        except ValueError:
            return False
        return True

    def predict(self, cells: Cells) -> Vector:
        """Predicts rows.

        Args:
            cells: for each feature, the cells of all rows.

        Returns:
            The median of each row.

        Raises:
            InputError: a cell cannot be read, or a timestamp is outside of the range that can be
                forecast.
        """
        found: Vector = self.predict_quantiles(cells)[:, self.quantiles.index(0.5)]
        return found

    def predict_quantiles(self, cells: Cells) -> Vector:
        """Predicts the quantiles of rows.

        Args:
            cells: for each feature, the cells of all rows.

        Returns:
            A matrix with a row for each row and a column for each quantile.

        Raises:
            InputError: as for `predict`.
        """
        return self.forecast(cells).quantiles

    def forecast(self, cells: Cells) -> Forecasts:
        """Predicts rows, with the seasonal naive forecast.

        Args:
            cells: for each feature, the cells of all rows.

        Raises:
            InputError: as for `predict`.
        """
        columns = dict(zip(self.features, cells, strict=True))
        rows = self._rows(columns)
        covariates = np.empty((len(rows.steps), len(self.schema.covariates)))
        for place, name in enumerate(self.schema.covariates):
            covariates[:, place] = [
                _number(cell, name, row) for row, cell in enumerate(columns[name], start=1)
            ]
        encoded = encode(self.schema, self.history, self.scale, rows, covariates)
        return Forecasts(
            quantiles=self._quantiles(encoded, rows), naive=encoded.naive, steps=rows.steps
        )

    def attributions(self, cells: Cells) -> None:
        """Returns None: monitoring estimates attributions from predictions.

        Args:
            cells: for each feature, the cells of all rows.
        """

    def _quantiles(self, encoded: Encoded, rows: Rows) -> Vector:
        median = encoded.level + self.predict_encoded(encoded.features) * encoded.scale
        periods = rows.targets + self.history.start
        found = self.intervals.around(median, encoded.scale, periods)
        lowest = self.schema.lowest
        return found if lowest is None else np.maximum(found, lowest)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self.schema.names)}

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        """Position of the last value of each series."""
        known = ~np.isnan(self.history.values)
        found: npt.NDArray[np.int64] = self.history.periods - 1 - np.argmax(known[:, ::-1], axis=1)
        return found

    def _rows(self, columns: Mapping[str, Any]) -> Rows:
        schema = self.schema
        times = columns[schema.timestamp]
        keys = columns[schema.series] if schema.series else [""] * len(times)
        series = np.array([self._place(key, row) for row, key in enumerate(keys, start=1)])
        periods = np.array([self._period(text, row) for row, text in enumerate(times, start=1)])
        ends, positions = self._ends[series], periods - self.history.start
        back = np.where(positions > ends, 0, (ends - positions) // schema.horizon + 1)
        origins = ends - back * schema.horizon
        steps = positions - origins
        for row in np.flatnonzero((steps > schema.horizon) | (origins < schema.season - 1)):
            last = int(ends[row])
            whole = (last - schema.season + 1) // schema.horizon
            first = self._text(last - whole * schema.horizon + 1)
            raise InputError(
                f"row {row + 1}, column {schema.timestamp!r}: got {times[row]!r}; allowed for "
                f"series {schema.names[series[row]]!r}: {first} to "
                f"{self._text(last + schema.horizon)}. Later timestamps need a model that was "
                "trained on newer data"
            )
        return Rows(series=series, origins=origins, steps=steps)

    def _text(self, position: int) -> str:
        return self.schema.frequency.text(position + self.history.start)

    def _place(self, cell: Any, row: int) -> int:
        place = self._places.get(str(cell).strip())
        if place is None:
            names = ", ".join(self.schema.names[:10])
            raise InputError(
                f"row {row}, column {self.schema.series!r}: got {cell!r}; allowed: a series of the "
                f"training data, such as {names}"
            )
        return place

    def _period(self, cell: Any, row: int) -> int:
        try:
            return self.schema.frequency.number(str(cell))
        except InputError as error:
            raise InputError(f"row {row}, column {self.schema.timestamp!r}: {error}") from None


def _number(cell: Any, name: str, row: int) -> float:
    if cell is None or (isinstance(cell, str) and is_missing(cell)):
        return np.nan
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise InputError(
            f"row {row}, column {name!r}: got {cell!r}; allowed: a number or a missing value"
        ) from None
