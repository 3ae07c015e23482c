"""Content of `config.yaml`."""

from pathlib import Path
from typing import Annotated, Literal

from mlops_jobs.series.frequency import Frequency
from mlops_jobs.series.metrics import forecast_metric
from mlops_jobs.table.file_formats import is_text_encoding
from pydantic import Field, field_validator, model_validator

from pipeline.configuration_file import read_file
from pipeline.sections import (
    S3_URI,
    FromYaml,
    Margin,
    Number,
    PipelineConfiguration,
    Section,
    SeededSplit,
)

Column = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Quantile = Annotated[Number, Field(gt=0, lt=1)]


class Data(Section):
    """The raw table.

    Args:
        uri: S3 URI of a CSV file, or of a folder if it ends with `/`. Defaults to "": the flights
            that depart from each airport of New York in each hour of 2013.
        series: column that names the series of a row. Defaults to "": the table has one series.
        timestamp: column with a date, or a date and time, in ISO 8601.
        target: column with the value.
        covariates: columns with numbers that are known in advance, at most 20. Defaults to none.
        frequency: length of a period; a row belongs to the period of its timestamp.
        delimiter: field separator, one character. Defaults to `,`.
        encoding: encoding of CSV files, by Python's name. Defaults to UTF-8.
    """

    uri: Annotated[str, Field(pattern=S3_URI)] = ""
    series: str = ""
    timestamp: Column
    target: Column
    covariates: Annotated[tuple[Column, ...], FromYaml, Field(max_length=20)] = ()
    frequency: Annotated[Frequency, FromYaml]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, value: str) -> str:
        if not is_text_encoding(value):
            raise ValueError(f"got {value!r}; allowed: an encoding such as utf-8 or latin-1")
        return value


class Forecast(Section):
    """Horizon, season and quantiles of the forecasts.

    Args:
        horizon: number of periods that are forecast.
        season: number of periods after which values are similar, such as 24 hours.
        lags: further such distances, at least the horizon, such as 168 hours. Defaults to none.
        quantiles: quantiles of a forecast, ascending, one of them 0.5. Defaults to 0.1, 0.5, 0.9.
    """

    horizon: Count
    season: Count
    lags: Annotated[tuple[Count, ...], FromYaml, Field(max_length=10)] = ()
    quantiles: Annotated[tuple[Quantile, ...], FromYaml, Field(max_length=20)] = (0.1, 0.5, 0.9)

    @model_validator(mode="after")
    def _lags_are_known(self) -> "Forecast":
        for lag in self.lags:
            if lag < self.horizon:
                raise ValueError(
                    f"got lag {lag}; allowed: at least the horizon, {self.horizon}, because nearer "
                    "values are not known for each period that is forecast"
                )
        return self

    @field_validator("quantiles")
    @classmethod
    def _has_a_median(cls, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        if (
            len(quantiles) < 3
            or list(quantiles) != sorted(set(quantiles))
            or 0.5 not in quantiles[1:-1]
        ):
            raise ValueError(
                f"got {list(quantiles)}; allowed: ascending numbers between 0 and 1 on both sides "
                "of 0.5, such as [0.1, 0.5, 0.9]"
            )
        return quantiles


class Split(SeededSplit):
    """Periods that are held out, in horizons; the earlier ones are for training.

    Args:
        validation: horizons that decide when training stops and which trial is best, and from
            whose errors the quantiles are measured. Defaults to 20.
        test: the most recent horizons, which only the evaluation forecasts. Defaults to 20.
        seed: seed of the tuner, 0 to 2**31 - 1. Defaults to 7.
    """

    validation: Count = 20
    test: Count = 20


class Objective(Section):
    """The metric that tuning optimizes, and the value that a model must reach.

    Args:
        metric: name of the metric. Defaults to mase.
        threshold: maximum of the metric. Defaults to None: better than the seasonal naive forecast.
        margin: increase of the mean absolute error over that of the deployed model, at least 0,
            that is accepted beyond chance. Defaults to 0.
    """

    metric: Literal["mase", "smape", "wape"] = "mase"
    threshold: float | None = None
    margin: Margin = 0.0

    @model_validator(mode="after")
    def _threshold_fits(self) -> "Objective":
        if self.threshold is not None:
            forecast_metric(self.metric).check_threshold(self.threshold)
        return self


class Configuration(PipelineConfiguration):
    """The whole file.

    Args:
        data: the raw table.
        forecast: horizon, season and quantiles.
        split: periods that are held out. Defaults to `Split()`.
        objective: metric and threshold of a model. Defaults to `Objective()`.
        training, tuning, instance_types, network: as in every file: `PipelineConfiguration`.
    """

    data: Data
    forecast: Forecast
    split: Split = Split()
    objective: Objective = Objective()


def read_configuration(file: Path) -> Configuration:
    """Reads and validates `config.yaml`.

    Args:
        file: path of the file.

    Returns:
        The configuration, with defaults filled in.

    Raises:
        InputError: the file cannot be read or is not valid; the message lists every problem.
    """
    return read_file(file, Configuration)
