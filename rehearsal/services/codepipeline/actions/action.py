"""The run of an action, its result, and the providers of actions."""

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
from rehearsal.framework.aws_client import aws_client
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
    """The execution was stopped without waiting for its actions."""


@dataclass(frozen=True, kw_only=True)
class ArtifactStore:
    """The bucket of a pipeline in a region; `key_id` is its KMS key, None for the default."""

    bucket: str
    key_id: str | None
    region: str

    def new_location(self, pipeline: str, artifact: str) -> ArtifactLocation:
        """Returns a new location, PIPELINE/ARTIFACT/RANDOM with 20, 10 and 7 characters at most."""
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
        """Writes an object, encrypted with the key of the store."""
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
    """The result of an action."""

    outputs: Mapping[str, ArtifactLocation] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    revision: Revision | None = None
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class ActionRun:
    """One run of an action.

    `session` is of the action's role, or of the pipeline's, in the region of the action;
    `principal_arn` is that role's session. The variables of `configuration` are resolved.
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
        """Records `external_id`, `external_url`, `summary`, `token` and other members."""
        for name, value in values.items():
            setattr(self.record, name, value)
        self.changed()

    def pause(self, seconds: float) -> None:
        """Waits between two polls.

        Raises:
            ActionAbandonedError: the action was abandoned.
            ActionFailedError: the action exceeded its timeout.
        """
        if self.abandoned.wait(seconds):
            raise ActionAbandonedError
        if time.monotonic() > self.deadline:
            raise ActionFailedError("The action execution has timed out.", code="JobTimedOut")

    @contextmanager
    def input_directory(self, name: str) -> Iterator[Path]:
        """Yields a temporary folder with the content of an input artifact."""
        location = self.inputs[name]
        with tempfile.TemporaryDirectory(prefix="codepipeline-") as scratch:
            archive = Path(scratch) / "artifact.zip"
            with archive.open("wb") as target:
                body = self._artifact(name, location)
                for chunk in body.iter_chunks(1 << 20):
                    target.write(chunk)
            directory = Path(scratch) / "artifact"
            zip_archive.unpack(archive, directory)
            yield directory

    def _artifact(self, name: str, location: ArtifactLocation) -> Any:
        """Returns the body of an artifact.

        Raises:
            ActionFailedError: it is gone or must not be read; the message begins with AWS's words.
        """
        client = self.client("s3")
        try:
            return client.get_object(Bucket=location.bucket, Key=location.key)["Body"]
        except ClientError as error:
            described = error.response["Error"]
            denied = "AccessDenied" in described["Code"]
            raise ActionFailedError(
                f"Unable to access the artifact with Amazon S3 object key '{location.key}' located "
                f"in the Amazon S3 artifact bucket '{location.bucket}' (artifact {name}). "
                f"{described['Code']}: {described.get('Message', '')}",
                code="PermissionError" if denied else "JobFailed",
            ) from error

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
    """A provider of actions.

    Args:
        category: the category of the action.
        provider: the name of the provider.
        run: runs an action.
        required: the required keys of the configuration.
        optional: the optional keys of the configuration. Defaults to none.
        inputs: the minimum and the maximum number of input artifacts.
        outputs: the minimum and the maximum number of output artifacts.
        v2_only: True if the action needs a pipeline of type V2. Defaults to False.
        check: returns one message per problem of a configuration beyond its keys. Defaults to no
            problems.
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
    """Returns the failure of an action for an exception."""
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
