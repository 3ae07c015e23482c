"""What every kind of SageMaker job shares: its result, its failure, how its container is run."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import boto3

from rehearsal.containers.container import Container, Ended, run_to_end
from rehearsal.containers.images.image import Image
from rehearsal.containers.images.registry import ImageUnavailableError, resolve
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.init import SETUP_FAILED
from rehearsal.containers.isolation import IsolationUnavailableError
from rehearsal.containers.specification import Network
from rehearsal.framework.log_stream import LogStream
from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.data.failure import JobFailedError, UnsupportedError

__all__ = ["Ended", "Fields", "Job", "JobFailedError", "JobResult", "Progress", "UnsupportedError"]

Fields = dict[str, Any]
"""Members of a Describe* answer."""

Progress = Callable[[Mapping[str, Any]], None]
"""Called with those members of the Describe* answer that have changed."""

STOP_GRACE = 120.0
"""Seconds between SIGTERM and SIGKILL when a job is stopped (API reference, StopTrainingJob)."""

ONE_DAY = 86_400
HOST = "algo-1"


@dataclass(frozen=True)
class JobResult:
    """How a job ended: `status` is Completed or Stopped, `fields` are members of Describe*."""

    status: str
    fields: Fields = field(default_factory=dict)


def now() -> datetime:
    return datetime.now(UTC)


def ignore_progress(_: Mapping[str, Any]) -> None:
    """For callers that only want the result."""


class Surroundings(TypedDict):
    """What a job is given beside its request: the members of `Job`."""

    session: boto3.Session
    environment: Mapping[str, str]
    scope: Scope
    image_store: ImageStore
    progress: NotRequired[Progress]
    stop: NotRequired[threading.Event]
    grace: NotRequired[float]


@dataclass(kw_only=True)
class Job:
    """A job and its surroundings.

    `request` is the Create*Job request; `session` and `environment` (the AWS_* variables) act with
    the role that the job names; `progress` gets changed members of the Describe* answer, on threads
    of the job's; setting `stop` is StopProcessingJob and the like; `grace` is the time in seconds
    that a stopped command has.
    """

    request: Mapping[str, Any]
    session: boto3.Session
    environment: Mapping[str, str]
    scope: Scope
    image_store: ImageStore
    progress: Progress = ignore_progress
    stop: threading.Event = field(default_factory=threading.Event)
    grace: float = STOP_GRACE

    def image(self, image_uri: str) -> Image:
        """The image, pulled with the job's role."""
        try:
            return self.image_store.get(resolve(self.session, image_uri))
        except (ImageUnavailableError, LookupError) as error:
            raise JobFailedError(
                "ClientError: Cannot pull algorithm container. Either the image does not exist or "
                f"its permissions are incorrect. {error}"
            ) from error

    @contextlib.contextmanager
    def directory(self, name: str) -> Iterator[Path]:
        """A directory of this job, gone when the job has ended."""
        work = self.image_store.work_directory
        path = Path(tempfile.mkdtemp(prefix=f"{name[:40]}-", dir=work))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def log_stream(self, group: str, name: str) -> LogStream:
        """`<job>/algo-1-<time>` in the log group, as SageMaker names it."""
        return LogStream(self.session, group, f"{name}/{HOST}-{int(time.time())}")

    def container(self, image: Image, *, isolated: bool, **options: Any) -> Container:
        """A container of this job. Raises JobFailedError when the image has nothing to run."""
        network = Network.ISOLATED if isolated else Network.AWS
        try:
            return Container(image, network=network, **options)
        except ValueError as error:
            raise JobFailedError(f"ClientError: {error}") from error

    def variables(self, isolated: bool) -> dict[str, str]:
        """How the container reaches AWS; with network isolation it gets no credentials.

        SageMaker names the region in AWS_REGION alone, which boto3 does not read.
        https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
        """
        given = {} if isolated else dict(self.environment)
        return given | {"AWS_REGION": self.scope.region}

    @property
    def longest(self) -> int:
        """StoppingCondition.MaxRuntimeInSeconds; SageMaker's default is one day."""
        return int(self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", ONE_DAY))

    def run_container(self, container: Container) -> Ended:
        try:
            ended = run_to_end(container, stop=self.stop, longest=self.longest, grace=self.grace)
        except IsolationUnavailableError as error:
            raise JobFailedError(f"InternalServerError: {error}") from error
        if ended.exit_code == SETUP_FAILED and container.last_lines:
            raise JobFailedError(f"InternalServerError: {container.last_lines[-1]}")
        return ended


def refuse_members(request: Mapping[str, Any], unsupported: Mapping[str, str]) -> None:
    """Raises UnsupportedError for the first member that is there; values say what to do instead."""
    for member, instead in unsupported.items():
        if request.get(member):
            raise UnsupportedError(member, instead)


def algorithm_error(container: Container, message: str, code: int) -> str:
    """SageMaker's reason for a command that failed: its own message, else its last output."""
    lines = [line.strip() for line in container.last_lines if line.strip()]
    said = message or (lines[-1] if lines else "")
    return f"AlgorithmError: {said[:900]}, exit code: {code}"


def read_message(path: Path) -> str:
    """The first kilobyte of what the command left for people (/opt/ml/output/...)."""
    try:
        with path.open("rb") as file:
            return file.read(1024).decode(errors="replace").strip()
    except OSError:
        return ""


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, default=str))
