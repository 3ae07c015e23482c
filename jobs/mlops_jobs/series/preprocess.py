"""Processing job: reads the series of the raw table and splits them by time.

Reads every file (CSV, gzip or Parquet) below `/opt/ml/processing/input/data`. Writes below
`/opt/ml/processing/output`: `train/train.npz` with `train/schema.json`, `validation/validation.npz`
and `recent/recent.npz`, the values of consecutive periods; `rows/train.csv`, the raw training rows;
and `test/holdout.csv`, the raw rows of the most recent periods, for evaluation and smoke tests.
The training job does not learn from `recent`: the endpoint forecasts from these values.
"""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.series.encoding import scales
from mlops_jobs.series.frequency import Frequency
from mlops_jobs.series.schema import FILE, SeriesSchema
from mlops_jobs.series.table import Columns, SeriesReader, SeriesTable
from mlops_jobs.table.preprocess import text_encoding
from mlops_jobs.table.raw import RawTable, is_missing

INPUT = Path("/opt/ml/processing/input/data")
OUTPUT = Path("/opt/ml/processing/output")


@dataclass(frozen=True, kw_only=True)
class SplitSeries:
    """The series of a table, with the periods that are held out.

    Args:
        reader: reader of the table.
        names: names of the series.
        series: their values.
        first_validation: number of the first period for validation.
        first_test: number of the first held-out period.
    """

    reader: SeriesReader
    names: tuple[str, ...]
    series: SeriesTable
    first_validation: int
    first_test: int

    @property
    def train(self) -> SeriesTable:
        """The periods for training."""
        return self.series.part(0, self.first_validation)


def read_series(table: RawTable, options: argparse.Namespace) -> SplitSeries:
    """Reads and validates a table without writing anything.

    Args:
        table: the raw table.
        options: options of `add_options`.

    Raises:
        InputError: the table does not match the options; the message states the remedy.
    """
    _check_options(options)
    columns = Columns(
        series=options.series,
        timestamp=options.timestamp,
        target=options.target,
        covariates=tuple(options.covariate),
    )
    reader = SeriesReader(table=table, columns=columns, frequency=options.frequency)
    names, series = reader.read()
    first_test = series.periods - options.test * options.horizon
    first_validation = first_test - options.validation * options.horizon
    _check_length(options, series, first_validation)
    found = SplitSeries(
        reader=reader,
        names=names,
        series=series,
        first_validation=first_validation,
        first_test=first_test,
    )
    if np.isnan(scales(found.train, options.season)).all():
        raise InputError(
            f"data.target: got no series whose values differ from those {options.season} periods "
            "before, so there is nothing to forecast; change forecast.season, or the data"
        )
    return found


def preprocess(options: argparse.Namespace) -> SeriesSchema:
    """Runs the job.

    Args:
        options: result of `parser`.

    Returns:
        Columns and settings of the forecast.

    Raises:
        InputError: the table does not match the options; the message states the remedy.
    """
    table = RawTable.in_folder(
        options.input, delimiter=options.delimiter, encoding=options.encoding
    )
    found = read_series(table, options)
    reader, series, train = found.reader, found.series, found.train
    schema = SeriesSchema(
        columns=tuple(name for name in table.columns() if name != options.target),
        series=options.series,
        timestamp=options.timestamp,
        target=options.target,
        covariates=reader.columns.covariates,
        frequency=options.frequency,
        horizon=options.horizon,
        season=options.season,
        lags=tuple(options.lag),
        quantiles=tuple(options.quantile),
        names=found.names,
        lowest=0.0 if np.nanmin(train.values) >= 0 else None,
    )
    parts = {
        "train": train,
        "validation": series.part(found.first_validation, found.first_test),
        "recent": series.part(found.first_test, series.periods),
    }
    for name, part in parts.items():
        (options.output / name).mkdir(parents=True, exist_ok=True)
        part.write(options.output / name / f"{name}.npz")
    (options.output / "train" / FILE).write_text(schema.to_json(), encoding="utf-8")
    _copy_rows(
        reader,
        options.output,
        before=series.start + found.first_validation,
        held_out=series.start + found.first_test,
    )
    _print_summary(schema, parts)
    return schema


