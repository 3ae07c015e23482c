"""Processing job: splits and encodes the raw table, and fits the schema.

Reads every file (CSV, gzip or Parquet) below `/opt/ml/processing/input/data`. Writes
`train/train.npz` with `train/schema.json`, `validation/validation.npz`, `test/holdout.csv` and
`rows/train.csv`, and `report/data_report.json` with a page, below `/opt/ml/processing/output`. The
evaluation and the smoke tests of an endpoint use the raw held-out rows, the baselines of the
monitors the raw training rows.
"""

import argparse
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.data_report import count_of_warnings, data_report, write_data_report
from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.features import Feature
from mlops_jobs.table.file_formats import is_text_encoding
from mlops_jobs.table.fitting import Profile, TablePasses, profile
from mlops_jobs.table.raw import RawTable
from mlops_jobs.table.repeats import groups_of_equal
from mlops_jobs.table.schema import Kind, Schema
from mlops_jobs.table.sequential_passes import SequentialPasses
from mlops_jobs.table.split import Part, Parts, split, split_by_group, split_by_time
from mlops_jobs.table.split_column import groups_of, times_of
from mlops_jobs.table.target import MIN_ROWS_PER_BINARY_LABEL, Target, read_target

INPUT = Path("/opt/ml/processing/input/data")
OUTPUT = Path("/opt/ml/processing/output")
ROWS_PER_WRITE = 100_000

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def preprocess(
    options: argparse.Namespace,
    features: Sequence[Feature] = (),
    passes: TablePasses | None = None,
) -> Schema:
    """Runs the job.

    Args:
        options: result of `parser`.
        features: features that the project computes. Defaults to none.
        passes: reads the raw table. Defaults to None: this process reads it.

    Returns:
        The fitted schema.

    Raises:
        InputError: the table does not match the options; the message states the remedy.
    """
    passes = passes or SequentialPasses(raw_table(options))
    found = profile(passes, target=options.target, drop=options.drop, features=features)
    target = read_target(found.target, options.problem_type, options.positive_label)
    parts = _parts(options, passes, target, found)
    _check_parts(target, parts)
    names = passes.table.columns()
    raw = {
        Part.TEST: options.output / "test" / "holdout.csv",
        Part.TRAIN: options.output / "rows" / "train.csv",
    }
    for file in raw.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    columns, matrix = passes.encode(found, features, parts, raw)
    values = np.array([np.nan if value is None else value for value in target.values])
    learned = values[parts == Part.TRAIN]
    regression = target.problem_type is ProblemType.REGRESSION
    schema = Schema(
        problem_type=target.problem_type,
        target=names[found.target_index],
        columns=columns,
        labels=target.labels,
        missing=found.missing,
        computed=tuple(feature.name for feature in features),
        target_offset=float(learned.mean()) if regression else 0.0,
        # A target that is constant in the training rows has no deviation.
        target_scale=float(learned.std()) or 1.0 if regression else 1.0,
    )
    for part in (Part.TRAIN, Part.VALIDATION):
        name = part.name.lower()
        rows = np.flatnonzero(parts == part)
        _save(options.output / name / f"{name}.npz", matrix, values, rows)
    (options.output / "train" / "schema.json").write_text(schema.to_json(), encoding="utf-8")
    _print_summary(schema, target, parts)
    report = data_report(schema, found, matrix, target, parts)
    write_data_report(schema, report, options.output / "report")
    if options.warnings == "none" and (count := count_of_warnings(report)):
        raise InputError(
            f"data.warnings: got {count} warnings, which the log lists; allowed: none. Correct the "
            "table, or set data.warnings to reported"
        )
    return schema


def raw_table(options: argparse.Namespace) -> RawTable:
    """Returns the table that the options name.

    Args:
        options: result of `parser`.

    Raises:
        InputError: there is no file.
    """
    return RawTable.in_folder(
        options.input,
        header=options.header == "true",
        delimiter=options.delimiter,
        encoding=options.encoding,
    )


def _parts(
    options: argparse.Namespace, passes: TablePasses, target: Target, found: Profile
) -> Parts:
    """Returns the part of each row: by time, by group, or at random."""
    if options.time and options.group:
        raise InputError("split: got time and group; allowed: one of them")
    validation, test = options.validation_share, options.test_share
    if options.time:
        times = times_of(passes, options.time)
        if unknown := int(np.isnan(times).sum()):
            print(f"warning: {unknown} rows have no {options.time!r}, so they are for training")
        return split_by_time(target, times, validation=validation, test=test)
    if options.group:
        groups = groups_of(passes, options.group)
        return split_by_group(target, groups, validation=validation, test=test, seed=options.seed)
    return split(
        target,
        validation=validation,
        test=test,
        seed=options.seed,
        groups=groups_of_equal(found.rows),
        keys=found.keys,
    )


