"""The data of a monitoring execution: captured data and ground truth.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3

from rehearsal.services.sagemaker.monitoring.windows import Window


@dataclass(frozen=True)
class Captured:
    """A part of S3 that has data.

    Args:
        uri: the S3 URI of a prefix, or of a manifest that lists the objects.
        place: the path below the LocalPath of the job's input.
        data_type: the S3DataType of the processing job's input.
    """

    uri: str
    place: str
    data_type: str = "S3Prefix"


def captured_by_endpoint(
    session: boto3.Session, destination: str, endpoint: str, variants: Sequence[str], window: Window
) -> list[Captured]:
    """Returns the hours of an endpoint's capture that have data."""
    folders = [
        f"{endpoint}/{variant}/{hour:%Y/%m/%d/%H}"
        for variant in variants
        for hour in window.hours()
    ]
    return _with_data(session, destination, folders)


def captured_by_transform(
    session: boto3.Session, destination: str, window: Window
) -> list[Captured]:
    """Returns the input and output files of batch transform jobs, by their capture manifests.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
    """
    s3 = session.client("s3")
    found = []
    for side in ("input", "output"):
        for hour in window.hours():
            place = f"{side}/{hour:%Y/%m/%d/%H}"
            for bucket, key in _keys(s3, f"{destination.rstrip('/')}/{place}"):
                name = key.rpartition("/")[2].partition(".")[0]
                uri = f"s3://{bucket}/{key}"
                found.append(Captured(uri, f"{place}/{name}", "ManifestFile"))
    return found


def merged(
    session: boto3.Session,
    folders: Sequence[Captured],
    truth_uri: str,
    window: Window,
    reports_uri: str,
) -> list[Captured]:
    """Joins captured records with their ground truth, by inference id or event id.

    Like Model Monitor's merge job, it omits captured records without ground truth and writes the
    result below `{reports}/merge/`, in the folders of the capture.

    Returns:
        The folders that have records.
    """
    s3 = session.client("s3")
    truths = _truths(session, truth_uri, window)
    found = []
    for folder in folders:
        lines = [
            json.dumps({**record, "groundTruthData": truth})
            for record in _records(s3, folder.uri)
            if (truth := _truth_about(record, truths)) is not None
        ]
        if lines:
            part = Captured(f"{reports_uri.rstrip('/')}/merge/{folder.place}", folder.place)
            place = urlsplit(f"{part.uri}/merged.jsonl")
            body = ("\n".join(lines) + "\n").encode()
            s3.put_object(Bucket=place.netloc, Key=place.path.strip("/"), Body=body)
            found.append(part)
    return found


def _truths(session: boto3.Session, truth_uri: str, window: Window) -> dict[str, Any]:
    s3 = session.client("s3")
    hours = [f"{hour:%Y/%m/%d/%H}" for hour in window.hours()]
    return {
        record["eventMetadata"]["eventId"]: record["groundTruthData"]
        for folder in _with_data(session, truth_uri, hours)
        for record in _records(s3, folder.uri)
    }


def _truth_about(record: dict[str, Any], truths: dict[str, Any]) -> Any:
    metadata = record["eventMetadata"]
    names = (metadata.get("inferenceId"), metadata.get("eventId"))
    return next((truths[name] for name in names if name in truths), None)


def _with_data(session: boto3.Session, base: str, folders: Sequence[str]) -> list[Captured]:
    s3 = session.client("s3")
    found = []
    for folder in folders:
        uri = f"{base.rstrip('/')}/{folder}"
        if next(_keys(s3, uri), None) is not None:
            found.append(Captured(uri, folder))
    return found


def _keys(s3: Any, uri: str) -> Iterator[tuple[str, str]]:
    place = urlsplit(uri)
    prefix = place.path.strip("/") + "/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=place.netloc, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", ()):
            yield place.netloc, entry["Key"]


def _records(s3: Any, uri: str) -> Iterator[dict[str, Any]]:
    """Yields the JSON lines of a folder."""
    for bucket, key in _keys(s3, uri):
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        for line in text.splitlines():
            if line.strip():
                yield json.loads(line)
