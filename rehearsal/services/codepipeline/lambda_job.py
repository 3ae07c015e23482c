"""The event with which a Lambda function gets the job of a pipeline.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.services.codepipeline.jobs import Job
from rehearsal.services.codepipeline.records import ArtifactLocation

_CONFIGURATION = ("FunctionName", "UserParameters")


def invoke(
    lambda_client: Any,
    job: Job,
    account: str,
    configuration: Mapping[str, str],
    artifacts: Mapping[str, Any] | None = None,
) -> None:
    """Invokes the function without waiting; it completes the job by its id."""
    kept = {key: configuration[key] for key in _CONFIGURATION if key in configuration}
    data = {
        "actionConfiguration": {"configuration": kept},
        "inputArtifacts": [],
        "outputArtifacts": [],
    }
    detail = {"id": job.identifier, "accountId": account, "data": data | dict(artifacts or {})}
    lambda_client.invoke(
        FunctionName=configuration["FunctionName"],
        InvocationType="Event",
        Payload=json.dumps({"CodePipeline.job": detail}).encode(),
    )


def artifact_data(artifacts: Mapping[str, ArtifactLocation]) -> Sequence[dict[str, Any]]:
    """Returns artifacts in the form of a job's data."""
    return [
        {
            "name": name,
            "revision": None,
            "location": {
                "type": "S3",
                "s3Location": {"bucketName": location.bucket, "objectKey": location.key},
            },
        }
        for name, location in artifacts.items()
    ]
