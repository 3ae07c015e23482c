"""The preparation of an action: its configuration, the session of its role, its artifacts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.aws_client import aws_client
from rehearsal.framework.platform import AwsError, Credentials, Platform
from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionRun,
    ArtifactStore,
)
from rehearsal.services.codepipeline.engine.decisions import Decisions
from rehearsal.services.codepipeline.engine.replication import Replication
from rehearsal.services.codepipeline.engine.rule import RuleRun
from rehearsal.services.codepipeline.engine.variables import UnresolvedVariableError, resolve
from rehearsal.services.codepipeline.records import (
    ActionExecution,
    PipelineExecution,
    PipelineRecord,
    RuleExecution,
)

_PRINCIPAL = "codepipeline.amazonaws.com"
# https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
_TIMEOUT_MINUTES = {"Approval": 7 * 24 * 60, "Build": 8 * 60, "Test": 8 * 60, "Deploy": 3 * 24 * 60}
_OTHER_TIMEOUT_MINUTES = 60


class ActionPreparation:
    """Prepares the actions of one execution."""

    def __init__(
        self,
        platform: Platform,
        record: PipelineRecord,
        execution: PipelineExecution,
        decisions: Decisions,
    ) -> None:
        self._platform = platform
        self._record = record
        self._execution = execution
        self._decisions = decisions

    def action_run(self, run: ActionExecution, changed: Callable[[], None]) -> ActionRun:
        """Returns the run of an action.

        Raises:
            ActionFailedError: a variable, the role or an artifact is not available.
        """
        declaration = run.declaration
        run.resolved_configuration = self._resolved(declaration)
        credentials, session, pipeline_session = self._credentials(run)
        store = self._store(run.region)
        replication = Replication(pipeline=self._record.name, session=pipeline_session, store=store)
        run.inputs = replication.replicate(run.inputs)
        category = declaration["actionTypeId"]["category"]
        minutes = declaration.get(
            "timeoutInMinutes", _TIMEOUT_MINUTES.get(category, _OTHER_TIMEOUT_MINUTES)
        )
        return ActionRun(
            platform=self._platform,
            scope=self._record.scope,
            pipeline=self._record.name,
            session=session,
            principal_arn=credentials.principal_arn,
            configuration=run.resolved_configuration,
            declaration=declaration,
            inputs=run.inputs,
            store=store,
            record=run,
            requested_revision=self._requested(run.name, "revisionValue"),
            requested_branch=self._requested(run.name, "branchName"),
            decisions=self._decisions,
            abandoned=self._execution.abandoned,
            deadline=time.monotonic() + minutes * 60,
            changed=changed,
        )

    def rule_run(self, rule: RuleExecution) -> RuleRun:
        """Returns the run of a rule.

        Raises:
            ActionFailedError: a variable or the role is not available.
        """
        rule.resolved_configuration = self._resolved(rule.declaration)
        _, session, _ = self._credentials(rule)
        minutes = rule.declaration.get("timeoutInMinutes", _OTHER_TIMEOUT_MINUTES)
        return RuleRun(
            session=session,
            scope=self._record.scope,
            configuration=rule.resolved_configuration,
            record=rule,
            jobs=self._decisions.jobs,
            abandoned=self._execution.abandoned,
            timeout=minutes * 60,
        )

    def _resolved(self, declaration: Mapping[str, Any]) -> dict[str, str]:
        try:
            return {
                key: resolve(value, self._execution.namespaces)
                for key, value in declaration.get("configuration", {}).items()
            }
        except UnresolvedVariableError as error:
            raise ActionFailedError(str(error), code="ConfigurationError") from error

    def _credentials(
        self, run: ActionExecution | RuleExecution
    ) -> tuple[Credentials, boto3.Session, boto3.Session]:
        """Returns credentials and sessions; the pipeline's role assumes the action's role."""
        pipeline_role = self._execution.declaration["roleArn"]
        run.role_arn = run.declaration.get("roleArn", pipeline_role)
        session_name = str(int(time.time() * 1000))
        try:
            credentials = self._platform.service_credentials(
                pipeline_role,
                service_principal=_PRINCIPAL,
                session_name=session_name,
                source_arn=self._record.arn,
            )
            session = pipeline_session = self._platform.session(credentials, run.region)
            if run.role_arn != pipeline_role:
                credentials = _assume(session, run.role_arn, session_name)
                session = self._platform.session(credentials, run.region)
        except (AwsError, ClientError) as error:
            raise ActionFailedError(
                f"CodePipeline is not authorized to perform AssumeRole on role {run.role_arn}. "
                f"{error}",
                code="PermissionError",
            ) from error
        return credentials, session, pipeline_session

    def _store(self, region: str) -> ArtifactStore:
        declaration = self._execution.declaration
        store = declaration.get("artifactStore") or declaration["artifactStores"][region]
        return ArtifactStore(
            bucket=store["location"],
            key_id=store.get("encryptionKey", {}).get("id"),
            region=region,
        )

    def _requested(self, action: str, member: str) -> str | None:
        """Returns a member of an action's requested revision; only triggers have a branch."""
        for wanted in self._execution.source_revisions:
            if wanted["actionName"] == action:
                return wanted.get(member)
        return None


def _assume(session: boto3.Session, role_arn: str, session_name: str) -> Credentials:
    assumed = aws_client(session, "sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name)
    found = assumed["Credentials"]
    return Credentials(
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
        principal_arn=assumed["AssumedRoleUser"]["Arn"],
    )
