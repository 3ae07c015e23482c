"""The Spark job of a job run, in a container of this machine."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3

from rehearsal.containers.aws_images import catalogue
from rehearsal.containers.aws_images.pull import build
from rehearsal.containers.container import Container, run_to_end
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.limits import GIBIBYTE, Limits
from rehearsal.containers.log_stream import LogStream
from rehearsal.containers.specification import Network
from rehearsal.framework.platform import Credentials, Platform, Scope

_LOG_GROUP = "/aws/emr-serverless"
_PROGRAM = ("/opt/venv/bin/python", "-m", "stand_in.emr")
_GRACE_SECONDS = 5.0
_ONE_DAY = 86_400.0
# A worker's size by default (user guide, "Worker configurations"); Spark runs in one.
_LIMITS = Limits(memory=16 * GIBIBYTE, cpus=4, disk=20 * GIBIBYTE)
_MAX_DETAILS = 900


class SparkFailedError(Exception):
    """A job that failed; its text is the reason."""


@dataclass(frozen=True, kw_only=True)
class SparkJob:
    """A job to run.

    Args:
        scope: account and region.
        application: the record of the application.
        record: the record of the job run.
        credentials: those of its execution role.
        stop: cancels the job when it is set.
        running: called when the job begins to run.
    """

    scope: Scope
    application: Mapping[str, Any]
    record: Mapping[str, Any]
    credentials: Credentials
    stop: threading.Event
    running: Callable[[], None]

    @property
    def monitoring(self) -> Mapping[str, Any]:
        """The settings of logs: those of the job run, else those of the application."""
        overrides = self.record.get("configurationOverrides") or {}
        found: Mapping[str, Any] = overrides.get("monitoringConfiguration") or (
            self.application.get("monitoringConfiguration") or {}
        )
        return found

    @property
    def folder(self) -> str:
        """The folder of the job in logs."""
        return f"applications/{self.record['applicationId']}/jobs/{self.record['jobRunId']}"


RunSpark = Callable[[SparkJob], str]
"""Runs a job to its end and returns details of its success; raises an error when it fails."""


class LocalSpark:
    """Runs jobs in containers, with the Spark of SageMaker's stand-in.

    Args:
        platform: the AWS around the service.
        image_store: the images of this machine.
    """

    def __init__(self, platform: Platform, image_store: ImageStore) -> None:
        self._platform = platform
        self._image_store = image_store

    def __call__(self, job: SparkJob) -> str:
        image = build(catalogue.SPARK, self._image_store)
        session = self._platform.session(job.credentials, job.scope.region)
        variables = self._platform.environment(job.credentials, job.scope.region)
        job.running()
        with _Logs(job, session) as logs:
            logs.write(f"The release of EMR is replaced by {catalogue.SPARK.description}.")
            container = Container(
                image,
                entrypoint=[*_PROGRAM, json.dumps(_description(job))],
                environment=variables,
                network=Network.AWS,
                limits=_LIMITS,
                host_name="driver",
                on_line=logs.write,
            )
            minutes = float(job.record["executionTimeoutMinutes"])
            ended = run_to_end(
                container,
                stop=job.stop,
                max_seconds=minutes * 60 or _ONE_DAY,
                grace=_GRACE_SECONDS,
            )
        if ended.timed_out:
            raise SparkFailedError(f"The job ran longer than {minutes:.0f} minutes.")
        if ended.exit_code:
            lines = [line.strip() for line in container.last_lines if line.strip()]
            last = lines[-1] if lines else ""
            raise SparkFailedError(f"{last[:_MAX_DETAILS]} (exit code {ended.exit_code})")
        return logs.problem


def _description(job: SparkJob) -> dict[str, Any]:
    """Returns the job as the program in the container reads it."""
    submit: Mapping[str, Any] = job.record["jobDriver"]["sparkSubmit"]
    overrides = job.record.get("configurationOverrides") or {}
    return {
        "program": submit["entryPoint"],
        "arguments": submit.get("entryPointArguments") or [],
        "parameters": submit.get("sparkSubmitParameters", ""),
        "configurations": [
            *(job.application.get("runtimeConfiguration") or ()),
            *(overrides.get("applicationConfiguration") or ()),
        ],
    }


class _Logs:
    """The output of a job, sent to CloudWatch Logs and S3 as the job asks.

    Source: https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html
    """

    def __init__(self, job: SparkJob, session: boto3.Session) -> None:
        self._job = job
        self._session = session
        self._lines: list[str] = []
        self._stream: LogStream | None = None
        self.problem = ""
        settings = job.monitoring.get("cloudWatchLoggingConfiguration") or {}
        if settings.get("enabled"):
            parts = [settings.get("logStreamNamePrefix", ""), job.folder, "SPARK_DRIVER/stdout"]
            stream = "/".join(part.strip("/") for part in parts if part)
            self._stream = LogStream(session, settings.get("logGroupName", _LOG_GROUP), stream)

    def __enter__(self) -> _Logs:
        return self

    def write(self, line: str) -> None:
        """Takes a line of output."""
        self._lines.append(line)
        if self._stream is not None:
            self._stream.write(line)

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()
        uri = (self._job.monitoring.get("s3MonitoringConfiguration") or {}).get("logUri")
        if not uri:
            return
        place = urlsplit(uri)
        prefix = "/".join(part for part in (place.path.strip("/"), self._job.folder) if part)
        body = gzip.compress("".join(f"{line}\n" for line in self._lines).encode())
        key = f"{prefix}/SPARK_DRIVER/stdout.gz"
        try:
            self._session.client("s3").put_object(Bucket=place.netloc, Key=key, Body=body)
        except Exception as error:  # logs that cannot be written do not fail a job on AWS either
            self.problem = f"The logs could not be written to s3://{place.netloc}/{key}: {error}"
