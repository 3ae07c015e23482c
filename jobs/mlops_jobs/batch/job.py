"""Processing job around a transform job: `split` its input, or `check` its output.

`split` reads `/opt/ml/processing/input/data` and writes parts, a manifest and rejected lines below
`/opt/ml/processing/output/parts`. `check` reads these parts from `/opt/ml/processing/input/data`,
the output of the transform job from `/opt/ml/processing/input/predictions`, and writes `batch.json`
and the failed records below `/opt/ml/processing/output/report`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mlops_jobs.batch.line_files import Form
from mlops_jobs.batch.outputs import check_outputs
from mlops_jobs.batch.parts import DEFAULT_PART_BYTES, MANIFEST, manifest, split
from mlops_jobs.failure import InputError, exit_with_message

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output")
SPLIT, CHECK = "split", "check"


def run(options: argparse.Namespace) -> str:
    """Runs the job.

    Args:
        options: result of `parser`.

    Returns:
        One line about the result.

    Raises:
        InputError: files cannot be read, or too many records failed.
    """
    files = [
        path
        for path in sorted(options.input.iterdir() if options.input.is_dir() else [])
        if path.is_file() and path.name[0] not in "._" and path.name != MANIFEST
    ]
    if not files:
        raise InputError(f"{options.input}: got no file; add files with a record on each line")
    if options.command == SPLIT:
        found = split(
            files,
            options.output,
            options.content_type,
            heading=options.heading,
            part_bytes=options.part_bytes,
        )
        if options.prefix:
            text = manifest(options.prefix, found.parts)
            (options.output / MANIFEST).write_text(text, encoding="utf-8")
        return (
            f"{found.records} records in {len(found.parts)} parts; "
            f"{len(found.rejected)} lines rejected"
        )
    report = check_outputs(files, options.predictions, options.output, options.content_type)
    if report.failed > options.max_failed_share * report.records:
        raise InputError(
            f"{report.failed} of {report.records} records have no prediction; allowed: a share of "
            f"{options.max_failed_share:g}. First: {report.reasons[0]}"
        )
    return f"{report.predictions} predictions of {report.records} records; {report.failed} failed"


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the job's arguments."""
    options = argparse.ArgumentParser(prog="batch", description=__doc__)
    commands = options.add_subparsers(dest="command", required=True)
    for name in (SPLIT, CHECK):
        command = commands.add_parser(name)
        command.add_argument("--content-type", type=Form, choices=list(Form), default=Form.CSV)
        command.add_argument("--input", type=Path, default=INPUT / "data")
        place = OUTPUT / ("parts" if name == SPLIT else "report")
        command.add_argument("--output", type=Path, default=place)
        if name == SPLIT:
            command.add_argument("--heading", action="store_true", help="of CSV files")
            command.add_argument("--part-bytes", type=int, default=DEFAULT_PART_BYTES)
            command.add_argument("--prefix", default="", help="S3 URI of the parts, for a manifest")
        else:
            command.add_argument("--predictions", type=Path, default=INPUT / "predictions")
            command.add_argument("--max-failed-share", type=float, default=0.0)
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    options = parser().parse_args(arguments)
    with exit_with_message(Path("/opt/ml/output/message")):
        print(run(options))
