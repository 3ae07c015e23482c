"""Ingestion on Spark: each new file is one task, which does what a single process does with it."""

import argparse
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.ingestion.files import File
from mlops_jobs.ingestion.progress import Progress

IngestFile = Callable[[argparse.Namespace, File, Progress], int]
"""Ingests a file, and returns the number of its rows that were set aside."""


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """The result of a task.

    Args:
        progress: count of its records, and its failures.
        aside: number of rows that were set aside.
        log: what the task printed.
        error: error that ended the task; None if all rows were read.
    """

    progress: Progress
    aside: int
    log: str
    error: str | None


def ingest_files(
    context: Any, options: argparse.Namespace, files: Sequence[File], ingest: IngestFile
) -> Iterator[Ingested]:
    """Ingests files, and yields their results in the order of the files.

    Args:
        context: a SparkContext.
        options: arguments of the job.
        files: the files.
        ingest: ingests a file in a process of Spark.

    Yields:
        The results, after all files have been read.
    """
    if files:
        tasks = context.parallelize(files, len(files))
        yield from tasks.map(lambda file: _ingested(options, file, ingest)).collect()


def _ingested(options: argparse.Namespace, file: File, ingest: IngestFile) -> Ingested:
    progress, log = Progress(), io.StringIO()
    aside, error = 0, None
    # The log of a worker is in no log stream.
    with redirect_stdout(log):
        try:
            aside = ingest(options, file, progress)
        except InputError as found:
            error = str(found)
    return Ingested(progress=progress, aside=aside, log=log.getvalue(), error=error)
