"""The jobs of a project on images of this machine: preprocess, train, evaluate and serve."""

import argparse
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mlops_jobs.document import document
from mlops_jobs.evaluation.job import print_report, write_report
from mlops_jobs.evaluation.page import evaluation_parts
from mlops_jobs.evaluation.quality import metric_of
from mlops_jobs.failure import InputError
from mlops_jobs.images import preprocess
from mlops_jobs.images.project import ImageProject
from mlops_jobs.images.schema import LABEL
from mlops_jobs.images.training import train
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.training.local_run import (
    RUN,
    add_run_options,
    clear,
    execute,
    lay_out,
    write_page,
)


def run(project: ImageProject, options: argparse.Namespace) -> dict[str, Any]:
    """Preprocesses, trains, evaluates and writes a report.

    Args:
        project: the project.
        options: result of `parser`.

    Returns:
        The content of `evaluation.json`.

    Raises:
        InputError: the images or an option are not valid.
    """
    check(options)
    output: Path = options.output
    clear(output)
    schema = preprocess.preprocess(options)
    metric = metric_of(schema.problem_type, options.metric)
    lay_out(output, ("train", "validation"), {"metric": metric.name, **dict(options.set)})
    model = train(project.fit, project.load, project.hyperparameters, output)
    report = write_report(model, output / "test", output, metric.name)
    print_report(report)
    write_page(output, document(LABEL, evaluation_parts(report)))
    return report


def check(options: argparse.Namespace) -> dict[str, Any]:
    """Validates images and options without training.

    Args:
        options: result of `parser`.

    Returns:
        Problem type, metric, number of images, and number of images of each label.

    Raises:
        InputError: the images or an option are not valid.
    """
    options.input = _data(options)
    labels = Counter(preprocess.read_images(options).labels)
    kind = ProblemType.BINARY if len(labels) == 2 else ProblemType.MULTICLASS
    return {
        "problem_type": str(kind),
        "metric": metric_of(kind, options.metric).name,
        "images": labels.total(),
        "labels": dict(sorted(labels.items())),
    }


def _data(options: argparse.Namespace) -> Path:
    data: Path = options.data
    if data.is_dir() or (data.is_file() and data.suffix.lower() == ".zip"):
        return data
    raise InputError(
        f"{data}: got no folder and no zip archive; pass a folder with files such as "
        "LABEL/NAME.png, or a zip archive of them"
    )


def parser(command: str) -> argparse.ArgumentParser:
    """Returns the parser of a command.

    Args:
        command: `run` or `check`.
    """
    options = argparse.ArgumentParser(prog=command, description=__doc__)
    options.add_argument("data", type=Path, help="folder of LABEL/NAME.png, or a zip archive")
    preprocess.add_options(options)
    options.add_argument("--metric", help="defaults to accuracy, or auc if there are two labels")
    if command == RUN:
        add_run_options(options)
    return options


def main(command: str, project: ImageProject, arguments: Sequence[str]) -> None:
    """Runs a command; an error in the data ends in one line and status 1.

    Args:
        command: `run` or `check`.
        project: the project.
        arguments: arguments of the command.
    """
    options = parser(command).parse_args(arguments)
    execute(command, options, check=check, run=partial(run, project), load=project.load)
