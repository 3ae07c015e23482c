"""The reports that a pipeline wrote on a model package and its data, as the registry locates them.

The page shows what the jobs have computed, so it is the same for a real account.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.story.summary import TrackingSummary

_MISSING = ("NoSuchKey", "404")


@dataclass(frozen=True)
class Reports:
    """The reports on a model package; {} for one that it does not have.

    Args:
        evaluation: content of `evaluation.json`. Defaults to {}.
        data: content of `data_report.json`, the report on the table. Defaults to {}.
    """

    evaluation: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


def of_package(aws: LocalAws, description: Mapping[str, Any]) -> Reports:
    """Returns the reports on a model package.

    Args:
        aws: the account of the model registry.
        description: the package as DescribeModelPackage returns it.
    """
    quality = description.get("ModelMetrics", {}).get("ModelQuality", {})
    page = description.get("CustomerMetadataProperties", {}).get("data_report", "")
    return Reports(
        evaluation=_document(aws, quality.get("Statistics", {}).get("S3Uri", "")),
        # The pipeline writes the page and its content to one folder.
        data=_document(aws, page.removesuffix(".html") + ".json" if page else ""),
    )


def tracking_of(aws: LocalAws, description: Mapping[str, Any]) -> TrackingSummary | None:
    """Returns where MLflow has the run of a model package; None if it was not tracked.

    Args:
        aws: the account of the model registry.
        description: the package as DescribeModelPackage returns it.
    """
    metadata = description.get("CustomerMetadataProperties", {})
    app = metadata.get("mlflow_app", "")
    if not app:
        return None
    return TrackingSummary(
        app=app, run=metadata.get("mlflow_run", ""), link=aws.mlflow_link(app), region=aws.region
    )


def _document(aws: LocalAws, uri: str) -> dict[str, Any]:
    if not uri:
        return {}
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return {}
        raise
    try:
        found = json.loads(body)
    except ValueError as error:
        raise RehearsalError(f"{uri} is not JSON.", str(error)) from error
    return found if isinstance(found, dict) else {}
