"""A job of any kind and how its container runs."""

import codecs
import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from rehearsal.containers.aws_images import catalogue
from rehearsal.containers.aws_images.pull import PulledImage, pull
from rehearsal.containers.cluster_network import (
    ClusterMember,
    ClusterNetworkError,
    cluster_network,
)
from rehearsal.containers.container import Container, Ended, run_together
from rehearsal.containers.image import Image
from rehearsal.containers.images.registry import ImageUnavailableError, ImageUri
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.init_process import SETUP_FAILED
from rehearsal.containers.isolation import IsolationUnavailableError
from rehearsal.containers.limits import Limits
from rehearsal.containers.log_stream import LogStream
from rehearsal.containers.sandbox_files import OutsideError, beneath, read_beneath, remove
from rehearsal.containers.specification import Network
from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, JobRun, Members
from rehearsal.services.sagemaker.hosting.instance_limits import limit_reason, resource_limits

__all__ = ["Ended", "Fields", "Job"]

Fields = dict[str, Any]
"""Members of a Describe response."""

STOP_GRACE = 120.0
"""Seconds between SIGTERM and SIGKILL when a job is stopped (API reference, StopTrainingJob)."""

ONE_DAY = 86_400
_MAX_SAID = 900


def now() -> datetime:
    """Returns the present time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Job:
    """A job and the images that it can run.

    Args:
        run: the request, and what the job acts with.
        image_store: the images of this machine.
        grace: seconds between SIGTERM and SIGKILL when the job is stopped.
    """

    run: JobRun
    image_store: ImageStore
    grace: float = STOP_GRACE

    @property
    def request(self) -> Mapping[str, Any]:
        return self.run.request

    @property
    def session(self) -> boto3.Session:
        return self.run.session

    @property
    def scope(self) -> Scope:
        return self.run.scope

    @property
    def max_seconds(self) -> int:
        """StoppingCondition.MaxRuntimeInSeconds; one day by default, as in SageMaker."""
        return int(self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", ONE_DAY))

    def progress(self, changes: Members) -> None:
        """Reports members of the Describe response."""
        self.run.progress(changes)

    def image(self, image_uri: str) -> PulledImage:
        """Returns the image, pulled with the job's role.

        Raises:
            ExecutionFailedError: it cannot be pulled, or does not run on several instances.
        """
        try:
            self._check_instances(ImageUri.parse(image_uri))
            return pull(self.session, image_uri, self.image_store)
        except (ImageUnavailableError, LookupError) as error:
            raise ExecutionFailedError(
                "ClientError: Cannot pull algorithm container. Either the image does not exist or "
                f"its permissions are incorrect. {error}"
            ) from error

    def _check_instances(self, uri: ImageUri) -> None:
        row, count = catalogue.find(uri), len(self.host_names)
        if row is not None and not row.distributed and count > 1:
            raise ExecutionFailedError(
                f"ClientError: The rehearsal runs AWS's image {row.repository} on one instance, in "
                f"one process; got InstanceCount {count}. Set InstanceCount to 1."
            )

    @contextlib.contextmanager
    def directory(self) -> Iterator[Path]:
        """Creates a directory of this job and removes it when the job has ended."""
        work = self.image_store.work_directory
        path = Path(tempfile.mkdtemp(prefix=f"{self.run.name[:40]}-", dir=work))
        try:
            yield path
        finally:
            remove(path)

    def log_stream(self, group: str, host: str) -> LogStream:
        """Returns `<job>/algo-1-<time>` in the log group, as SageMaker names it."""
        return LogStream(self.session, group, f"{self.run.name}/{host}-{int(time.time())}")

    @property
    def host_names(self) -> list[str]:
        """The names of the hosts, one for each instance."""
        return [
            f"algo-{number}" for number in range(1, self._resources.get("InstanceCount", 1) + 1)
        ]

    @contextlib.contextmanager
    def network(self, *, connected: bool) -> Iterator[list[ClusterMember | None]]:
        """Creates the network between the hosts; one host has none.

        Args:
            connected: True if the hosts may communicate with one another.

        Raises:
            ExecutionFailedError: this machine does not support it.
        """
        names = self.host_names
        if len(names) == 1 or not connected:
            yield [None] * len(names)
            return
        with contextlib.ExitStack() as stack:
            try:
                members = stack.enter_context(cluster_network(names))
            except ClusterNetworkError as error:
                raise ExecutionFailedError(f"InternalServerError: {error}") from error
            yield list(members)

    @property
    def _resources(self) -> Mapping[str, Any]:
        cluster = self.request.get("ProcessingResources", {}).get("ClusterConfig", {})
        found: Mapping[str, Any] = (
            self.request.get("ResourceConfig") or self.request.get("TransformResources") or cluster
        )
        return found

    @property
    def limits(self) -> Limits:
        """The limits of the job's instance type and volume, which each host has."""
        return resource_limits(self._resources)

    def container(self, image: Image, *, isolated: bool, **options: Any) -> Container:
        """Returns a container of this job, with the limits of its instance.

        Raises:
            ExecutionFailedError: the image has nothing to run.
        """
        network = Network.ISOLATED if isolated else Network.AWS
        try:
            return Container(image, network=network, limits=self.limits, **options)
        except ValueError as error:
            raise ExecutionFailedError(f"ClientError: {error}") from error

    def variables(self, isolated: bool) -> dict[str, str]:
        """Returns the AWS_* variables of the container; without network it has no credentials.

        SageMaker names the region in AWS_REGION alone, which boto3 does not read.

        Source: https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
        """
        given = {} if isolated else dict(self.run.environment)
        return given | {"AWS_REGION": self.scope.region}

    def run_containers(self, containers: Sequence[Container]) -> list[Ended]:
        """Runs the containers of all hosts until they end, one fails, or the job is stopped."""
        try:
            ended = run_together(
                containers, stop=self.run.stop, max_seconds=self.max_seconds, grace=self.grace
            )
        except IsolationUnavailableError as error:
            raise ExecutionFailedError(f"InternalServerError: {error}") from error
        for container, end in zip(containers, ended, strict=True):
            if end.exit_code == SETUP_FAILED and container.last_lines:
                raise ExecutionFailedError(f"InternalServerError: {container.last_lines[-1]}")
        return ended


