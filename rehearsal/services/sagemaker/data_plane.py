"""What the control plane starts: jobs and model servers.

The control plane depends on `DataPlane` alone; `local_data_plane` implements it with the executors
of jobs and model servers, tests implement it in memory.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError

from rehearsal.containers.process_usage import Usage
from rehearsal.framework.platform import AwsError, Scope

_LOG = logging.getLogger(__name__)

Progress = Callable[[Mapping[str, Any]], None]
"""Takes members of the Describe answer as they become known."""


Train = Callable[[Mapping[str, Any], Progress, threading.Event], Mapping[str, Any]]
"""Runs the training job of a CreateTrainingJob request and answers its Describe members.

Raises ExecutionFailedError when it failed.
"""


class ExecutionFailedError(Exception):
    """A job or server failed.

    The text is the FailureReason that SageMaker reports, `members` are further ones of Describe*.
    """

    def __init__(self, reason: str, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.members = dict(members or {})


def reason_of(error: Exception) -> str:
    """A FailureReason for an exception: its text, and a trace in the log if it was not foreseen."""
    if isinstance(error, ExecutionFailedError | AwsError | ClientError):
        return str(error)
    _LOG.exception("unforeseen failure", exc_info=error)
    return f"InternalServerError: {type(error).__name__}: {error}"


@dataclass(frozen=True, kw_only=True)
class JobRun:
    """A job to run: the Create*Job request; session and AWS_* environment of the job's role.

    `progress` may be called at any time, `stop` is set when the job must stop, `resources`
    carries what the request only names (the containers of a transform job's model).
    """

    name: str
    scope: Scope
    request: Mapping[str, Any]
    session: boto3.Session
    environment: Mapping[str, str]
    progress: Progress
    stop: threading.Event
    resources: Mapping[str, Any]


class ModelServer(Protocol):
    """A served model: one production variant."""

    def start(self) -> None:
        """Blocks until `/ping` answers 200. Raises ExecutionFailedError with the reason."""

    def invoke(
        self,
        body: bytes,
        content_type: str,
        accept: str,
        headers: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answers status, headers and body of `/invocations`.

        The headers X-Amzn-SageMaker-Target-Model and -Target-Container-Hostname choose the model of
        a multi-model container, and the container where each is invoked directly. `timeout` is in
        seconds; the server's own without it.

        Raises ExecutionFailedError when the container gives no answer, ValueError when the body
        is too large or a header names nothing that is served.
        """

    def usage(self) -> Usage:
        """What the server's processes use now."""

    def stop(self) -> None:
        """Ends the server's processes."""


@dataclass(frozen=True, kw_only=True)
class ServerRun:
    """A variant or inference component to serve, and what acts as the model's role.

    `containers` are definitions as in DescribeModel. They form a serial pipeline, or with `direct`
    each is invoked by its host name. `hub_session` reads model data that a hub gives access to.
    `largest_payload` is in bytes; left out, that of a real-time
    endpoint. `log_group` is that of the endpoint by default.
    """

    endpoint: str
    variant: str
    scope: Scope
    containers: list[dict[str, Any]]
    session: boto3.Session
    environment: Mapping[str, str]
    network_isolation: bool
    startup_timeout: float | None
    direct: bool = False
    largest_payload: int | None = None
    log_group: str | None = None
    hub_session: boto3.Session | None = None


class DataPlane(Protocol):
    """The machines behind SageMaker's API.

    `prepare` loads what takes time, once the service is up.

    The job methods block until the job ends and answer members of the Describe answer. They raise
    ExecutionFailedError for a failure; a job whose `stop` was set just returns.
    """

    def prepare(self) -> None: ...

    def processing_job(self, run: JobRun) -> Mapping[str, Any]: ...

    def training_job(self, run: JobRun) -> Mapping[str, Any]: ...

    def tuning_job(self, run: JobRun, train: Train) -> Mapping[str, Any]:
        """Runs trials; each through `train`, which records it as a training job of its own.

        The answer and what `progress` gets hold TrainingJobSummaries, too.
        """

    def transform_job(self, run: JobRun) -> Mapping[str, Any]: ...

    def model_server(self, run: ServerRun) -> ModelServer: ...

    def resolve_image(self, session: boto3.Session, image_uri: str) -> str:
        """The image by digest (`repository@sha256:...`).

        Raises ExecutionFailedError when it is missing.
        """
