"""The machines behind SageMaker's API, which run jobs and model servers.

The control plane depends on `DataPlane` alone; `local_data_plane` implements it with the executors
of jobs and model servers, tests implement it in memory.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError

from rehearsal.containers.limits import Limits
from rehearsal.containers.process_usage import Usage
from rehearsal.framework.platform import AwsError, Scope

_LOG = logging.getLogger(__name__)
_MAX_REASON_LENGTH = 1024

Members = Mapping[str, Any]
"""Members of a Describe response."""

Progress = Callable[[Members], None]
"""Takes members of the Describe response as they become known, on any thread."""

Train = Callable[[Members, Progress, threading.Event], Members]
"""Runs the training job of a CreateTrainingJob request and returns its Describe members.

Raises ExecutionFailedError if the job fails.
"""


class ExecutionFailedError(Exception):
    """A job or server failed.

    Args:
        reason: the FailureReason that SageMaker reports.
        members: further members of the Describe response. Defaults to none.
    """

    def __init__(self, reason: str, members: Members | None = None) -> None:
        self.reason = reason[:_MAX_REASON_LENGTH]
        super().__init__(self.reason)
        self.members: dict[str, Any] = dict(members or {})


def reason_of(error: Exception) -> str:
    """Returns the FailureReason for an exception; logs the trace of an internal error."""
    if isinstance(error, ExecutionFailedError | AwsError | ClientError):
        return str(error)[:_MAX_REASON_LENGTH]
    _LOG.exception("internal error", exc_info=error)
    return f"InternalServerError: {type(error).__name__}: {error}"[:_MAX_REASON_LENGTH]


def ignore(_: Any) -> None:
    """Ignores what a run reports."""


@dataclass(frozen=True, kw_only=True)
class ParentTrial:
    """A training job of a parent of a tuning job with warm start.

    Args:
        hyperparameters: static and tuned ones.
        value: the last value of the objective.
        summary: its HyperParameterTrainingJobSummary.
    """

    hyperparameters: Mapping[str, str]
    value: float
    summary: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class JobRun:
    """A job to run.

    Args:
        name: the name of the job.
        scope: account and region.
        request: the Create*Job request.
        session: a session of the job's role.
        environment: the AWS_* variables of the job's role.
        progress: takes changed members of the Describe response. Defaults to ignoring them.
        stop: set when the job must stop. Defaults to an event that nothing sets.
        metrics: takes the CloudWatch metrics that a monitoring container wrote. Defaults to
            ignoring them.
        parents: training jobs of the parents of a tuning job. Defaults to none.
    """

    name: str
    scope: Scope
    request: Mapping[str, Any]
    session: boto3.Session
    environment: Mapping[str, str]
    progress: Progress = ignore
    stop: threading.Event = field(default_factory=threading.Event)
    metrics: Callable[[list[dict[str, Any]]], None] = ignore
    parents: Sequence[ParentTrial] = ()


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model as what serves it needs it.

    Args:
        containers: the container definitions, with model packages resolved to their images.
        role_arn: the execution role.
        vpc: VpcConfig. Defaults to none.
        isolated: True if the containers have no network.
        direct: True if each container is invoked by its host name; they form a serial pipeline
            otherwise.
    """

    containers: Sequence[Mapping[str, Any]]
    role_arn: str
    vpc: Mapping[str, Any] | None = None
    isolated: bool = False
    direct: bool = False

    @property
    def multi_model(self) -> bool:
        """True if a container loads models on request."""
        return any(container.get("Mode") == "MultiModel" for container in self.containers)

    @property
    def has_data_source(self) -> bool:
        """True if a container has ModelDataSource, which some features exclude."""
        return any(container.get("ModelDataSource") for container in self.containers)


