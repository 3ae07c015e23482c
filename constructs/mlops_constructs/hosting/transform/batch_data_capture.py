"""Data capture of transform jobs, for monitoring."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from .transform_data import prefix_problems


@dataclass(frozen=True, kw_only=True)
class BatchDataCapture:
    """Manifests of the files that transform jobs read and wrote, by the hour of their start.

    Data capture of batch transform writes manifests, not copies: a monitor reads the files that
    they list.

    Args:
        bucket: bucket in the region of the jobs.
        prefix: key prefix, without leading or trailing slash; manifests are below its `input/` and
            `output/`.
        encryption_key: KMS key of the manifests. Defaults to None: the key of the bucket.
        inference_id: True adds an id to each prediction, to which ground truth labels refer.
            Defaults to False.

    Source: BatchDataCaptureConfig of SageMaker's API reference.

    Example:
        ```python
        BatchDataCapture(bucket=bucket, prefix="batch/capture", inference_id=True)
        ```
    """

    bucket: s3.IBucket
    prefix: str
    encryption_key: kms.IKey | None = None
    inference_id: bool = False

    @property
    def key(self) -> kms.IKey | None:
        """KMS key of the manifests, or None without one."""
        return self.encryption_key or self.bucket.encryption_key

    def problems(self) -> list[str]:
        """Validates the capture; returns one message per problem."""
        return prefix_problems("capture", self.prefix)

    def render(self) -> dict[str, Any]:
        """Returns the DataCaptureConfig of the job."""
        rendered: dict[str, Any] = {
            "DestinationS3Uri": self.bucket.s3_url_for_object(self.prefix),
            "GenerateInferenceId": self.inference_id,
        }
        return rendered if self.key is None else {**rendered, "KmsKeyId": self.key.key_arn}
