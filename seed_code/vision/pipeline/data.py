"""The raw images on S3: uploads the default data, and finds their version before a job starts."""

from dataclasses import dataclass
from typing import Any

from mlops_jobs.evaluation.quality import Metric, metric_of
from mlops_jobs.images.schema import LABEL
from mlops_jobs.pipelines.stored_files import files_of, list_folder, version_of
from mlops_jobs.problem_type import ProblemType

from pipeline import digits
from pipeline.configuration import Configuration
from pipeline.project import Project


@dataclass(frozen=True, kw_only=True)
class RawData:
    """The raw images of a run.

    Args:
        uri: S3 URI of the folder or archive.
        problem_type: kind of target.
        version: hash of the content. SageMaker reuses a cached step while its arguments are the
            same, even if the objects have changed, so the version is one of these arguments.
    """

    uri: str
    problem_type: ProblemType
    version: str

    @property
    def target(self) -> str:
        """Column of the label in tables of raw rows."""
        return LABEL

    def metric(self, name: str | None) -> Metric:
        """Returns the metric of a name.

        Args:
            name: name of the metric; None selects accuracy, or auc of two labels.

        Raises:
            InputError: this kind of target does not have the metric.
        """
        return metric_of(self.problem_type, name)


def prepare(configuration: Configuration, project: Project, s3: Any) -> RawData:
    """Ensures that the images are on S3.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
        s3: boto3 client of S3.

    Returns:
        The images, with their version.

    Raises:
        InputError: the images cannot be read.
    """
    uri = configuration.data.uri or _default_data(project, s3)
    found = files_of(uri, s3)
    return RawData(uri=uri, problem_type=configuration.data.problem_type, version=version_of(found))


def _default_data(project: Project, s3: Any) -> str:
    """Uploads the default images, which never change, unless they are already there."""
    bucket, uri = project.artifact_bucket, f"s3://{project.artifact_bucket}/{digits.KEY}"
    if not list_folder(bucket, digits.KEY, s3):
        s3.put_object(
            Bucket=bucket,
            Key=digits.KEY,
            Body=digits.archive(),
            ContentType="application/zip",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=project.artifact_key_arn,
        )
        print(f"uploaded the handwritten digits to {uri}")
    return uri
