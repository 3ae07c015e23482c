"""What a transform job reads, writes and runs on."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._instance_type import has_local_storage, is_instance_type
from mlops_constructs._problems import is_known, outside

_LONGEST_FILTER = 63
_LARGEST_PAYLOAD_MB = 100


class Split(StrEnum):
    """Where a file of a transform job's input may be cut. Source: TransformInput, SplitType."""

    NONE = "None"
    LINE = "Line"
    RECORD_IO = "RecordIO"
    TF_RECORD = "TFRecord"


class Batch(StrEnum):
    """How many records a request carries. Source: CreateTransformJob, BatchStrategy."""

    SINGLE_RECORD = "SingleRecord"
    MULTI_RECORD = "MultiRecord"


@dataclass(frozen=True, kw_only=True)
class TransformInput:
    """Files that a transform job reads.

    Args:
        bucket: bucket of the files.
        prefix: part of it, without slashes around it; every object below it is read.
        content_type: of the requests to the container. Of files with a JSON document on each line
            it is `application/jsonlines`, or `application/json` with `Batch.SINGLE_RECORD`.
        split: where files may be cut. Left out: at line ends.
        gzip: whether the files are compressed.
        batch: how many records a request carries. Left out: as many as the payload allows.
        input_filter: JSONPath of the part that the model gets, such as `$[1:]`. Left out: all.

    Source: TransformInput and DataProcessing of SageMaker's API reference.

    Example:
        ```python
        TransformInput(bucket=bucket, prefix="batch/customers", input_filter="$[1:]")
        ```
    """

    bucket: s3.IBucket
    prefix: str
    content_type: str = "text/csv"
    split: Split = Split.LINE
    gzip: bool = False
    batch: Batch = Batch.MULTI_RECORD
    input_filter: str | None = None

    def problems(self) -> list[str]:
        """What AWS would refuse, or no container could read."""
        found = prefix_problems("input", self.prefix)
        found += _filter_problems("input_filter", self.input_filter)
        many = self.split is Split.LINE and self.batch is Batch.MULTI_RECORD
        kind = self.content_type.partition(";")[0].strip().lower()
        if many and kind == "application/json":
            found.append(
                "input content_type: got application/json with many lines in a request, which "
                "together are no JSON document; use application/jsonlines, or Batch.SINGLE_RECORD"
            )
        return found

    def render(self) -> dict[str, Any]:
        """The TransformInput of the job."""
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
    """Files that a transform job writes, one for each of its input, named with `.out` at the end.

    Args:
        bucket: bucket of the files.
        prefix: part of it, without slashes around it.
        accept: content type that the container is asked for.
        encryption_key: key of the files. Left out: the bucket's own.
        join_input: whether each record of the input stands before its answer.
        output_filter: JSONPath of the part of a joined record that is written, such as
            `$[0,-1]`. Left out: all of it.

    Source: TransformOutput and DataProcessing of SageMaker's API reference.

    Example:
        ```python
        TransformOutput(bucket=bucket, prefix="batch/answers", join_input=True)
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
        return self.encryption_key or self.bucket.encryption_key

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        return prefix_problems("output", self.prefix) + _filter_problems(
            "output_filter", self.output_filter
        )

    def render(self, *, assemble: bool) -> dict[str, Any]:
        """The TransformOutput of the job; `assemble` puts each answer on a line of its own."""
        rendered: dict[str, Any] = {
            "S3OutputPath": self.bucket.s3_url_for_object(self.prefix),
            "Accept": self.accept,
            "AssembleWith": "Line" if assemble else "None",
        }
        return rendered if self.key is None else {**rendered, "KmsKeyId": self.key.key_arn}


@dataclass(frozen=True, kw_only=True)
class TransformInstances:
    """Machines that a transform job runs on, for as long as it takes.

    Args:
        instance_type: for example `ml.m7i.large`.
        count: how many there are, 1 to 100; they share the files.
        encryption_key: key of their volumes. Left out: that of the files that are written, or a key
            of AWS where those have none; types with local NVMe disks take none.
        concurrency: requests that an instance gets at the same time. Left out: what the container
            asks for, or 1.
        payload_mb: largest request, so that `concurrency` times this is 100 MB at most. Left out:
            6 MB.

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
        """What AWS would refuse."""
        found = []
        known = is_known(self.instance_type)
        if known and not is_instance_type(self.instance_type):
            found.append(
                f"instances instance_type: got {self.instance_type!r}; allowed is "
                "ml.<family>.<size>, such as ml.m7i.large"
            )
        if self.encryption_key is not None and known and has_local_storage(self.instance_type):
            found.append(
                f"instances encryption_key: got it with {self.instance_type}, whose local NVMe "
                "disks the key cannot encrypt (their hardware does); leave the key out, or use a "
                "type without local disks"
            )
        if outside(self.count, 1, 100):
            found.append(f"instances count: got {self.count}; allowed are 1 to 100")
        if outside(self.payload_mb, 1, _LARGEST_PAYLOAD_MB):
            found.append(
                f"instances payload_mb: got {self.payload_mb}; allowed are 1 to "
                f"{_LARGEST_PAYLOAD_MB}"
            )
        if self.concurrency is not None and is_known(self.concurrency):
            together = self.concurrency * (self.payload_mb or 6)
            if self.concurrency < 1 or together > _LARGEST_PAYLOAD_MB:
                found.append(
                    f"instances concurrency: got {self.concurrency} requests of "
                    f"{self.payload_mb or 6} MB; allowed are 1 or more, and {_LARGEST_PAYLOAD_MB} "
                    "MB together"
                )
        return found

    def with_key_of(self, destination: TransformOutput) -> "TransformInstances":
        """The same, with the key of the files that are written where no key was given."""
        known = is_known(self.instance_type)
        if self.encryption_key is not None or (known and has_local_storage(self.instance_type)):
            return self
        return replace(self, encryption_key=destination.key)

    def render(self) -> dict[str, Any]:
        """The TransformResources of the job."""
        rendered: dict[str, Any] = {
            "InstanceType": self.instance_type,
            "InstanceCount": self.count,
        }
        key = self.encryption_key
        return rendered if key is None else {**rendered, "VolumeKmsKeyId": key.key_arn}


def prefix_problems(subject: str, prefix: str) -> list[str]:
    """What is wrong with a prefix of a transform job's files."""
    if not is_known(prefix) or (prefix and prefix == prefix.strip("/")):
        return []
    return [f"{subject} prefix: got {prefix!r}; allowed is a path without slashes around it"]


def _filter_problems(parameter: str, path: str | None) -> list[str]:
    if path is None or not is_known(path):
        return []
    if path.startswith("$") and len(path) <= _LONGEST_FILTER:
        return []
    return [
        f"{parameter}: got {path!r}; allowed is a JSONPath that begins with $, of at most "
        f"{_LONGEST_FILTER} characters"
    ]
