"""What a transform job captures, for monitoring."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from .transform_data import prefix_problems


@dataclass(frozen=True, kw_only=True)
class TransformCapture:
    """Where transform jobs list what they read and wrote, by the hour in which they began.

    Captured are manifests, not copies: a monitor reads the files that they list.

    Args:
        bucket: bucket of the same region.
        prefix: part of it, without slashes around it; manifests are below its `input/` and
            `output/`.
        encryption_key: key of the manifests. Left out: the bucket's own.
        inference_id: whether each answer gets an id, by which labels that arrive later find it.

    Source: BatchDataCaptureConfig of SageMaker's API reference.

    Example:
        ```python
        TransformCapture(bucket=bucket, prefix="batch/capture", inference_id=True)
        ```
    """

    bucket: s3.IBucket
    prefix: str
    encryption_key: kms.IKey | None = None
    inference_id: bool = False

    @property
    def key(self) -> kms.IKey | None:
        return self.encryption_key or self.bucket.encryption_key

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        return prefix_problems("capture", self.prefix)

    def render(self) -> dict[str, Any]:
        """The DataCaptureConfig of the job."""
        rendered: dict[str, Any] = {
            "DestinationS3Uri": self.bucket.s3_url_for_object(self.prefix),
            "GenerateInferenceId": self.inference_id,
        }
        return rendered if self.key is None else {**rendered, "KmsKeyId": self.key.key_arn}
