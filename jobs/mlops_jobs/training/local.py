"""The jobs of a project on a table in a file: preprocess, train, evaluate, report and serve.

The jobs are those of the pipeline, in one process and without AWS, so an experiment needs no push.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mlops_jobs.document import document
from mlops_jobs.evaluation.job import print_report, write_report
from mlops_jobs.evaluation.page import evaluation_parts
from mlops_jobs.evaluation.quality import METRICS, Metric, metric_of
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table import preprocess
from mlops_jobs.table.data_page import data_parts
from mlops_jobs.table.data_report import FILE
from mlops_jobs.table.fitting import profile
from mlops_jobs.table.raw import RawTable
from mlops_jobs.table.sequential_passes import SequentialPasses
from mlops_jobs.table.target import read_target
from mlops_jobs.training.job import train
from mlops_jobs.training.local_run import (
    RUN,
    add_run_options,
    clear,
    execute,
    lay_out,
    link_files,
    write_page,
)
from mlops_jobs.training.project import Project


def run(project: Project, options: argparse.Namespace) -> dict[str, Any]:
    """Preprocesses, trains, evaluates and writes a report.

    Args:
        project: the project.
        options: result of `parser`.

    Returns:
        The content of `evaluation.json`.

    Raises:
        InputError: the table or an option is not valid.
    """
    check(project, options)
    output: Path = options.output
    files = _table(options).files
    raw = clear(output)
    link_files(raw, files)
    arguments = [*_arguments(options), f"--input={raw}", f"--output={output}"]
    schema = preprocess.preprocess(preprocess.parser().parse_args(arguments), project.features)
    metric = _metric(options, schema.problem_type)
    lay_out(output, ("train", "validation"), {"metric": metric.name, **dict(options.set)})
    model = train(project.fit, project.load, project.hyperparameters, output)
    report = write_report(model, output / "test", output, metric.name)
    print_report(report)
    data = json.loads((output / "report" / FILE).read_bytes())
    parts = [*evaluation_parts(report), *data_parts(schema, data)]
    write_page(output, document(schema.target, parts))
    return report


def check(project: Project, options: argparse.Namespace) -> dict[str, Any]:
    """Validates a table and the options without training.

    Args:
        project: the project.
        options: result of `parser`.

    Returns:
        Problem type, labels, metric, number of rows, and kind of each column.

    Raises:
        InputError: the table or an option is not valid.
    """
    found = profile(
        SequentialPasses(_table(options)),
        target=options.target,
        drop=options.drop,
        features=project.features,
    )
    target = read_target(found.target, options.problem_type, options.positive_label)
    return {
        "problem_type": str(target.problem_type),
        "labels": list(target.labels),
        "metric": _metric(options, target.problem_type).name,
        "rows": len(target.values),
        "columns": {column.name: str(column.kind) for column in found.columns},
    }


def _table(options: argparse.Namespace) -> RawTable:
    data: Path = options.data
    if not data.exists():
        raise InputError(
            f"{data}: no such file; pass a CSV, gzip or Parquet file, or a folder of them"
        )
    kinds: dict[str, Any] = {
        "header": options.header == "true",
        "delimiter": options.delimiter,
        "encoding": options.encoding,
    }
    if data.is_dir():
        return RawTable.in_folder(data, **kinds)
    return RawTable(files=(data,), **kinds)


def _metric(options: argparse.Namespace, problem_type: ProblemType) -> Metric:
    if options.metric:
        return metric_of(problem_type, options.metric)
    return METRICS[problem_type][0]


def _arguments(options: argparse.Namespace) -> list[str]:
    target = options.target
    arguments = [
        f"--target={'index' if isinstance(target, int) else 'name'}:{target}",
        f"--header={options.header}",
        f"--delimiter={options.delimiter}",
        f"--encoding={options.encoding}",
        f"--seed={options.seed}",
        *(f"--drop={name}" for name in options.drop),
    ]
    if options.problem_type:
        arguments.append(f"--problem-type={options.problem_type}")
    if options.positive_label is not None:
        arguments.append(f"--positive-label={options.positive_label}")
    return arguments


def parser(command: str) -> argparse.ArgumentParser:
    """Returns the parser of a command.

    Args:
        command: `run` or `check`.
    """
    options = argparse.ArgumentParser(prog=f"tabular {command}", description=__doc__)
    options.add_argument("data", type=Path, help="file or folder: CSV, gzip or Parquet")
    options.add_argument("--target", required=True, help="column to predict")
    options.add_argument("--problem-type", type=ProblemType, choices=list(ProblemType))
    options.add_argument("--positive-label")
    options.add_argument(
        "--no-header", dest="header", action="store_const", const="false", default="true",
        help="the first line is a row; --target is a position",
    )  # fmt: skip
    options.add_argument("--delimiter", default=",")
    options.add_argument("--encoding", type=preprocess.text_encoding, default="utf-8")
    options.add_argument("--drop", action="append", default=[], metavar="COLUMN")
    options.add_argument("--metric", help="defaults to auc, accuracy or rmse")
    if command == RUN:
        options.add_argument("--seed", type=int, default=7, help="of the random split")
        add_run_options(options)
    return options


def main(command: str, project: Project, arguments: Sequence[str]) -> None:
    """Runs a command; an error in the data ends in one line and status 1.

    Args:
        command: `run` or `check`.
        project: the project.
        arguments: arguments of the command.
    """
    options = parser(command).parse_args(arguments)
    if options.header == "false":
        options.target = _position(options.target)
    execute(
        command,
        options,
        check=partial(check, project),
        run=partial(run, project),
        load=project.load,
    )


def _position(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        sys.exit(f"error: --target: got {text!r}; allowed with --no-header: a position, from 0")
