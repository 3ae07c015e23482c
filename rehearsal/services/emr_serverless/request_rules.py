"""Rules of EMR Serverless's requests, beyond the models, and what the rehearsal rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.framework.rules.kinds import rule
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.service import Request

_RELEASE = re.compile(r"emr-(?P<major>\d+)\.(?P<minor>\d+)\.\d+(?:-latest|-\d{8})?")
_APPLICATION: dict[str, Any] = {"releaseLabel": "emr-7.5.0", "type": "SPARK", "clientToken": "a"}
_RUN: dict[str, Any] = {
    "applicationId": "00f1",
    "clientToken": "a",
    "executionRoleArn": "arn:aws:iam::111111111111:role/spark",
    "jobDriver.sparkSubmit.entryPoint": "s3://bucket/script.py",
}
_NOT_HERE: Mapping[str, str] = {
    "imageConfiguration": "custom images",
    "workerTypeSpecifications": "custom images of workers",
    "networkConfiguration": "connections to a VPC: jobs reach AWS without one",
    "diskEncryptionConfiguration": "keys of the disks of workers",
    "interactiveConfiguration": "interactive sessions",
    "schedulerConfiguration": "queues of job runs",
    "identityCenterConfiguration": "IAM Identity Center",
    "jobLevelCostAllocationConfiguration": "cost allocation",
    "executionIamPolicy": "session policies of job runs",
    "retryPolicy": "retries of job runs",
}


def _release(call: Call) -> Iterator[str]:
    label = str(call.get("releaseLabel"))
    match = _RELEASE.fullmatch(label)
    if match is None or (int(match["major"]), int(match["minor"])) < (6, 6):
        yield f"The release label {label} is not valid: use emr-6.6.0 or later."


def _driver(call: Call) -> Iterator[str]:
    if not call.get("jobDriver"):
        yield "jobDriver is required."


EMR_SERVERLESS = Catalogue(
    "emr-serverless",
    rule(
        "release-label",
        ("CreateApplication",),
        "The release is emr-6.6.0 or later.",
        _release,
        source='"Release versions" in the user guide',
        fails={**_APPLICATION, "releaseLabel": "emr-5.36.0"},
        passes=_APPLICATION,
    ),
    rule(
        "job-driver",
        ("StartJobRun",),
        "A job run has a driver.",
        _driver,
        source="StartJobRun, jobDriver",
        fails={key: value for key, value in _RUN.items() if not key.startswith("jobDriver")},
        passes=_RUN,
    ),
)


def check_supported(operation: str, request: Request) -> None:
    """Rejects members that the rehearsal does not support.

    Raises:
        AwsError: ValidationException, with the member.
    """
    for name, meaning in _NOT_HERE.items():
        given = request.get(name)
        if given and any(given.values() if isinstance(given, Mapping) else [given]):
            raise _unsupported(f"{name} of {operation}, {meaning}")
    kind = request.get("type")
    if kind is not None and str(kind).upper() != "SPARK":
        raise _unsupported(f"applications of type {kind}; it runs Spark")
    if request.get("mode", "BATCH") != "BATCH":
        raise _unsupported(f"job runs in the mode {request['mode']}; it runs batches")
    if "hive" in (request.get("jobDriver") or {}):
        raise _unsupported("job runs of Hive; it runs sparkSubmit")
    label = str(request.get("releaseLabel", ""))
    if label.startswith("emr-spark-8"):
        raise _unsupported(f"{label}, which has Spark 4; its Spark is 3.5")


def _unsupported(what: str) -> AwsError:
    return AwsError("ValidationException", f"The rehearsal does not support {what}.")
