"""Input, output and instances of a transform job."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._instance_type import has_local_storage, is_instance_type
from mlops_constructs._problems import is_known, outside

_MAX_FILTER_LENGTH = 63
_MAX_PAYLOAD_MB = 100


class SplitType(StrEnum):
    """Boundaries at which input files can be split.

    Source: SplitType of TransformInput.
    """

    NONE = "None"
    LINE = "Line"
    RECORD_IO = "RecordIO"
    TF_RECORD = "TFRecord"


class BatchStrategy(StrEnum):
    """Number of records in a request.

    Source: BatchStrategy of CreateTransformJob.
    """

    SINGLE_RECORD = "SingleRecord"
    MULTI_RECORD = "MultiRecord"


@dataclass(frozen=True, kw_only=True)
class TransformInput:
    """Input files of a transform job.

    Args:
        bucket: bucket of the files.
        prefix: key prefix, without leading or trailing slash; every object below it is read.
        content_type: content type of the requests to the container. For files with a JSON document
            per line it is `application/jsonlines`, or `application/json` with
            `BatchStrategy.SINGLE_RECORD`. Defaults to `text/csv`.
        split: boundaries at which files can be split. Defaults to `SplitType.LINE`.
        gzip: True if the files are compressed. Defaults to False.
        batch: number of records in a request. Defaults to `BatchStrategy.MULTI_RECORD`: as many as
            the payload allows.
        input_filter: JSONPath of the part that is sent to the model, such as `$[1:]`, up to 63
            characters. Defaults to None: the whole record.

    Source: TransformInput and DataProcessing of SageMaker's API reference.

    Example:
        ```python
        TransformInput(bucket=bucket, prefix="batch/customers", input_filter="$[1:]")
        ```
    """

    bucket: s3.IBucket
    prefix: str
    content_type: str = "text/csv"
    split: SplitType = SplitType.LINE
    gzip: bool = False
    batch: BatchStrategy = BatchStrategy.MULTI_RECORD
    input_filter: str | None = None

    def problems(self) -> list[str]:
        """Validates the input; returns one message per problem."""
        found = prefix_problems("input", self.prefix)
        found += _filter_problems("input_filter", self.input_filter)
        many = self.split is SplitType.LINE and self.batch is BatchStrategy.MULTI_RECORD
        kind = self.content_type.partition(";")[0].strip().lower()
        if many and kind == "application/json":
            found.append(
                "input content_type: got application/json with many lines in a request, which "
                "together are no JSON document; use application/jsonlines, or "
                "BatchStrategy.SINGLE_RECORD"
            )
        return found

    def render(self) -> dict[str, Any]:
        """Returns the TransformInput of the job."""
        return {
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": self.bucket.s3_url_for_object(f"{self.prefix}/"),
                }
            },
            "ContentType": self.content_type,
            "CompressionType": "Gzip" if self.gzip else "None",
            "SplitType": self.split.value,
        }


@dataclass(frozen=True, kw_only=True)
class TransformOutput:
    """Output files of a transform job, one for each input file, with the suffix `.out`.

    Args:
        bucket: bucket of the files.
        prefix: key prefix, without leading or trailing slash.
        accept: content type that is requested from the container. Defaults to `text/csv`.
        encryption_key: KMS key of the files. Defaults to None: the key of the bucket.
        join_input: True writes each input record before its prediction. Defaults to False.
        output_filter: JSONPath of the part of a joined record that is written, such as `$[0,-1]`,
            up to 63 characters. Defaults to None: the whole record.

    Source: TransformOutput and DataProcessing of SageMaker's API reference.

    Example:
        ```python
        TransformOutput(bucket=bucket, prefix="batch/predictions", join_input=True)
        ```
    """

    bucket: s3.IBucket
    prefix: str
    accept: str = "text/csv"
    encryption_key: kms.IKey | None = None
    join_input: bool = False
    output_filter: str | None = None

    @property
    def key(self) -> kms.IKey | None:
        """KMS key of the files, or None without one."""
        return self.encryption_key or self.bucket.encryption_key

    def problems(self) -> list[str]:
        """Validates the output; returns one message per problem."""
        return prefix_problems("output", self.prefix) + _filter_problems(
            "output_filter", self.output_filter
        )

    def render(self, *, assemble: bool) -> dict[str, Any]:
        """Returns the TransformOutput of the job.

        Args:
            assemble: True writes each prediction on a separate line.
        """
        rendered: dict[str, Any] = {
            "S3OutputPath": self.bucket.s3_url_for_object(self.prefix),
            "Accept": self.accept,
            "AssembleWith": "Line" if assemble else "None",
        }
        return rendered if self.key is None else {**rendered, "KmsKeyId": self.key.key_arn}


@dataclass(frozen=True, kw_only=True)
class TransformInstances:
    """Instances that a transform job runs on.

    Args:
        instance_type: instance type, for example `ml.m7i.large`.
        count: number of instances, 1 to 100, which share the files. Defaults to 1.
        encryption_key: KMS key of their volumes; types with local NVMe disks support none. Defaults
            to None: the key of the output, or a key of AWS if the output has none.
        concurrency: number of concurrent requests per instance, 1 or more. Defaults to None: the
            number that the container specifies, or 1.
        payload_mb: maximum size of a request in MB; `concurrency` times this is at most 100 MB.
            Defaults to None: 6 MB.

    Source: TransformResources and CreateTransformJob of SageMaker's API reference.

    Example:
        ```python
        TransformInstances(instance_type="ml.m7i.large", count=2, encryption_key=key)
        ```
    """

    instance_type: str
    count: int = 1
    encryption_key: kms.IKey | None = None
    concurrency: int | None = None
    payload_mb: int | None = None

    def problems(self) -> list[str]:
        """Validates the instances; returns one message per problem."""
        found = []
        known = is_known(self.instance_type)
        if known and not is_instance_type(self.instance_type):
            found.append(
                f"instances instance_type: got {self.instance_type!r}; allowed is "
                "ml.<family>.<size>, such as ml.m7i.large"
            )
        if self.encryption_key is not None and known and has_local_storage(self.instance_type):
            found.append(
                f"instances encryption_key: got a key for {self.instance_type}, whose local NVMe "
                "disks it cannot encrypt (their hardware does); remove the key, or use a type "
                "without local disks"
            )
        if outside(self.count, 1, 100):
            found.append(f"instances count: got {self.count}; allowed are 1 to 100")
        if outside(self.payload_mb, 1, _MAX_PAYLOAD_MB):
            found.append(
                f"instances payload_mb: got {self.payload_mb}; allowed are 1 to {_MAX_PAYLOAD_MB}"
            )
        if self.concurrency is not None and is_known(self.concurrency):
            together = self.concurrency * (self.payload_mb or 6)
            if self.concurrency < 1 or together > _MAX_PAYLOAD_MB:
                found.append(
                    f"instances concurrency: got {self.concurrency} requests of "
                    f"{self.payload_mb or 6} MB; allowed are 1 or more, and {_MAX_PAYLOAD_MB} "
                    "MB together"
                )
        return found

    def with_key_of(self, destination: TransformOutput) -> "TransformInstances":
        """Returns the instances with the key of the output, unless they have their own key.

        Args:
            destination: output of the job.
        """
        known = is_known(self.instance_type)
        if self.encryption_key is not None or (known and has_local_storage(self.instance_type)):
            return self
        return replace(self, encryption_key=destination.key)

    def render(self) -> dict[str, Any]:
        """Returns the TransformResources of the job."""
        rendered: dict[str, Any] = {
            "InstanceType": self.instance_type,
            "InstanceCount": self.count,
        }
        key = self.encryption_key
        return rendered if key is None else {**rendered, "VolumeKmsKeyId": key.key_arn}


def prefix_problems(subject: str, prefix: str) -> list[str]:
    """Validates a prefix of a transform job's files; returns one message per problem."""
    if not is_known(prefix) or (prefix and prefix == prefix.strip("/")):
        return []
    return [f"{subject} prefix: got {prefix!r}; allowed is a path without slashes around it"]


def _filter_problems(parameter: str, path: str | None) -> list[str]:
    if path is None or not is_known(path):
        return []
    if path.startswith("$") and len(path) <= _MAX_FILTER_LENGTH:
        return []
    return [
        f"{parameter}: got {path!r}; allowed is a JSONPath that begins with $, of at most "
        f"{_MAX_FILTER_LENGTH} characters"
    ]