def algorithm_error(container: Container, message: str, code: int) -> str:
    """Returns SageMaker's reason for a failed command: its own message, else its last output."""
    if container.exceeded is not None:
        return limit_reason(container.limits, container.exceeded, code)
    lines = [line.strip() for line in container.last_lines if line.strip()]
    said = message or (lines[-1] if lines else "")
    return f"AlgorithmError: {said[:_MAX_SAID]}, exit code: {code}{_signal(code)}"


def _signal(code: int) -> str:
    """Returns the signal behind an exit code above 128, in parentheses."""
    try:
        name = signal.Signals(code - 128).name
    except ValueError:
        return ""
    if name == "SIGKILL":
        return " (SIGKILL: the process was killed, as the system does when memory runs out)"
    return f" ({name})"


def read_message(ml: Path, path: str, *, strict: bool = False) -> str:
    """Returns the first kilobyte of a message that the command wrote.

    Args:
        ml: the folder that is /opt/ml of the container.
        path: the path below it.
        strict: rejects what is not UTF-8. Defaults to False: it is replaced. A character that ends
            after the first kilobyte is dropped.

    Raises:
        ExecutionFailedError: the message is not UTF-8.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-config.html
    """
    try:
        content = read_beneath(ml, ml / path, max_bytes=1024)
    except (OSError, OutsideError):
        return ""
    decoder = codecs.getincrementaldecoder("utf-8")("strict" if strict else "replace")
    try:
        return decoder.decode(content, final=len(content) < 1024).strip()
    except UnicodeDecodeError as error:
        raise ExecutionFailedError(
            f"ClientError: The message in /opt/ml/{path} is not UTF-8: byte {error.start} is "
            f"0x{content[error.start]:02x}. Write the message in UTF-8."
        ) from error


def results(ml: Path, path: str | Path) -> Path:
    """Returns a file or folder that the command wrote.

    Raises:
        ExecutionFailedError: it is a symbolic link out of /opt/ml.
    """
    try:
        return beneath(ml, ml / path)
    except OutsideError as error:
        raise ExecutionFailedError(
            f"ClientError: Artifact upload failed: /opt/ml/{error}."
        ) from error


def write_json(path: Path, content: Any) -> None:
    """Writes JSON to a file, whose folder is created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, default=str))
