"""Source action S3.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)
from rehearsal.services.codepipeline.records import Revision


def run(action: ActionRun) -> ActionResult:
    """Copies the newest version of an object, or the one of StartPipelineExecution."""
    bucket, key = action.configuration["S3Bucket"], action.configuration["S3ObjectKey"]
    s3 = action.client("s3")
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        raise ActionFailedError(
            f"The bucket named {bucket} does not have versioning enabled, which is required for "
            "a source action",
            code="ConfigurationError",
        )
    request = {"Bucket": bucket, "Key": key}
    if action.requested_revision:
        request["VersionId"] = action.requested_revision
    artifact = action.output_names[0]
    try:
        found = s3.get_object(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchVersion", "404"}:
            raise ActionFailedError(
                f"The object with key {key} does not exist in bucket {bucket}",
                code="ConfigurationError",
            ) from error
        raise
    version = str(found.get("VersionId", ""))
    with tempfile.TemporaryDirectory(prefix="s3-source-") as scratch:
        archive = Path(scratch) / "source.zip"
        archive.write_bytes(found["Body"].read())
        location = action.put_artifact(artifact, archive, revision=version)
    summary = found.get("Metadata", {}).get("codepipeline-artifact-revision-summary", "")
    return ActionResult(
        outputs={artifact: location},
        variables={
            "BucketName": bucket,
            "ETag": found["ETag"].strip('"'),
            "ObjectKey": key,
            "VersionId": version,
        },
        revision=Revision(
            identifier=version,
            summary=summary or f"Amazon S3 version id: {version}",
            created=found["LastModified"],
        ),
        summary=f"Amazon S3 version id: {version}",
    )


def _check(configuration: Mapping[str, Any]) -> list[str]:
    problems = []
    if configuration.get("PollForSourceChanges", "true") != "false":
        problems.append(
            "the rehearsal does not poll S3: set PollForSourceChanges to false and start the "
            "pipeline with an EventBridge rule (it defaults to true)"
        )
    if configuration.get("AllowOverrideForS3ObjectKey", "false") != "false":
        problems.append("the rehearsal does not support AllowOverrideForS3ObjectKey")
    return problems


S3_SOURCE = ActionProvider(
    category="Source",
    provider="S3",
    run=run,
    required=frozenset({"S3Bucket", "S3ObjectKey"}),
    optional=frozenset({"PollForSourceChanges", "AllowOverrideForS3ObjectKey"}),
    inputs=(0, 0),
    outputs=(1, 1),
    check=_check,
)
