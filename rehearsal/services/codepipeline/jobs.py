"""Jobs that a Lambda function does for a pipeline and completes by PutJob...Result.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.services.codepipeline.records import ArtifactLocation, new_id

_CONFIGURATION = ("FunctionName", "UserParameters")


@dataclass
class Job:
    """A job; `failure` is None once it has succeeded."""

    identifier: str = field(default_factory=new_id)
    completed: threading.Event = field(default_factory=threading.Event)
    failure: tuple[str, str] | None = None
    external_id: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


class Jobs:
    """The jobs in progress, by id."""

    def __init__(self) -> None:
        self._open: dict[str, Job] = {}
        self._lock = threading.Lock()

    def begin(self) -> Job:
        """Creates a job."""
        job = Job()
        with self._lock:
            self._open[job.identifier] = job
        return job

    def forget(self, job: Job) -> None:
        """Removes a job, whose result no longer matters."""
        with self._lock:
            self._open.pop(job.identifier, None)

    def succeed(self, identifier: str, *, variables: Mapping[str, str], external_id: str) -> bool:
        """Completes a job; returns False for a job that is not in progress."""
        job = self._take(identifier)
        if job is not None:
            job.variables, job.external_id = dict(variables), external_id
            job.completed.set()
        return job is not None

    def fail(self, identifier: str, *, kind: str, message: str, external_id: str) -> bool:
        """Completes a job; returns False for a job that is not in progress."""
        job = self._take(identifier)
        if job is not None:
            job.failure, job.external_id = (kind, message), external_id
            job.completed.set()
        return job is not None

    def _take(self, identifier: str) -> Job | None:
        with self._lock:
            return self._open.pop(identifier, None)


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
