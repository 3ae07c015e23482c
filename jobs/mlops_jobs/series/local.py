"""The jobs of a project on series of this machine: preprocess, train, evaluate and serve."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jobs.document import document
from mlops_jobs.evaluation.page import evaluation_parts
from mlops_jobs.failure import InputError
from mlops_jobs.series import preprocess
from mlops_jobs.series.evaluation import print_report, write_report
from mlops_jobs.series.metrics import forecast_metric
from mlops_jobs.series.project import SeriesProject
from mlops_jobs.series.training import train
from mlops_jobs.table.raw import RawTable
from mlops_jobs.training.local_run import (
    RUN,
    add_run_options,
    clear,
    execute,
    lay_out,
    link_files,
    write_page,
)

DEFAULT_QUANTILES = (0.1, 0.5, 0.9)
CHANNELS = ("train", "validation", "recent")


def run(project: SeriesProject, options: argparse.Namespace) -> dict[str, Any]:
    """Preprocesses, trains, evaluates and writes a report.

    Args:
        project: the project.
        options: result of `parser`.

    Returns:
        The content of `evaluation.json`.

    Raises:
        InputError: the table or an option is not valid.
    """
    check(options)
    output: Path = options.output
    files = _table(options).files
    options.input = clear(output)
    link_files(options.input, files)
    schema = preprocess.preprocess(options)
    metric = forecast_metric(options.metric)
    lay_out(output, CHANNELS, {"metric": metric.name, **dict(options.set)})
    model = train(project.fit, project.load_predictor, project.hyperparameters, output)
    report = write_report(model, output / "test", output)
    print_report(report)
    write_page(output, document(schema.target, evaluation_parts(report)))
    return report


def check(options: argparse.Namespace) -> dict[str, Any]:
    """Validates a table and the options without training.

    Args:
        options: result of `parser`.

    Returns:
        Metric, names of the series, number of periods, the first and the last one, those for
        training, and the share of periods without a value.

    Raises:
        InputError: the table or an option is not valid.
    """
    metric = forecast_metric(options.metric)
    options.quantile = options.quantile or list(DEFAULT_QUANTILES)
    found = preprocess.read_series(_table(options), options)
    series, frequency = found.series, options.frequency
    return {
        "metric": metric.name,
        "series": list(found.names),
        "periods": series.periods,
        "first": frequency.text(series.start),
        "last": frequency.text(series.start + series.periods - 1),
        "training_periods": found.first_validation,
        "missing": float(np.isnan(series.values).mean()),
    }


def _table(options: argparse.Namespace) -> RawTable:
    data: Path = options.data
    if not data.exists():
        raise InputError(
            f"{data}: no such file; pass a CSV, gzip or Parquet file, or a folder of them"
        )
    files = RawTable.in_folder(data).files if data.is_dir() else (data,)
    return RawTable(files=files, delimiter=options.delimiter, encoding=options.encoding)


def parser(command: str) -> argparse.ArgumentParser:
    """Returns the parser of a command.

    Args:
        command: `run` or `check`.
    """
    options = argparse.ArgumentParser(prog=command, description=__doc__)
    options.add_argument("data", type=Path, help="file or folder: CSV, gzip or Parquet")
    preprocess.add_options(options)
    options.add_argument("--metric", help="defaults to mase")
    if command == RUN:
        add_run_options(options)
    return options


def main(command: str, project: SeriesProject, arguments: Sequence[str]) -> None:
    """Runs a command; an error in the data ends in one line and status 1.

    Args:
        command: `run` or `check`.
        project: the project.
        arguments: arguments of the command.
    """
    options = parser(command).parse_args(arguments)
    execute(command, options, check=check, run=partial(run, project), load=project.load)
