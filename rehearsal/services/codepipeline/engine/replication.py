"""The replication of artifacts from the store of one region to that of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.aws_client import aws_client
from rehearsal.services.codepipeline.actions.action import ActionFailedError, ArtifactStore
from rehearsal.services.codepipeline.records import ArtifactLocation

_REGION_WITHOUT_NAME = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Replication:
    """Copies the inputs of an action into the store of its region.

    `session` is of the pipeline's role; the role of the action has access to the store of its
    region only.
    """

    pipeline: str
    session: boto3.Session
    store: ArtifactStore

    def replicate(self, inputs: Mapping[str, ArtifactLocation]) -> dict[str, ArtifactLocation]:
        """Returns the locations of the artifacts for the action.

        Raises:
            ActionFailedError: an artifact could not be copied.
        """
        return {
            name: location if location.bucket == self.store.bucket else self._copy(name, location)
            for name, location in inputs.items()
        }

    def _copy(self, name: str, location: ArtifactLocation) -> ArtifactLocation:
        copy = self.store.new_location(self.pipeline, name)
        try:
            self._check_region()
            source = aws_client(self.session, "s3")
            found = source.get_object(Bucket=location.bucket, Key=location.key)
            self.store.put(
                self.session, copy, found["Body"].read(), metadata=found.get("Metadata", {})
            )
        except ClientError as error:
            described = error.response["Error"]
            denied = "AccessDenied" in described["Code"]
            raise ActionFailedError(
                f"Failed replicating artifact {name} to {self.store.bucket} in "
                f"{self.store.region}: {error.operation_name}: {described['Code']}: "
                f"{described.get('Message', '')}",
                code="PermissionError" if denied else "ConfigurationError",
            ) from error
        return copy

    def _check_region(self) -> None:
        """Checks that the bucket is in the region of the action, which S3 does not require."""
        client = aws_client(self.session, "s3", region=self.store.region)
        found = client.get_bucket_location(Bucket=self.store.bucket)
        region = found.get("LocationConstraint") or _REGION_WITHOUT_NAME
        if region != self.store.region:
            raise ActionFailedError(
                f"The artifact bucket {self.store.bucket} is in {region}, but its store is of "
                f"{self.store.region}",
                code="ConfigurationError",
            )
