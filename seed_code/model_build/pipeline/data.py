"""The raw table on S3: publishes the default data, and checks the target before a job starts."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from mlops_jobs.evaluation.quality import Metric, metric_of
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.fitting import position_of_target
from mlops_jobs.table.raw import RawTable
from mlops_jobs.table.target import detect_problem_type

from pipeline import flights
from pipeline.configuration import Configuration
from pipeline.project import Project

MAX_READ_BYTES = 100 * 1024 * 1024
HEADING_BYTES = 1024 * 1024  # read of each file of a larger table


@dataclass(frozen=True, kw_only=True)
class RawData:
    """The raw table of a run.

    Args:
        uri: S3 URI of the file or folder.
        target: heading of the target column.
        problem_type: kind of target.
        version: hash of the content. SageMaker reuses a cached step while its arguments are the
            same, even if the objects have changed, so the version is one of these arguments.
    """

    uri: str
    target: str
    problem_type: ProblemType
    version: str

    def metric(self, name: str | None) -> Metric:
        """Returns the metric of a name.

        Args:
            name: name of the metric; None selects the default one of this kind of target.

        Raises:
            InputError: this kind of target does not have the metric.
        """
        return metric_of(self.problem_type, name)


def prepare(configuration: Configuration, project: Project, s3: Any) -> RawData:
    """Ensures that the table is on S3 and has the target that `config.yaml` names.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
        s3: boto3 client of S3.

    Returns:
        The table, with its target and version.

    Raises:
        InputError: the table cannot be read, or does not match `config.yaml`.
    """
    uri = configuration.data.uri or _default_data(project, s3)
    found = _objects(uri, s3)
    complete = sum(entry.size for entry in found) <= MAX_READ_BYTES
    with tempfile.TemporaryDirectory() as folder:
        _download(found, Path(folder), s3, only_headings=not complete)
        table = RawTable.in_folder(
            Path(folder),
            header=configuration.data.header,
            delimiter=configuration.data.delimiter,
            encoding=configuration.data.encoding,
        )
        names = table.columns()
        index = position_of_target(names, configuration.data.target)
        problem_type = configuration.data.problem_type
        if problem_type is None and not complete:
            raise InputError(
                f"data.problem_type: got nothing, and {uri} is larger than "
                f"{MAX_READ_BYTES >> 20} MB, "
                f"up to which it is detected; set it to one of {', '.join(ProblemType)}"
            )
        if problem_type is None:
            texts = [row[index].strip() for rows in table.pieces() for row in rows]
            problem_type = detect_problem_type(texts)
    metric_of(problem_type, configuration.objective.metric)
    digest = hashlib.sha256(repr([(entry.key, entry.etag) for entry in found]).encode())
    return RawData(
        uri=uri, target=names[index], problem_type=problem_type, version=digest.hexdigest()[:16]
    )


def _default_data(project: Project, s3: Any) -> str:
    """Publishes the first months of the default data, unless a month is already there."""
    uri = f"s3://{project.artifact_bucket}/{flights.PREFIX}"
    if not _list(project.artifact_bucket, flights.PREFIX, s3):
        flights.publish(
            flights.FIRST_MONTHS, s3, project.artifact_bucket, key_arn=project.artifact_key_arn
        )
        print(f"uploaded the flights of January to March 2013 to {uri}")
    return uri


@dataclass(frozen=True, kw_only=True)
class _Object:
    bucket: str
    key: str
    size: int
    etag: str


def _objects(uri: str, s3: Any) -> list[_Object]:
    """Lists the objects of the table, without markers of the tools that wrote it."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    with _s3_errors_explained(uri):
        if not key.endswith("/"):
            head = s3.head_object(Bucket=bucket, Key=key)
            size, etag = head["ContentLength"], head["ETag"]
            return [_Object(bucket=bucket, key=key, size=size, etag=etag)]
        found = _list(bucket, key, s3)
    if not found:
        raise InputError(
            f"data.uri: got {uri}, which holds no object; upload the table there, or change it"
        )
    return found


def _list(bucket: str, prefix: str, s3: Any) -> list[_Object]:
    return [
        _Object(bucket=bucket, key=entry["Key"], size=entry["Size"], etag=entry["ETag"])
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for entry in page.get("Contents", [])
        if not entry["Key"].endswith("/") and Path(entry["Key"]).name[0] not in "._"
    ]


def _download(found: list[_Object], folder: Path, s3: Any, *, only_headings: bool) -> None:
    for number, entry in enumerate(found):
        byte_range = (
            {"Range": f"bytes=0-{HEADING_BYTES - 1}"}
            # The names of a Parquet file's columns are at its end.
            if only_headings and entry.size and not entry.key.endswith(".parquet")
            else {}
        )
        with _s3_errors_explained(f"s3://{entry.bucket}/{entry.key}"):
            body = s3.get_object(Bucket=entry.bucket, Key=entry.key, **byte_range)["Body"].read()
        (folder / f"{number:05d}-{Path(entry.key).name}").write_bytes(body)


@contextmanager
def _s3_errors_explained(uri: str) -> Iterator[None]:
    """Raises an InputError with the remedy when the table cannot be read from S3."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchKey", "NoSuchBucket"):
            raise InputError(
                f"data.uri: got {uri}, which does not exist; the URI of a folder ends with /"
            ) from error
        if code in ("403", "AccessDenied"):
            raise InputError(
                f"data.uri: the role of the train build cannot read {uri} ({error}); grant "
                "s3:GetObject, s3:ListBucket and kms:Decrypt to it and to the pipeline's role"
            ) from error
        raise