def _save(file: Path, features: Matrix, target: Numbers, rows: Indices) -> None:
    """Writes chosen rows as `numpy.savez` does, in pieces: the features may be a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        arrays: dict[str, Matrix | Numbers] = {"features": features, "target": target}
        for name, array in arrays.items():
            # Without a time: equal data gives equal bytes.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as stream:
                described = np.lib.format.header_data_from_array_1_0(array)
                shape = (len(rows), *array.shape[1:])
                header = {**described, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(stream, header)
                for start in range(0, len(rows), ROWS_PER_WRITE):
                    chosen = array[rows[start : start + ROWS_PER_WRITE]]
                    stream.write(np.ascontiguousarray(chosen).tobytes())


def _check_parts(target: Target, parts: Parts) -> None:
    """Raises an error if a part of a binary target has no row of a label."""
    if target.problem_type is not ProblemType.BINARY:
        return
    values = np.array([np.nan if value is None else value for value in target.values])
    for code, label in enumerate(target.labels):
        here = parts[values == code]
        for part in (Part.TRAIN, Part.VALIDATION, Part.TEST):
            if part not in here:
                raise InputError(
                    f"data.target: got {len(here)} rows of label {label!r}, none of which is in "
                    f"{part.name.lower()}: equal rows, and rows of a group or time, are in the "
                    f"same part. Add rows of it (at least {MIN_ROWS_PER_BINARY_LABEL} different "
                    "ones), or change split"
                )


def _print_summary(schema: Schema, target: Target, parts: Parts) -> None:
    counts = {part: int(np.sum(parts == part)) for part in Part}
    print(
        f"{len(parts)} rows: {counts[Part.TRAIN]} train, {counts[Part.VALIDATION]} validation, "
        f"{counts[Part.TEST]} test, {counts[Part.UNUSED]} without a target"
    )
    kinds = [column.kind for column in schema.columns]
    print(
        f"{len(kinds)} columns: {kinds.count(Kind.NUMERIC)} numeric, "
        f"{kinds.count(Kind.CATEGORY)} category, {kinds.count(Kind.DATE)} date, "
        f"{kinds.count(Kind.IGNORED)} ignored"
    )
    for column in schema.columns:
        if column.kind is Kind.IGNORED:
            print(f"column {column.name!r} is ignored: {column.reason}")
    labels = f", labels {', '.join(target.labels[:10])}" if target.labels else ""
    print(f"target {schema.target!r}: {schema.problem_type}{labels}")


def _target(text: str) -> str | int:
    """Parses `name:<heading>` or `index:<position>`; a heading may itself be a number."""
    kind, _, value = text.partition(":")
    if kind not in ("name", "index") or not value:
        raise argparse.ArgumentTypeError(f"got {text!r}; allowed: name:<heading>, index:<position>")
    return value if kind == "name" else int(value)


def text_encoding(text: str) -> str:
    """Parses the name of an encoding.

    Args:
        text: the name.

    Raises:
        ArgumentTypeError: Python has no such encoding of text.
    """
    if not is_text_encoding(text):
        raise argparse.ArgumentTypeError(f"got {text!r}; allowed: an encoding such as latin-1")
    return text


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the job's arguments, which the pipeline sets from `config.yaml`."""
    options = argparse.ArgumentParser(prog="preprocess", description=__doc__)
    options.add_argument("--target", type=_target, required=True)
    options.add_argument("--problem-type", type=ProblemType)
    options.add_argument("--positive-label")
    options.add_argument("--header", choices=("true", "false"), default="true")
    options.add_argument("--delimiter", default=",")
    options.add_argument("--encoding", type=text_encoding, default="utf-8")
    options.add_argument("--warnings", choices=("reported", "none"), default="reported")
    options.add_argument("--drop", action="append", default=[], metavar="COLUMN")
    options.add_argument("--validation-share", type=float, default=0.2)
    options.add_argument("--test-share", type=float, default=0.2)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--time", default="", metavar="COLUMN")
    options.add_argument("--group", default="", metavar="COLUMN")
    options.add_argument("--engine", choices=("python", "spark"), default="python")
    options.add_argument("--input", type=Path, default=INPUT)
    options.add_argument("--output", type=Path, default=OUTPUT)
    return options


def main(arguments: Sequence[str] | None = None, features: Sequence[Feature] = ()) -> None:
    """Runs the job from the command line.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
        features: features that the project computes. Defaults to none.
    """
    options = parser().parse_args(arguments)
    with exit_with_message(Path("/opt/ml/output/message")):
        if options.engine == "spark":
            _preprocess_on_spark(options, features)
        else:
            preprocess(options, features)


def _preprocess_on_spark(options: argparse.Namespace, features: Sequence[Feature]) -> None:
    """Runs the job on the first instance, and a worker of Spark on the others."""
    from mlops_jobs.spark.cluster import Cluster
    from mlops_jobs.table.spark_passes import SparkPasses

    cluster = Cluster.of_job()
    if not cluster.is_driver:
        cluster.work()
        return
    table = raw_table(options)
    with tempfile.TemporaryDirectory() as folder, cluster.context("preprocess") as context:
        preprocess(options, features, SparkPasses(table, context, Path(folder)))