class ModelServer(Protocol):
    """The server of a production variant or inference component."""

    def start(self) -> None:
        """Blocks until `/ping` returns 200.

        Raises:
            ExecutionFailedError: the server did not start.
        """

    def invoke(
        self,
        body: bytes,
        content_type: str,
        accept: str,
        headers: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Returns status, headers and body of `/invocations`.

        The headers X-Amzn-SageMaker-Target-Model and -Target-Container-Hostname choose the model of
        a multi-model container, and the container where each is invoked directly.

        Args:
            body: the payload.
            content_type: its media type.
            accept: the media type that the caller accepts.
            headers: further headers.
            timeout: seconds to wait. Defaults to None: the server's own limit.

        Raises:
            ExecutionFailedError: the container does not respond.
            ValueError: the body is too large, or a header names nothing that is served.
        """

    def usage(self) -> Usage:
        """Returns what the server's processes use now."""

    def stop(self) -> None:
        """Ends the server's processes."""


@dataclass(frozen=True, kw_only=True)
class ServerRun:
    """A variant, inference component or transform job to serve.

    Args:
        name: the name of the endpoint or transform job.
        variant: the name of the variant.
        scope: account and region.
        model: the model.
        session: a session of the model's role.
        environment: the AWS_* variables of the model's role.
        startup_timeout: seconds until the containers must respond to /ping. Defaults to None:
            SageMaker's own limit.
        invocation_timeout: seconds for a response. Defaults to None: SageMaker's own limit.
        max_payload: the largest payload in bytes. Defaults to None: that of a real-time endpoint.
        log_group: the log group. Defaults to None: that of the endpoint.
        hub_session: a session that reads model data to which a hub gives access. Defaults to none.
        limits: the limits of its instance. Defaults to None: those of this machine.
    """

    name: str
    scope: Scope
    model: ServedModel
    session: boto3.Session
    environment: Mapping[str, str]
    variant: str = "AllTraffic"
    startup_timeout: float | None = None
    invocation_timeout: float | None = None
    max_payload: int | None = None
    log_group: str | None = None
    hub_session: boto3.Session | None = None
    limits: Limits | None = None


@dataclass(frozen=True, kw_only=True)
class MlflowRun:
    """An MLflow App to serve.

    Args:
        name: the id of the App.
        artifact_store_uri: the S3 URI below which experiments have their artifacts.
        directory: the directory of the database, which outlives the server.
        session: a session of the App's role.
        environment: the AWS_* variables of the App's role.
    """

    name: str
    artifact_store_uri: str
    directory: Path
    session: boto3.Session
    environment: Mapping[str, str]


class TrackingServer(Protocol):
    """The server of an MLflow App."""

    def check_store(self) -> None:
        """Checks that the role of the App can access the bucket of artifacts.

        Raises:
            ExecutionFailedError: it cannot.
        """

    def start(self) -> None:
        """Blocks until MLflow serves.

        Raises:
            ExecutionFailedError: it did not start.
        """

    def request(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Returns status, headers and body of a request.

        Raises:
            ExecutionFailedError: MLflow does not respond.
        """

    def stop(self) -> None:
        """Ends MLflow; its database stays."""


class DataPlane(Protocol):
    """The machines behind SageMaker's API.

    The methods for jobs block until the job ends and return members of the Describe response. They
    raise ExecutionFailedError if the job fails; a job whose `stop` was set returns.
    """

    def prepare(self) -> None:
        """Loads what takes time, once the service is up."""

    def processing_job(self, run: JobRun) -> Members: ...

    def training_job(self, run: JobRun) -> Members: ...

    def tuning_job(self, run: JobRun, train: Train) -> Members:
        """Runs trials, each through `train`, which records it as a training job.

        The result and what `progress` takes include TrainingJobSummaries.
        """

    def transform_job(self, run: JobRun, model: ServedModel) -> Members: ...

    def model_server(self, run: ServerRun) -> ModelServer: ...

    def mlflow_server(self, run: MlflowRun) -> TrackingServer: ...

    def check_pull(self, session: boto3.Session, image_uri: str) -> None:
        """Checks that a role may pull an image of AWS, whose work the rehearsal does itself.

        Raises:
            ExecutionFailedError: IAM denies a call of the pull.
        """

    def resolve_image(self, session: boto3.Session, image_uri: str) -> str:
        """Returns the image by digest (`repository@sha256:...`).

        Raises:
            ExecutionFailedError: the image does not exist.
        """
