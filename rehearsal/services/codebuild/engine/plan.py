"""The plan of a build, and the observer of its progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rehearsal.framework.platform import Scope


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """A build with all overrides applied; the values have the form of CodeBuild's API.

    `artifacts` has the shape of ProjectArtifacts. `caches` is the folder of the project's cache.
    """

    scope: Scope
    project: str
    build_id: str
    build_uuid: str
    arn: str
    number: int
    initiator: str
    service_role: str
    source: Mapping[str, Any]
    source_version: str | None
    secondary_sources: Sequence[Mapping[str, Any]]
    secondary_versions: Mapping[str, str]
    artifacts: Mapping[str, Any]
    secondary_artifacts: Sequence[Mapping[str, Any]]
    environment: Mapping[str, Any]
    cache: Mapping[str, Any]
    encryption_key: str | None
    log_group: str | None
    log_stream: str | None
    timeout_minutes: int
    vpc: Mapping[str, Any] | None
    volume: Path
    caches: Path


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """The location of an uploaded artifact, as BuildArtifacts of the API has it."""

    location: str
    sha256: str
    md5: str


class BuildObserver(Protocol):
    """Records the progress of a build."""

    def phase_started(self, phase: str) -> None: ...
    def phase_ended(self, phase: str, status: str, code: str, message: str) -> None: ...
    def source_resolved(self, version: str) -> None: ...
    def exported(self, variables: Mapping[str, str]) -> None: ...
    def uploaded(self, identifier: str | None, artifact: Uploaded) -> None: ...
    def ended(self, status: str) -> None: ...
