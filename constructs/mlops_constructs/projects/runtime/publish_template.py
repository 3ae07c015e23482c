"""Publishes a project template: the handler of a CloudFormation custom resource.

SageMaker Studio lists a template if its object has the tag `sagemaker:studio-visibility`.
`s3_deployment.BucketDeployment` cannot tag objects, so this function copies the template from the
location to which `cdk deploy` uploaded it.

CloudFormation waits for a response at `ResponseURL`:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html. An error
becomes the response FAILED with its reason, so that the deployment reports it immediately and rolls
back.
"""

import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

import boto3

VISIBILITY = {"sagemaker:studio-visibility": "true"}
RESPONSE_TIMEOUT_SECONDS = 30
MAX_REASON_LENGTH = 1000  # CloudFormation rejects a response of more than 4096 bytes


def handler(event: dict[str, Any], context: Any) -> None:
    """Creates, replaces or removes the published template, and sends the response."""
    status, reason = "SUCCESS", f"see the log stream {context.log_stream_name}"
    try:
        _publish(event)
    except Exception as error:  # every failure must be reported to CloudFormation
        status, reason = "FAILED", f"{type(error).__name__}: {error}"[:MAX_REASON_LENGTH]
    _respond(event, status, reason)


def _publish(event: dict[str, Any]) -> None:
    properties = event["ResourceProperties"]
    bucket, key = properties["Bucket"], properties["Key"]
    client = boto3.client("s3")
    if event["RequestType"] == "Delete":
        _remove(client, bucket, key)
        return
    client.copy_object(
        Bucket=bucket,
        Key=key,
        CopySource={"Bucket": properties["SourceBucket"], "Key": properties["SourceKey"]},
        ContentType="application/yaml",
        MetadataDirective="REPLACE",
        Tagging=urlencode(VISIBILITY),
        TaggingDirective="REPLACE",
    )


def _remove(client: Any, bucket: str, key: str) -> None:
    """Removes all versions, so that a bucket that only held this template can be deleted."""
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    for page in pages:
        for version in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            if version["Key"] == key:
                client.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])


def _physical_id(event: dict[str, Any]) -> str:
    """Returns the location of the template; CloudFormation deletes a previous location."""
    if event["RequestType"] == "Delete":
        return str(event["PhysicalResourceId"])
    properties = event["ResourceProperties"]
    return f"{properties.get('Bucket')}/{properties.get('Key')}"


def _respond(event: dict[str, Any], status: str, reason: str) -> None:
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": _physical_id(event),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    request = urllib.request.Request(  # noqa: S310 - the URL comes from CloudFormation
        event["ResponseURL"],
        data=json.dumps(body).encode(),
        method="PUT",
        # The signature of the URL does not include a content type, which urllib would add.
        headers={"Content-Type": ""},
    )
    urllib.request.urlopen(request, timeout=RESPONSE_TIMEOUT_SECONDS).close()  # noqa: S310
