"""Captured requests and responses of a variant."""

import base64
import csv
import datetime
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlparse


def captured_responses(
    s3: Any,
    uri: str,
    *,
    variant: str,
    start: datetime.datetime,
    end: datetime.datetime,
) -> Iterator[tuple[str, list[str]]]:
    """Yields the body of each captured request, and the predictions of its response.

    A record without a response in a known format, such as one of an error, is omitted.

    Args:
        s3: boto3 client of S3.
        uri: S3 URI of the captured data of the endpoint.
        variant: name of the variant.
        start: first hour of the data, in UTC.
        end: end of the data, in UTC.
    """
    place = urlparse(uri)
    hour = start.replace(minute=0, second=0, microsecond=0)
    while hour < end:
        prefix = f"{place.path.lstrip('/')}/{variant}/{hour:%Y/%m/%d/%H}/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=place.netloc, Prefix=prefix)
        for key in (found["Key"] for page in pages for found in page.get("Contents", [])):
            body = s3.get_object(Bucket=place.netloc, Key=key)["Body"].read()
            for line in body.decode().splitlines():
                yield from _pair_of(line)
        hour += datetime.timedelta(hours=1)


def _pair_of(line: str) -> Iterator[tuple[str, list[str]]]:
    captured = json.loads(line).get("captureData", {})
    request, response = captured.get("endpointInput"), captured.get("endpointOutput")
    if not request or not response:
        return
    predictions = _predictions(_text(response), response.get("observedContentType", ""))
    if predictions:
        yield _text(request), predictions


def _text(side: dict[str, Any]) -> str:
    data: str = side.get("data", "")
    if side.get("encoding") == "BASE64":
        return base64.b64decode(data).decode(errors="replace")
    return data


def _predictions(text: str, content_type: str) -> list[str]:
    """Returns labels or values; none for a response in another format."""
    if content_type.startswith("application/json"):
        try:
            predictions = json.loads(text)["predictions"]
            return [str(one.get("label", one.get("value"))) for one in predictions]
        except (ValueError, KeyError, TypeError, AttributeError):
            return []
    return [row[0] for row in csv.reader(io.StringIO(text)) if row]
