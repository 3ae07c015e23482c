"""Region of a bucket, of whatever account."""

from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.aws_client import aws_client

_HEADER = "x-amz-bucket-region"


def bucket_region(session: boto3.Session, bucket: str) -> str | None:
    """Returns the region of a bucket, or None if there is no such bucket.

    S3 reports it to every account, in the headers of a denied request as well.

    Source: HeadBucket of the Amazon S3 API Reference.
    """
    client = aws_client(session, "s3")
    try:
        response: dict[str, Any] = client.head_bucket(Bucket=bucket)
    except ClientError as error:
        response = error.response  # type: ignore[assignment]
    found: str | None = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_HEADER)
    return found
