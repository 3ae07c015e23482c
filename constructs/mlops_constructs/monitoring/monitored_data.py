"""What a monitor looks at: an endpoint's captured traffic, or that of batch transform jobs."""

from dataclasses import dataclass
from typing import Protocol

from aws_cdk import aws_s3 as s3

from .endpoint_exclusions import exclusion_problems
from .stored import prefix_problems


class MonitoredEndpoint(Protocol):
    """An endpoint as monitors know it: by its name."""

    @property
    def endpoint_name(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class DatasetFormat:
    """How the records of batch transform jobs are written; made by its static factories."""

    kind: str
    flag: bool = False

    @staticmethod
    def csv(*, header: bool = True) -> "DatasetFormat":
        """Comma-separated values.

        Example::

            DatasetFormat.csv(header=False)
        """
        return DatasetFormat(kind="csv", flag=header)

    @staticmethod
    def json_lines() -> "DatasetFormat":
        """One JSON object for each line.

        Example::

            DatasetFormat.json_lines()
        """
        return DatasetFormat(kind="json", flag=True)

    @staticmethod
    def parquet() -> "DatasetFormat":
        """Parquet files.

        Example::

            DatasetFormat.parquet()
        """
        return DatasetFormat(kind="parquet")


@dataclass(frozen=True, kw_only=True)
class MonitoredData:
    """The traffic that a monitor looks at; made by its static factories."""

    bucket: s3.IBucket
    prefix: str
    endpoint: MonitoredEndpoint | None = None
    dataset_format: DatasetFormat | None = None

    @staticmethod
    def of_endpoint(
        endpoint: MonitoredEndpoint, *, capture_bucket: s3.IBucket, capture_prefix: str = "capture"
    ) -> "MonitoredData":
        """The requests and answers that an endpoint captures.

        Parameters:
            endpoint: a real-time endpoint with data capture, one variant and one model.
            capture_bucket: bucket of its data capture.
            capture_prefix: part of that bucket.

        Source: "Monitor models for data and model quality, bias, and explainability" of
        SageMaker's developer guide.

        Example::

            MonitoredData.of_endpoint(endpoint, capture_bucket=bucket)
        """
        return MonitoredData(bucket=capture_bucket, prefix=capture_prefix, endpoint=endpoint)

    @staticmethod
    def of_batch_transform(
        bucket: s3.IBucket, *, prefix: str, dataset_format: DatasetFormat | None = None
    ) -> "MonitoredData":
        """The input and output that batch transform jobs capture.

        Parameters:
            bucket: bucket of the jobs' `DataCaptureConfig.DestinationS3Uri`.
            prefix: part of that bucket.
            dataset_format: how the records are written. Left out: CSV with a heading.

        Example::

            MonitoredData.of_batch_transform(bucket, prefix="batch-capture")
        """
        return MonitoredData(
            bucket=bucket, prefix=prefix, dataset_format=dataset_format or DatasetFormat.csv()
        )

    @property
    def endpoint_name(self) -> str | None:
        return None if self.endpoint is None else self.endpoint.endpoint_name

    @property
    def uri(self) -> str:
        return self.bucket.s3_url_for_object(self.prefix)

    def problems(self) -> list[str]:
        """What AWS would refuse, as far as it can be known now."""
        found = prefix_problems("monitored data prefix", self.prefix)
        if self.endpoint is not None:
            found += exclusion_problems(self.endpoint)
        return found
