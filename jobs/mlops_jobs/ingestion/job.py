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
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mlops_jobs.aws import client
from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.ingestion.direct import DirectWriter
from mlops_jobs.ingestion.files import File, FileError, Inbox, rows
from mlops_jobs.ingestion.offline import OfflineWriter
from mlops_jobs.ingestion.progress import Progress
from mlops_jobs.ingestion.rejected import RejectedRows, RejectionStore
from mlops_jobs.ingestion.schema import GroupSchema, Row
from mlops_jobs.ingestion.writer import RecordWriter

MESSAGE = Path("/opt/ml/output/message")
ATTEMPTS = 10


def ingest(options: argparse.Namespace) -> str:
    """Runs the job.

    Args:
        options: result of `parser`.

    Returns:
        A message of the result.

    Raises:
        InputError: a record could not be written; the message has file and line of the first ones.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return _ingest(options)
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"the call to AWS failed: {error}") from error


def _ingest(options: argparse.Namespace) -> str:
    s3, progress = _client("s3", options), Progress()
    inbox = Inbox(s3, options.source, options.ledger)
    schema = GroupSchema.described(_client("sagemaker", options), options.feature_group)
    writer = _writer(s3, schema, progress, options)
    rejections = (
        RejectionStore(s3, options.rejected, options.max_rejected) if options.rejected else None
    )
    files = inbox.new()
    for file in files:
        failed, written = len(progress.failures), progress.written
        with tempfile.TemporaryDirectory() as folder:
            path = inbox.fetch(file, Path(folder))
            writer.write(file, valid_rows(file, path, schema, progress, rejections))
        if len(progress.failures) == failed:
            inbox.keep(file, progress.written - written)
    if progress.failures:
        raise InputError(progress.summary())
    aside = f" {rejections.count} rows were set aside." if rejections is not None else ""
    return f"Completed: {progress.written} records of {len(files)} files were written.{aside}"


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
    return found


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
        result = ingest(options)
        print(result)
        if MESSAGE.parent.is_dir():
            MESSAGE.write_text(result, encoding="utf-8")
