"""The raw table on S3: uploads the default data, and checks the columns before a job starts."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.pipelines.stored_files import download, files_of, list_folder, version_of
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.series.metrics import forecast_metric
from mlops_jobs.series.table import Columns
from mlops_jobs.table.raw import RawTable

from pipeline import departures
from pipeline.configuration import Configuration
from pipeline.project import Project

HEADING_BYTES = 1024 * 1024  # read of each file


@dataclass(frozen=True, kw_only=True)
class RawData:
    """The raw table of a run.

    Args:
        uri: S3 URI of the file or folder.
        target: heading of the column with the value.
        version: hash of the content. SageMaker reuses a cached step while its arguments are the
            same, even if the objects have changed, so the version is one of these arguments.
    """

    uri: str
    target: str
    version: str

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target, for smoke tests and monitors: a number."""
        return ProblemType.REGRESSION

    def metric(self, name: str | None) -> Metric:
        """Returns the metric of a name.

        Args:
            name: name of the metric; None is mase.

        Raises:
            InputError: forecasts do not have the metric.
        """
        return forecast_metric(name)


def prepare(configuration: Configuration, project: Project, s3: Any) -> RawData:
    """Ensures that the table is on S3 and has the columns that `config.yaml` names.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
        s3: boto3 client of S3.

    Returns:
        The table, with its version.

    Raises:
        InputError: the table cannot be read, or does not match `config.yaml`.
    """
    data = configuration.data
    uri = data.uri or _default_data(project, s3)
    found = files_of(uri, s3)
    with tempfile.TemporaryDirectory() as folder:
        # A part of a gzip file has the heading, too.
        download(found, Path(folder), s3, heading_bytes=HEADING_BYTES)
        table = RawTable.in_folder(Path(folder), delimiter=data.delimiter, encoding=data.encoding)
        columns = Columns(
            series=data.series,
            timestamp=data.timestamp,
            target=data.target,
            covariates=data.covariates,
        )
        columns.positions(table.columns())
    return RawData(uri=uri, target=data.target, version=version_of(found))


def _default_data(project: Project, s3: Any) -> str:
    """Uploads the default table, which never changes, unless it is already there."""
    bucket, uri = project.artifact_bucket, f"s3://{project.artifact_bucket}/{departures.KEY}"
    if not list_folder(bucket, departures.KEY, s3):
        s3.put_object(
            Bucket=bucket,
            Key=departures.KEY,
            Body=departures.table(),
            ContentType="text/csv",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=project.artifact_key_arn,
        )
        print(f"uploaded the departures from New York in 2013 to {uri}")
    return uri