def _check_options(options: argparse.Namespace) -> None:
    for lag in options.lag:
        if lag < options.horizon:
            raise InputError(
                f"forecast.lags: got {lag}; allowed: at least the horizon, {options.horizon}, "
                "because nearer values are not known for each step"
            )
    quantiles = options.quantile
    if 0.5 not in quantiles or sorted(set(quantiles)) != quantiles or len(quantiles) < 3:
        raise InputError(
            f"forecast.quantiles: got {quantiles}; allowed: at least three numbers between 0 and "
            "1, ascending, one of them 0.5"
        )


def _check_length(options: argparse.Namespace, series: SeriesTable, train: int) -> None:
    needed = 2 * options.season + options.horizon
    if train >= needed:
        return
    held_out = (options.validation + options.test) * options.horizon
    raise InputError(
        f"data: got {series.periods} periods; allowed: at least {needed + held_out}: two seasons "
        f"of {options.season} and a horizon of {options.horizon} for training, and {held_out} for "
        "validation and test. Add data, or reduce forecast.horizon or split"
    )


def _copy_rows(reader: SeriesReader, output: Path, *, before: int, held_out: int) -> None:
    """Copies raw training rows and held-out rows unchanged; rows without a value are left."""
    names = reader.table.columns()
    _, timestamp, target, _ = reader.columns.positions(names)
    (output / "rows").mkdir(parents=True, exist_ok=True)
    (output / "test").mkdir(parents=True, exist_ok=True)
    with (
        (output / "rows/train.csv").open("w", encoding="utf-8", newline="") as train_file,
        (output / "test/holdout.csv").open("w", encoding="utf-8", newline="") as test_file,
    ):
        train, test = csv.writer(train_file), csv.writer(test_file)
        train.writerow(names)
        test.writerow(names)
        for piece in reader.table.pieces():
            for row in piece:
                period = reader.frequency.number(row[timestamp])
                if is_missing(row[target]):
                    continue
                if period < before:
                    train.writerow(row)
                elif period >= held_out:
                    test.writerow(row)


def _print_summary(schema: SeriesSchema, parts: dict[str, SeriesTable]) -> None:
    frequency = schema.frequency
    for name, part in parts.items():
        missing = float(np.isnan(part.values).mean())
        print(
            f"{name}: {part.periods} periods ({frequency}) from {frequency.text(part.start)}, "
            f"{missing:.1%} without a value"
        )
    print(f"{len(schema.names)} series of {schema.target!r}: {', '.join(schema.names[:10])}")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the job's arguments, which the pipeline sets from `config.yaml`."""
    options = argparse.ArgumentParser(prog="preprocess", description=__doc__)
    add_options(options)
    options.add_argument("--input", type=Path, default=INPUT)
    options.add_argument("--output", type=Path, default=OUTPUT)
    return options


def add_options(options: argparse.ArgumentParser) -> None:
    """Adds the options that describe series, forecasts and split.

    Args:
        options: parser of a command.
    """
    options.add_argument("--series", default="")
    options.add_argument("--timestamp", required=True)
    options.add_argument("--target", required=True)
    options.add_argument("--covariate", action="append", default=[])
    options.add_argument("--frequency", type=Frequency, choices=list(Frequency), required=True)
    options.add_argument("--horizon", type=int, required=True)
    options.add_argument("--season", type=int, required=True)
    options.add_argument("--lag", type=int, action="append", default=[])
    options.add_argument("--quantile", type=float, action="append", default=[])
    options.add_argument("--validation", type=int, default=20, help="in horizons")
    options.add_argument("--test", type=int, default=20, help="in horizons")
    options.add_argument("--delimiter", default=",")
    options.add_argument("--encoding", type=text_encoding, default="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    options = parser().parse_args(arguments)
    with exit_with_message(Path("/opt/ml/output/message")):
        preprocess(options)
