"""Pipelines, executions, stages and actions."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import Scope

Declaration = Mapping[str, Any]

IN_PROGRESS, SUCCEEDED, FAILED = "InProgress", "Succeeded", "Failed"
STOPPING, STOPPED, ABANDONED, SUPERSEDED = "Stopping", "Stopped", "Abandoned", "Superseded"
SKIPPED, OVERRIDDEN, CANCELLED = "Skipped", "Overridden", "Cancelled"
STANDARD, ROLLBACK = "STANDARD", "ROLLBACK"


def new_id() -> str:
    """Returns a new id."""
    return str(uuid.uuid4())


@dataclass(frozen=True)
class ArtifactLocation:
    """The location of an artifact in S3."""

    bucket: str
    key: str

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:::{self.bucket}/{self.key}"

    def describe(self, name: str) -> dict[str, Any]:
        return {"name": name, "s3location": {"bucket": self.bucket, "key": self.key}}


@dataclass(frozen=True, kw_only=True)
class Revision:
    """The revision of a source: a commit, or a version of an object."""

    identifier: str
    summary: str = ""
    url: str = ""
    created: datetime = field(default_factory=utc_now)


@dataclass(frozen=True)
class ActionError:
    """An error; `code` is a FailureType of the API, such as JobFailed or PermissionError."""

    code: str
    message: str

    def describe(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


@dataclass
class ActionExecution:
    """One run of an action; a retry is another one."""

    pipeline_execution_id: str
    pipeline_version: int
    stage: str
    declaration: Declaration
    region: str
    identifier: str = field(default_factory=new_id)
    status: str = IN_PROGRESS
    started: datetime = field(default_factory=utc_now)
    changed: datetime = field(default_factory=utc_now)
    resolved_configuration: dict[str, str] = field(default_factory=dict)
    role_arn: str = ""
    inputs: dict[str, ArtifactLocation] = field(default_factory=dict)
    outputs: dict[str, ArtifactLocation] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    revision: Revision | None = None
    summary: str = ""
    external_id: str = ""
    external_url: str = ""
    log_stream_arn: str = ""
    token: str = ""
    updated_by: str = ""
    error: ActionError | None = None

    @property
    def name(self) -> str:
        return str(self.declaration["name"])


@dataclass
class RuleExecution:
    """One evaluation of a rule."""

    pipeline_execution_id: str
    pipeline_version: int
    stage: str
    declaration: Declaration
    region: str
    identifier: str = field(default_factory=new_id)
    status: str = IN_PROGRESS
    started: datetime = field(default_factory=utc_now)
    changed: datetime = field(default_factory=utc_now)
    resolved_configuration: dict[str, str] = field(default_factory=dict)
    role_arn: str = ""
    summary: str = ""
    external_id: str = ""
    error: ActionError | None = None

    @property
    def name(self) -> str:
        return str(self.declaration["name"])


@dataclass
class ConditionExecution:
    """One evaluation of a condition and of its rules."""

    status: str = IN_PROGRESS
    changed: datetime = field(default_factory=utc_now)
    summary: str = ""
    rules: list[RuleExecution] = field(default_factory=list)


@dataclass
class StageExecution:
    """A stage of one execution, with the latest run of each of its actions.

    `conditions` are the evaluations of its conditions, by the member of the stage's declaration
    (beforeEntry, onSuccess, onFailure); `overridden` are the overridden ones.
    """

    name: str
    pipeline_execution_id: str
    kind: str = STANDARD
    status: str = IN_PROGRESS
    actions: dict[str, ActionExecution] = field(default_factory=dict)
    conditions: dict[str, ConditionExecution] = field(default_factory=dict)
    overridden: set[str] = field(default_factory=set)
    automated_retries: int = 0
    manual_retries: int = 0

    def describe(self) -> dict[str, str]:
        return {
            "pipelineExecutionId": self.pipeline_execution_id,
            "status": self.status,
            "type": self.kind,
        }


@dataclass
class PipelineExecution:
    """One execution of a pipeline, of the version that the pipeline had when it started."""

    declaration: Declaration
    trigger: Mapping[str, str]
    variables: Mapping[str, str]
    source_revisions: Sequence[Mapping[str, str]] = ()
    identifier: str = field(default_factory=new_id)
    status: str = IN_PROGRESS
    status_summary: str = ""
    started: datetime = field(default_factory=utc_now)
    changed: datetime = field(default_factory=utc_now)
    attempt: int = 1
    stop_reason: str | None = None
    stop_requested: bool = False
    cancelled: bool = False
    abandoned: threading.Event = field(default_factory=threading.Event)
    stages: dict[str, StageExecution] = field(default_factory=dict)
    actions: list[ActionExecution] = field(default_factory=list)
    artifacts: dict[str, ArtifactLocation] = field(default_factory=dict)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    revisions: dict[str, tuple[str, Revision]] = field(default_factory=dict)
    rules: list[RuleExecution] = field(default_factory=list)
    rollback_target: str = ""

    @property
    def kind(self) -> str:
        return ROLLBACK if self.rollback_target else STANDARD

    @property
    def version(self) -> int:
        return int(self.declaration["version"])

    @property
    def mode(self) -> str:
        return str(self.declaration.get("executionMode", "SUPERSEDED"))

    @property
    def over(self) -> bool:
        return self.status not in {IN_PROGRESS, STOPPING}


@dataclass
class Transition:
    """The transition into a stage, which can be disabled."""

    enabled: bool = True
    changed_by: str = ""
    changed: datetime | None = None
    reason: str = ""

    def describe(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"enabled": self.enabled}
        if self.changed:
            shown |= {"lastChangedBy": self.changed_by, "lastChangedAt": self.changed}
        if self.reason and not self.enabled:
            shown["disabledReason"] = self.reason
        return shown


@dataclass
class PipelineRecord:
    """A pipeline; `condition` guards its members and is notified of every change."""

    scope: Scope
    declaration: dict[str, Any]
    created: datetime = field(default_factory=utc_now)
    updated: datetime = field(default_factory=utc_now)
    versions: dict[int, dict[str, Any]] = field(default_factory=dict)
    executions: list[PipelineExecution] = field(default_factory=list)
    transitions: dict[str, Transition] = field(default_factory=dict)
    inbound: dict[str, list[PipelineExecution]] = field(default_factory=dict)
    occupants: dict[str, PipelineExecution] = field(default_factory=dict)
    latest: dict[str, PipelineExecution] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    condition: threading.Condition = field(default_factory=threading.Condition)
    deleted: bool = False

    @property
    def name(self) -> str:
        return str(self.declaration["name"])

    @property
    def arn(self) -> str:
        return self.scope.arn("codepipeline", self.name)
