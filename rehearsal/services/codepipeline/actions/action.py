"""What an action of CodePipeline gets to do its work, and what it gives back."""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework import zip_archive
from rehearsal.framework.clients import aws_client
from rehearsal.framework.platform import Platform, Scope
from rehearsal.services.codepipeline.records import ActionExecution, ArtifactLocation, Revision

_KEY_SIGNS = string.ascii_letters + string.digits
_KEY_LENGTH = 7


class ActionFailedError(Exception):
    """An action failed; `code` is a FailureType of the API."""

    def __init__(self, message: str, *, code: str = "JobFailed") -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ActionAbandonedError(Exception):
    """The execution was stopped, and its actions are not waited for."""


@dataclass(frozen=True, kw_only=True)
class ArtifactStore:
    """The bucket of a pipeline in a region; `key_id` is its KMS key, None for the bucket's own."""

    bucket: str
    key_id: str | None
    region: str

    def new_location(self, pipeline: str, artifact: str) -> ArtifactLocation:
        """`<pipeline, 20 letters>/<artifact, 10 letters>/<7 random ones>`, as AWS names objects."""
        name = "".join(secrets.choice(_KEY_SIGNS) for _ in range(_KEY_LENGTH))
        return ArtifactLocation(self.bucket, f"{pipeline[:20]}/{artifact[:10]}/{name}")

    def put(
        self,
        session: boto3.Session,
        location: ArtifactLocation,
        content: bytes,
        *,
        metadata: Mapping[str, str],
    ) -> None:
        """Writes an object, encrypted as the store says."""
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        request: dict[str, Any] = {
            "Bucket": location.bucket,
            "Key": location.key,
            "Body": content,
            "ContentMD5": base64.b64encode(digest).decode(),
            "Metadata": dict(metadata),
        }
        if self.key_id:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.key_id}
        aws_client(session, "s3", region=self.region).put_object(**request)


@dataclass(frozen=True, kw_only=True)
class ActionResult:
    """What an action produced."""

    outputs: Mapping[str, ArtifactLocation] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    revision: Revision | None = None
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class ActionRun:
    """One run of an action.

    `session` has the credentials of the action's role, or of the pipeline's, in the region of the
    action; `principal_arn` is whose they are. `configuration` has its variables resolved.
    """

    platform: Platform
    scope: Scope
    pipeline: str
    session: boto3.Session
    principal_arn: str
    configuration: Mapping[str, str]
    declaration: Mapping[str, Any]
    inputs: Mapping[str, ArtifactLocation]
    store: ArtifactStore
    record: ActionExecution
    requested_revision: str | None
    requested_branch: str | None
    decisions: Any
    abandoned: threading.Event
    deadline: float
    changed: Callable[[], None]

    @property
    def output_names(self) -> Sequence[str]:
        return [item["name"] for item in self.declaration.get("outputArtifacts", [])]

    def client(self, service: str) -> Any:
        return aws_client(self.session, service)

    def report(self, **values: str) -> None:
        """Notes what happens outside: `external_id`, `external_url`, `summary`, `token`."""
        for name, value in values.items():
            setattr(self.record, name, value)
        self.changed()

    def pause(self, seconds: float) -> None:
        """Waits between two polls.

        Raises:
            ActionAbandonedError: if the action was abandoned.
            ActionFailedError: if the action takes longer than its timeout.
        """
        if self.abandoned.wait(seconds):
            raise ActionAbandonedError
        if time.monotonic() > self.deadline:
            raise ActionFailedError("The action execution has timed out.", code="JobTimedOut")

    @contextmanager
    def input_directory(self, name: str) -> Iterator[Path]:
        """The content of an input artifact, in a folder that is removed afterwards."""
        location = self.inputs[name]
        with tempfile.TemporaryDirectory(prefix="codepipeline-") as scratch:
            archive = Path(scratch) / "artifact.zip"
            with archive.open("wb") as target:
                body = self.client("s3").get_object(Bucket=location.bucket, Key=location.key)[
                    "Body"
                ]
                for chunk in body.iter_chunks(1 << 20):
                    target.write(chunk)
            directory = Path(scratch) / "artifact"
            zip_archive.unpack(archive, directory)
            yield directory

    def put_artifact(
        self, name: str, archive: Path, *, revision: str | None = None
    ) -> ArtifactLocation:
        """Uploads a zip file as output artifact `name` into the artifact store."""
        location = self.store.new_location(self.pipeline, name)
        metadata = {"codepipeline-artifact-revision-id": revision} if revision else {}
        self.store.put(self.session, location, archive.read_bytes(), metadata=metadata)
        return location


RunAction = Callable[[ActionRun], ActionResult]
CheckConfiguration = Callable[[Mapping[str, str]], list[str]]


@dataclass(frozen=True, kw_only=True)
class ActionProvider:
    """A kind of action: how it runs, and what CreatePipeline demands of it.

    `inputs` and `outputs` are the least and the greatest number of artifacts. `check` returns what
    is wrong with a configuration beyond its keys.
    """

    category: str
    provider: str
    run: RunAction
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    inputs: tuple[int, int]
    outputs: tuple[int, int]
    v2_only: bool = False
    check: CheckConfiguration = lambda _: []

    @property
    def identifier(self) -> tuple[str, str]:
        return (self.category, self.provider)


def failure_of(error: Exception) -> ActionFailedError:
    """An exception of an action as CodePipeline shows it."""
    if isinstance(error, ActionFailedError):
        return error
    if isinstance(error, ClientError):
        described = error.response["Error"]
        code = described["Code"]
        denied = "AccessDenied" in code or code in {"403", "UnauthorizedOperation"}
        message = described.get("Message", "")
        if denied:
            return ActionFailedError(
                "The provided role does not have sufficient permissions: "
                f"{error.operation_name}: {message}",
                code="PermissionError",
            )
        return ActionFailedError(f"{error.operation_name}: {code}: {message}")
    if isinstance(error, BotoCoreError):
        return ActionFailedError(str(error), code="SystemUnavailable")
    return ActionFailedError(f"{type(error).__name__}: {error}", code="InternalError")
