"""A run of a project's jobs on this machine: in one process, without AWS and without a push."""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.model import LoadModel

CHECK, RUN = "check", "run"
PAGE = "report.html"
MARK = ".mlops-run"
"""File in the folder of a run; only folders with it are removed."""


def clear(output: Path) -> Path:
    """Removes the previous run, and returns the new folder of the raw data.

    Args:
        output: folder of the run; a folder of anything else is not touched.

    Raises:
        InputError: the folder is not that of a run.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"--output {output}: got a file; choose a folder")
    if output.exists() and any(output.iterdir()) and not (output / MARK).is_file():
        raise InputError(
            f"--output {output}: got a folder that is not of an earlier run; choose another"
        )
    shutil.rmtree(output, ignore_errors=True)
    raw = output / "raw"
    raw.mkdir(parents=True)
    (output / MARK).touch()
    return raw


def link_files(raw: Path, files: Sequence[Path]) -> None:
    """Links the files of the raw data, in their order.

    Args:
        raw: result of `clear`.
        files: paths of the files.
    """
    for number, file in enumerate(files):
        (raw / f"{number:05d}-{file.name}").symlink_to(file.resolve())


def lay_out(output: Path, channels: Sequence[str], hyperparameters: Mapping[str, str]) -> None:
    """Creates the folders of a training job as SageMaker does.

    Args:
        output: folder of the run; it has a folder for each channel.
        channels: names of the channels.
        hyperparameters: hyperparameters, and the metric, by name.
    """
    for name in channels:
        channel = output / "input/data" / name
        channel.parent.mkdir(parents=True, exist_ok=True)
        channel.symlink_to((output / name).resolve(), target_is_directory=True)
    (output / "input/config").mkdir(parents=True)
    file = output / "input/config/hyperparameters.json"
    file.write_text(json.dumps(dict(hyperparameters)), encoding="utf-8")


def write_page(output: Path, page: str) -> None:
    """Writes the page of a run, and prints where it and the model are.

    Args:
        output: folder of the run.
        page: HTML document.
    """
    (output / PAGE).write_text(page, encoding="utf-8")
    print(f"model: {output / 'model'}\nreport: {output / PAGE}")


def add_run_options(options: argparse.ArgumentParser) -> None:
    """Adds the options of `run` that every kind of model has.

    Args:
        options: parser of the command.
    """
    options.add_argument(
        "--set", type=_setting, action="append", default=[], metavar="NAME=VALUE",
        help="hyperparameter of the model",
    )  # fmt: skip
    options.add_argument("--output", type=Path, default=Path("build/run"))
    options.add_argument("--serve", action="store_true", help="serve the model afterwards")
    options.add_argument("--port", type=int, default=0, help="defaults to a free port")


def _setting(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"got {text!r}; allowed: NAME=VALUE")
    return name, value


def execute(
    command: str,
    options: argparse.Namespace,
    *,
    check: Callable[[argparse.Namespace], dict[str, Any]],
    run: Callable[[argparse.Namespace], dict[str, Any]],
    load: LoadModel,
) -> None:
    """Runs a command; an error in the data ends in one line and status 1.

    Args:
        command: `run` or `check`.
        options: options of the command.
        check: validates data and options without training; the result is printed as JSON.
        run: runs the jobs.
        load: loads the model of a folder.
    """
    try:
        if command == CHECK:
            print(json.dumps(check(options)))
            return
        run(options)
    except InputError as error:
        sys.exit(f"error: {error}")
    if options.serve:
        # The server is imported here because training does not need its packages.
        from mlops_jobs.serving.server import serve_folder

        serve_folder(load, options.output / "model", options.port)
