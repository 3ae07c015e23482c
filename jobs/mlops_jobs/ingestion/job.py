r"""Processing job: writes the records of new files into a feature group.

    ingest --feature-group customers --source s3://bucket/features/customers \
        --ledger s3://bucket/feature-ingestion/customers

Each file is ingested once. A file with a record that cannot be written is read again by the next
run, as is a file whose content changes; the job fails after all files have been read.

With `--store offline` the records are written as Parquet files into the offline store, without
PutRecord: tens of thousands in a second, and never a part of a file. With `--store direct` the
newest records are written into the online store as well, if the group has one.

With `--rejected s3://bucket/PREFIX`, rows that are no records are set aside there and counted, and
the others of their file are written.

With `--engine spark`, the processes of a Spark cluster ingest the files, one task for each.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_jobs.aws import client
from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.ingestion.direct import DirectWriter
from mlops_jobs.ingestion.files import File, FileError, Inbox, rows
from mlops_jobs.ingestion.offline import OfflineWriter
from mlops_jobs.ingestion.on_spark import ingest_files
from mlops_jobs.ingestion.progress import Progress
from mlops_jobs.ingestion.rejected import RejectedRows, RejectionStore
from mlops_jobs.ingestion.schema import GroupSchema, Row
from mlops_jobs.ingestion.writer import RecordWriter

MESSAGE = Path("/opt/ml/output/message")
ATTEMPTS = 10


def ingest(options: argparse.Namespace, context: Any = None) -> str:
    """Runs the job.

    Args:
        options: result of `parser`.
        context: a SparkContext whose processes ingest the files. Defaults to None: this process.

    Returns:
        A message of the result.

    Raises:
        InputError: a record could not be written; the message has file and line of the first ones.
    """
    progress = Progress()
    with _aws_errors():
        run = _Ingestion(options, progress)
        files = run.inbox.new()
        if context is None:
            aside = sum(run.ingest(file) for file in files)
        else:
            aside = 0
            for one in ingest_files(context, options, files, _ingest_file):
                print(one.log, end="")
                progress.add(one.progress)
                if one.error is not None:
                    raise InputError(one.error)
                aside += one.aside
    if progress.failures:
        raise InputError(progress.summary())
    text = f" {aside} rows were set aside." if options.rejected else ""
    return f"Completed: {progress.written} records of {len(files)} files were written.{text}"


@contextmanager
def _aws_errors() -> Iterator[None]:
    """Raises errors of AWS as input errors."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"the call to AWS failed: {error}") from error


def _ingest_file(options: argparse.Namespace, file: File, progress: Progress) -> int:
    """Ingests a file in a process of Spark; returns the number of rows that were set aside."""
    with _aws_errors():
        return _Ingestion(options, progress).ingest(file)


class _Ingestion:
    """Clients, schema and writer of a process that ingests files."""

    def __init__(self, options: argparse.Namespace, progress: Progress) -> None:
        s3 = _client("s3", options)
        self.inbox = Inbox(s3, options.source, options.ledger)
        self._progress = progress
        self._schema = GroupSchema.described(_client("sagemaker", options), options.feature_group)
        self._writer = _writer(s3, self._schema, progress, options)
        self._rejections = (
            RejectionStore(s3, options.rejected, options.max_rejected) if options.rejected else None
        )

    def ingest(self, file: File) -> int:
        """Ingests a file; returns the number of rows that were set aside."""
        progress, rejections = self._progress, self._rejections
        failed, written = len(progress.failures), progress.written
        aside = rejections.count if rejections is not None else 0
        with tempfile.TemporaryDirectory() as folder:
            path = self.inbox.fetch(file, Path(folder))
            rows = valid_rows(file, path, self._schema, progress, rejections)
            self._writer.write(file, rows)
        if len(progress.failures) == failed:
            self.inbox.keep(file, progress.written - written)
        return (rejections.count if rejections is not None else 0) - aside


def _writer(
    s3: Any, schema: GroupSchema, progress: Progress, options: argparse.Namespace
) -> RecordWriter | OfflineWriter | DirectWriter:
    if options.store == "offline":
        return OfflineWriter(s3, schema, progress, options.concurrency)
    runtime = _client("sagemaker-featurestore-runtime", options)
    if options.store == "direct":
        return DirectWriter(s3, runtime, schema, progress, options.concurrency)
    return RecordWriter(runtime, schema, progress, options.concurrency)


def _client(service: str, options: argparse.Namespace) -> Any:
    from botocore.config import Config

    # Adaptive mode retries throttled calls, and slows down.
    return client(
        service,
        Config(
            retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
            max_pool_connections=options.concurrency,
        ),
    )


def valid_rows(
    file: File,
    path: Path,
    schema: GroupSchema,
    progress: Progress,
    rejections: RejectionStore | None = None,
) -> Iterator[Row]:
    """Yields the valid rows of a file, each with its place; the others are failures or set aside.

    Args:
        file: the file.
        path: path of its copy.
        schema: features of the group.
        progress: where failures are recorded.
        rejections: where other rows are set aside. Defaults to None: they are failures.
    """
    aside, valid = RejectedRows(file=file, path=path.with_name("#rejected.jsonl")), 0
    try:
        for line, row in rows(path):
            place = f"{file.key}, line {line}"
            try:
                if isinstance(row, InputError):
                    raise row
                schema.validate(row)
            except InputError as error:
                if rejections is None:
                    progress.fail(place, str(error))
                else:
                    aside.add(line, row if isinstance(row, dict) else None, str(error))
                continue
            valid += 1
            yield place, row
    except FileError as error:
        progress.fail(file.key, str(error))
    if rejections is not None and (problem := rejections.keep(aside, valid)):
        progress.fail(file.key, problem)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the job's arguments."""
    found = argparse.ArgumentParser(prog="ingest", description=__doc__)
    found.add_argument("--feature-group", required=True, help="name or ARN of the group")
    found.add_argument("--source", required=True, help="s3://BUCKET/PREFIX of the files")
    found.add_argument(
        "--ledger", required=True, help=("s3://BUCKET/PREFIX of the ledger of ingested files")
    )
    found.add_argument(
        "--concurrency",
        type=int,
        default=16,
        help=("number of records, or of objects, that are written concurrently"),
    )
    found.add_argument(
        "--store",
        choices=("all", "offline", "direct"),
        default="all",
        help="all stores of the group with PutRecord, the offline store directly, or that and the "
        "newest records in the online store",
    )
    found.add_argument(
        "--rejected", help="s3://BUCKET/PREFIX of rows that are no records; defaults to a failure"
    )
    found.add_argument(
        "--max-rejected",
        type=_share,
        default=0.05,
        help="share of the rows of a file, 0 to 1, above which it is a failure",
    )
    found.add_argument("--engine", choices=("python", "spark"), default="python")
    return found


def _run(options: argparse.Namespace) -> str | None:
    """Runs the job on this instance; returns None on one that has a worker of Spark."""
    if options.engine != "spark":
        return ingest(options)
    from mlops_jobs.spark.cluster import Cluster

    cluster = Cluster.of_job()
    if not cluster.is_driver:
        cluster.work()
        return None
    with cluster.context("ingest") as context:
        return ingest(options, context)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; allowed: a number from 0 to 1")
    return share


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    options = parser().parse_args(arguments)
    with exit_with_message(MESSAGE):
        result = _run(options)
        if result is None:
            return
        print(result)
        if MESSAGE.parent.is_dir():
            MESSAGE.write_text(result, encoding="utf-8")
