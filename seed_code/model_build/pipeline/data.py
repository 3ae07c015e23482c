"""The raw table on S3: publishes the default data, and checks the target before a job starts."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jobs.evaluation.quality import Metric, check_criterion, metric_of
from mlops_jobs.failure import InputError
from mlops_jobs.pipelines.stored_files import download, files_of, list_folder, version_of
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
    found = files_of(uri, s3)
    complete = sum(entry.size for entry in found) <= MAX_READ_BYTES
    with tempfile.TemporaryDirectory() as folder:
        download(found, Path(folder), s3, heading_bytes=None if complete else HEADING_BYTES)
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
    objective, criterion = configuration.objective, configuration.decision.criterion
    check_criterion(problem_type, metric_of(problem_type, objective.metric).name, criterion)
    return RawData(
        uri=uri, target=names[index], problem_type=problem_type, version=version_of(found)
    )


def _default_data(project: Project, s3: Any) -> str:
    """Publishes the first months of the default data, unless a month is already there."""
    uri = f"s3://{project.artifact_bucket}/{flights.PREFIX}"
    if not list_folder(project.artifact_bucket, flights.PREFIX, s3):
        flights.publish(
            flights.FIRST_MONTHS, s3, project.artifact_bucket, key_arn=project.artifact_key_arn
        )
        print(f"uploaded the flights of January to March 2013 to {uri}")
    return uri
