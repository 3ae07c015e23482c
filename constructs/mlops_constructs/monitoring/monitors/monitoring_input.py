"""What a monitor looks at: an endpoint's captured traffic, or that of batch transform jobs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known

from ._analysis_type import AnalysisType
from ._endpoint_exclusions import exclusion_problems
from ._stored import StoredPrefix, prefix_problems
from .dataset_format import DatasetFormat

_LONGEST_URI = 512
_CAPTURED = {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}


class MonitoredEndpoint(Protocol):
    """An endpoint as monitors know it: by its name."""

    @property
    def endpoint_name(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class MonitoringInput:
    """The traffic that a monitor looks at; made by its static factories."""

    bucket: s3.IBucket
    prefix: str
    endpoint: MonitoredEndpoint | None = None
    dataset_format: DatasetFormat | None = None
    transform_input: StoredPrefix | None = None
    transform_output: StoredPrefix | None = None
    variant_name: str | None = None

    @staticmethod
    def from_endpoint(
        endpoint: MonitoredEndpoint,
        *,
        capture_bucket: s3.IBucket,
        capture_prefix: str = "capture",
        variant_name: str | None = None,
    ) -> "MonitoringInput":
        """The requests and answers that an endpoint captures.

        Args:
            endpoint: a real-time endpoint with data capture, and one model behind a variant.
            capture_bucket: bucket of its data capture.
            capture_prefix: part of that bucket.
            variant_name: the variant, or shadow variant, whose traffic a `DriftMonitor` looks at;
                Model Monitor cannot choose one. Left out: the endpoint has one variant, or all are
                looked at as one model.

        Source: "Monitor models for data and model quality, bias, and explainability" of
        SageMaker's developer guide.

        Example:
            ```python
            MonitoringInput.from_endpoint(endpoint, capture_bucket=bucket)
            ```
        """
        return MonitoringInput(
            bucket=capture_bucket,
            prefix=capture_prefix,
            endpoint=endpoint,
            variant_name=variant_name,
        )

    @staticmethod
    def from_batch_transform(
        bucket: s3.IBucket,
        *,
        prefix: str,
        dataset_format: DatasetFormat | None = None,
        input_prefix: str | None = None,
        output_prefix: str | None = None,
        input_bucket: s3.IBucket | None = None,
        output_bucket: s3.IBucket | None = None,
    ) -> "MonitoringInput":
        """The input and output of batch transform jobs that capture data.

        A job captures no copies, but lists its files in manifests below
        `prefix/input/yyyy/mm/dd/hh/` and `prefix/output/yyyy/mm/dd/hh/`. The hour is the one in
        which the job began, and the lists are written at its end: choose a frequency, such as
        daily, whose runs begin when the jobs of their time have ended. Questions with ground truth
        need jobs with `GenerateInferenceId`, which appends the ids that labels are found by.

        Args:
            bucket: bucket of the jobs' `DataCaptureConfig.DestinationS3Uri`.
            prefix: part of that bucket.
            dataset_format: how the jobs' input is written. Left out: CSV without a heading, of
                which a job that cuts files at their lines would send the first part alone.
            input_prefix: part of the bucket that the jobs read, which runs read too. Left out: the
                runs' role is `MonitoringJob.role`, and may read it already.
            output_prefix: part of the bucket that the jobs write, which questions with ground truth
                read. Left out: as with `input_prefix`.
            input_bucket: bucket that the jobs read. Left out: `bucket`.
            output_bucket: bucket that the jobs write. Left out: `bucket`.

        Source: "Capture data from batch transform job" of SageMaker's developer guide.

        Example:
            ```python
            MonitoringInput.from_batch_transform(
                bucket,
                prefix="batch/capture",
                input_prefix="batch/customers",
                output_prefix="batch/answers",
            )
            ```
        """
        return MonitoringInput(
            bucket=bucket,
            prefix=prefix,
            dataset_format=dataset_format or DatasetFormat.csv(header=False),
            transform_input=_part(input_bucket or bucket, input_prefix),
            transform_output=_part(output_bucket or bucket, output_prefix),
        )

    @property
    def endpoint_name(self) -> str | None:
        return None if self.endpoint is None else self.endpoint.endpoint_name

    @property
    def uri(self) -> str:
        return self.bucket.s3_url_for_object(self.prefix)

    @property
    def source(self) -> str:
        """Where the container of a processing job begins to look."""
        return self.uri if self.endpoint is None else f"{self.uri}/{self.endpoint_name}"

    @property
    def container_format(self) -> str:
        """The variable `dataset_format` of the containers of Model Monitor.

        Source: "Container Contract Inputs" of SageMaker's developer guide.
        """
        chosen: dict[str, Any] = _CAPTURED
        if self.dataset_format is not None:
            chosen = {self.dataset_format.kind: self.dataset_format.options}
        return json.dumps(chosen, separators=(",", ":"))

    def read(self, analysis_type: AnalysisType) -> list[StoredPrefix]:
        """The parts of buckets that a question reads."""
        listed = (
            self.transform_input,
            self.transform_output if analysis_type.compares_labels else None,
        )
        own = StoredPrefix(bucket=self.bucket, prefix=self.prefix)
        return [own, *(part for part in listed if part is not None)]

    def problems(self, analysis_type: AnalysisType, *, own_role: bool) -> list[str]:
        """What AWS would refuse, as far as it can be known now.

        Args:
            kind: the question.
            own_role: whether the monitor makes the role of its runs.
        """
        found = prefix_problems("monitored data prefix", self.prefix)
        if self.endpoint is not None:
            return found + exclusion_problems(self.endpoint, self.variant_name)
        # A bucket's name has at most 63 characters.
        if is_known(self.prefix) and len(self.prefix) > _LONGEST_URI - len("s3://") - 64:
            found.append(
                f"monitored data prefix: got {len(self.prefix)} characters; the S3 URI with it may "
                f"have {_LONGEST_URI}"
            )
        return found + list(self._batch_problems(analysis_type, own_role=own_role))

    def _batch_problems(self, analysis_type: AnalysisType, *, own_role: bool) -> Iterator[str]:
        parts = {"input_prefix": self.transform_input}
        if analysis_type.compares_labels:
            parts["output_prefix"] = self.transform_output
        for name, part in parts.items():
            if part is not None:
                yield from prefix_problems(f"monitored data {name}", part.prefix)
            elif own_role:
                yield (
                    f"monitored data {name}: got none; the capture of a transform job only lists "
                    "files, which a run has to be allowed to read: give the part of the bucket, or "
                    "a role in MonitoringJob"
                )
        if analysis_type.compares_labels and self.dataset_format == DatasetFormat.parquet():
            yield (
                f"monitored data dataset_format: got Parquet for {analysis_type.name}, whose "
                "labels are found by inference ids; transform jobs append those to CSV and JSON"
            )


def _part(bucket: s3.IBucket, prefix: str | None) -> StoredPrefix | None:
    return None if prefix is None else StoredPrefix(bucket=bucket, prefix=prefix)
