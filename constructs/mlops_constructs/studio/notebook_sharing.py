"""Outputs of shared notebooks."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known


@dataclass(frozen=True, kw_only=True)
class NotebookSharing:
    """The outputs of shared notebooks; use its static factories.

    Outputs may contain data.

    Source: SharingSettings in SageMaker's API reference.
    """

    bucket: s3.IBucket | None = None
    encryption_key: kms.IKey | None = None
    prefix: str = ""

    @staticmethod
    def disabled() -> "NotebookSharing":
        """Returns sharing without outputs.

        Example:
            ```python
            NotebookSharing.disabled()
            ```
        """
        return NotebookSharing()

    @staticmethod
    def to_bucket(
        bucket: s3.IBucket, *, encryption_key: kms.IKey, prefix: str = "shared-notebooks"
    ) -> "NotebookSharing":
        """Returns sharing with outputs in a bucket.

        All principals that can read the prefix can see the outputs.

        Args:
            bucket: bucket of the outputs.
            encryption_key: key with which SageMaker encrypts them.
            prefix: prefix of the outputs, without leading or trailing slash. Defaults to
                `shared-notebooks`.

        Example:
            ```python
            NotebookSharing.to_bucket(bucket, encryption_key=key)
            ```
        """
        return NotebookSharing(bucket=bucket, encryption_key=encryption_key, prefix=prefix)

    def problems(self) -> list[str]:
        """Validates the sharing; returns one message per problem."""
        if self.bucket is None or not is_known(self.prefix):
            return []
        if self.prefix and self.prefix == self.prefix.strip("/"):
            return []
        return [
            f"notebook_sharing prefix: got {self.prefix!r}; allowed is a path without leading or "
            "trailing slash"
        ]

    def render(self, l1: Any) -> Any:
        """Returns the SharingSettings.

        Args:
            l1: level-1 class, CfnDomain or CfnUserProfile.
        """
        if self.bucket is None or self.encryption_key is None:
            return l1.SharingSettingsProperty(notebook_output_option="Disabled")
        return l1.SharingSettingsProperty(
            notebook_output_option="Allowed",
            s3_kms_key_id=self.encryption_key.key_arn,
            s3_output_path=self.bucket.s3_url_for_object(self.prefix),
        )
