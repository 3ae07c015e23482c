"""Input of monitors: captured traffic of an endpoint or of batch transform jobs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known

from ._analysis_type import DATA_QUALITY, AnalysisType
from ._endpoint_exclusions import exclusion_problems
from ._stored import StoredPrefix, prefix_problems
from .dataset_format import DatasetFormat

_MAX_URI_LENGTH = 512
_CAPTURED = {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}


class MonitoredEndpoint(Protocol):
    """An endpoint that a monitor refers to by its name."""

    @property
    def endpoint_name(self) -> str:
        """The name of the endpoint."""


@dataclass(frozen=True, kw_only=True)
class MonitoringInput:
    """The traffic that a monitor reads; use its static factories."""

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
        """Returns the requests and responses that an endpoint captures.

        Args:
            endpoint: real-time endpoint with data capture and one model per variant.
            capture_bucket: bucket of the data capture.
            capture_prefix: prefix of the data capture in the bucket. Defaults to `capture`.
            variant_name: variant, or shadow variant, whose traffic a `DriftMonitor` reads; Model
                Monitor does not support it. Defaults to None: the endpoint has one variant, or all
                variants are treated as one model.

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
        """Returns the input and output of batch transform jobs that capture data.

        A job does not copy data; it lists its files in manifests below
        `prefix/input/yyyy/mm/dd/hh/` and `prefix/output/yyyy/mm/dd/hh/`. The hour is that of the
        job's start, and the manifests are written at its end: choose a frequency, such as daily,
        whose runs start after the jobs of their period have ended. Monitoring types with ground
        truth need jobs with `GenerateInferenceId`, which appends the ids by which labels are found.

        Args:
            bucket: bucket of the jobs' `DataCaptureConfig.DestinationS3Uri`.
            prefix: prefix of that URI in the bucket.
            dataset_format: format of the jobs' input. Defaults to None: CSV without a header,
                because a job that splits files by line would send the header with the first part
                only.
            input_prefix: prefix of the jobs' input, which runs read, too. Defaults to None:
                `MonitoringJob.role` is given and may read it.
            output_prefix: prefix of the jobs' output, which monitoring types with ground truth
                read; a `DriftMonitor` of data quality then compares predictions, too. Defaults to
                None: as for `input_prefix`, and the predictions are not compared.
            input_bucket: bucket of the jobs' input. Defaults to None: `bucket`.
            output_bucket: bucket of the jobs' output. Defaults to None: `bucket`.

        Source: "Capture data from batch transform job" of SageMaker's developer guide.

        Example:
            ```python
            MonitoringInput.from_batch_transform(
                bucket,
                prefix="batch/capture",
                input_prefix="batch/customers",
                output_prefix="batch/predictions",
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
        """The name of the endpoint; None for batch transform jobs."""
        return None if self.endpoint is None else self.endpoint.endpoint_name

    @property
    def uri(self) -> str:
        """The S3 URI of the captured data."""
        return self.bucket.s3_url_for_object(self.prefix)

    @property
    def source(self) -> str:
        """The S3 URI at which the container of a processing job starts to read."""
        return self.uri if self.endpoint is None else f"{self.uri}/{self.endpoint_name}"

    @property
    def container_format(self) -> str:
        """The variable `dataset_format` of Model Monitor's containers.

        Source: "Container Contract Inputs" of SageMaker's developer guide.
        """
        chosen: dict[str, Any] = _CAPTURED
        if self.dataset_format is not None:
            chosen = {self.dataset_format.kind: self.dataset_format.options}
        return json.dumps(chosen, separators=(",", ":"))

    def read(self, analysis_type: AnalysisType, *, predictions: bool = False) -> list[StoredPrefix]:
        """Returns the prefixes that a run reads.

        Args:
            analysis_type: type of the analysis.
            predictions: True if data quality includes the predictions of transform jobs. Defaults
                to False.
        """
        is_compared = predictions and analysis_type is DATA_QUALITY
        has_predictions = analysis_type.compares_labels or is_compared
        listed = (self.transform_input, self.transform_output if has_predictions else None)
        own = StoredPrefix(bucket=self.bucket, prefix=self.prefix)
        return [own, *(part for part in listed if part is not None)]

    def problems(self, analysis_type: AnalysisType, *, own_role: bool) -> list[str]:
        """Validates the input; returns one message per problem.

        Args:
            analysis_type: type of the analysis.
            own_role: True if the monitor creates the role of its runs.
        """
        found = prefix_problems("monitoring_input prefix", self.prefix)
        if self.endpoint is not None:
            return found + exclusion_problems(self.endpoint, self.variant_name)
        # A bucket's name has at most 63 characters.
        if is_known(self.prefix) and len(self.prefix) > _MAX_URI_LENGTH - len("s3://") - 64:
            found.append(
                f"monitoring_input prefix: got {len(self.prefix)} characters; the S3 URI with it "
                f"may have {_MAX_URI_LENGTH}"
            )
        return found + list(self._batch_problems(analysis_type, own_role=own_role))

    def _batch_problems(self, analysis_type: AnalysisType, *, own_role: bool) -> Iterator[str]:
        parts = {"input_prefix": self.transform_input}
        if analysis_type.compares_labels or self.transform_output is not None:
            parts["output_prefix"] = self.transform_output
        for name, part in parts.items():
            if part is not None:
                yield from prefix_problems(f"monitoring_input {name}", part.prefix)
            elif own_role:
                yield (
                    f"monitoring_input {name}: got none; the data capture of a transform job only "
                    "lists files, which a run must be allowed to read: give the prefix, or a role "
                    "in MonitoringJob"
                )
        if analysis_type.compares_labels and self.dataset_format == DatasetFormat.parquet():
            yield (
                f"monitoring_input dataset_format: got Parquet for {analysis_type.name}, whose "
                "labels are found by inference ids, which transform jobs append to CSV and JSON "
                "only; use one of these formats"
            )


def _part(bucket: s3.IBucket, prefix: str | None) -> StoredPrefix | None:
    return None if prefix is None else StoredPrefix(bucket=bucket, prefix=prefix)
