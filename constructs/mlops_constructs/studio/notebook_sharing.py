"""Where the outputs of shared notebooks are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known


@dataclass(frozen=True, kw_only=True)
class NotebookSharing:
    """Whether a notebook that is shared takes its outputs along, which may show data.

    Source: SharingSettings in SageMaker's API reference.
    """

    bucket: s3.IBucket | None = None
    encryption_key: kms.IKey | None = None
    prefix: str = ""

    @staticmethod
    def disabled() -> NotebookSharing:
        """Shared notebooks have no outputs.

        Example:
            ```python
            NotebookSharing.disabled()
            ```
        """
        return NotebookSharing()

    @staticmethod
    def to_bucket(
        bucket: s3.IBucket, *, encryption_key: kms.IKey, prefix: str = "shared-notebooks"
    ) -> NotebookSharing:
        """Outputs are kept in a bucket; whoever can read there sees them.

        Args:
            bucket: where they are kept.
            encryption_key: key with which SageMaker encrypts them.
            prefix: part of the bucket, without slashes around it.

        Example:
            ```python
            NotebookSharing.to_bucket(bucket, encryption_key=key)
            ```
        """
        return NotebookSharing(bucket=bucket, encryption_key=encryption_key, prefix=prefix)

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        if self.bucket is None or not is_known(self.prefix):
            return []
        if self.prefix and self.prefix == self.prefix.strip("/"):
            return []
        return [
            f"notebook sharing prefix: got {self.prefix!r}; allowed is a path without slashes "
            "around it"
        ]

    def render(self, l1: Any) -> Any:
        """The SharingSettings; `l1` is CfnDomain or CfnUserProfile."""
        if self.bucket is None or self.encryption_key is None:
            return l1.SharingSettingsProperty(notebook_output_option="Disabled")
        return l1.SharingSettingsProperty(
            notebook_output_option="Allowed",
            s3_kms_key_id=self.encryption_key.key_arn,
            s3_output_path=self.bucket.s3_url_for_object(self.prefix),
        )
