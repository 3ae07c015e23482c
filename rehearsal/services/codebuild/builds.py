"""Builds: their start, their description and their stop."""

from __future__ import annotations

import threading
import time
import uuid
from copy import deepcopy
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import INTERRUPTED, Request, Response
from rehearsal.services.codebuild.build_record import BuildRecord
from rehearsal.services.codebuild.engine.plan import BuildPlan
from rehearsal.services.codebuild.engine.run import BuildRun
from rehearsal.services.codebuild.overrides import apply_overrides
from rehearsal.services.codebuild.project_rules import check_project, invalid
from rehearsal.services.codebuild.projects import (
    Build,
    ProjectRecord,
    Projects,
    page_of,
)

_STOP_SECONDS = 1.5  # the server waits two seconds for all services


class BuildOperations:
    """Operations on builds.

    Args:
        platform: the AWS around the service.
        lock: the service's lock.
        projects: the projects.
    """

    def __init__(self, platform: Platform, lock: threading.RLock, projects: Projects) -> None:
        self._platform = platform
        self._lock = lock
        self._projects = projects

    def start_build(self, request: Request, context: Context) -> Response:
        record = self._projects.find(context.scope, request["projectName"])
        settings = apply_overrides(record.settings, request)
        check_project(settings)
        if "serviceRoleOverride" in request:
            self._projects.check_role(context, settings["serviceRole"])
        token = request.get("idempotencyToken")
        with self._lock:
            if token in record.tokens:
                return {"build": record.tokens[token].record.describe()}
            running = sum(build.record.in_progress for build in record.builds.values())
            limit = settings.get("concurrentBuildLimit")
            if limit is not None and running >= limit:
                raise AwsError(
                    "AccountLimitExceededException",
                    f"Project-level concurrent build limit cannot exceed {limit}",
                )
            record.number += 1
            build = self._build(record, settings, request, context)
            if token:
                record.tokens[token] = build
        build.record.begin()
        threading.Thread(target=build.run.run, name=f"build-{record.name}", daemon=True).start()
        return {"build": build.record.describe()}

    def retry_build(self, request: Request, context: Context) -> Response:
        """Starts a build with the same overrides, and the present settings of its project."""
        build = self.find(context.scope, request.get("id", ""))
        if build.record.in_progress:
            raise invalid(f"build {request['id']} is still in progress and cannot be retried")
        overrides = {k: v for k, v in build.request.items() if k != "idempotencyToken"}
        return self.start_build(overrides, context)

    def stop_build(self, request: Request, context: Context) -> Response:
        build = self.find(context.scope, request["id"])
        build.run.stop()
        # AWS stops a build within its call.
        build.record.over.wait(_STOP_SECONDS)
        stopping = {} if build.record.over.is_set() else {"buildStatus": "STOPPED"}
        return {"build": {**build.record.describe(), **stopping}}

    def batch_get_builds(self, request: Request, context: Context) -> Response:
        builds, missing = [], []
        for build_id in request["ids"]:
            try:
                builds.append(self.find(context.scope, build_id).record.describe())
            except AwsError:
                missing.append(build_id)
        return {"builds": builds, "buildsNotFound": missing}

    def list_builds(self, request: Request, context: Context) -> Response:
        with self._lock:
            builds = [
                build
                for record in self._projects.records.of(context.scope).values()
                for build in record.builds.values()
            ]
        return _ids(builds, request)

    def list_builds_for_project(self, request: Request, context: Context) -> Response:
        record = self._projects.find(context.scope, request["projectName"])
        with self._lock:
            builds = list(record.builds.values())
        return _ids(builds, request)

    def resume(self) -> list[str]:
        """Ends the builds that the end of the server has interrupted."""
        with self._lock:
            builds = [
                build
                for _, record in self._projects.records.everywhere()
                for build in record.builds.values()
            ]
        interrupted = [build.record for build in builds if build.record.in_progress]
        for record in interrupted:
            record.interrupted(INTERRUPTED)
        return [f"build {record.describe()['id']}: FAULT" for record in interrupted]

    def close(self) -> None:
        """Stops all builds in progress."""
        with self._lock:
            builds = [
                build
                for _, record in self._projects.records.everywhere()
                for build in record.builds.values()
            ]
        running = [build for build in builds if build.record.in_progress]
        for build in running:
            build.run.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for build in running:
            build.record.over.wait(max(0.0, deadline - time.monotonic()))

    def find(self, scope: Scope, build_id: str) -> Build:
        """Returns a build by its id `project:uuid` or its ARN.

        Raises:
            AwsError: ResourceNotFoundException.
        """
        project, _, build_uuid = build_id.rsplit("build/", 1)[-1].partition(":")
        with self._lock:
            record = self._projects.records.of(scope).get(project)
            build = record.builds.get(build_uuid) if record else None
        if build is None:
            raise AwsError("ResourceNotFoundException", f"Build cannot be found: {build_id}")
        return build

    def _build(
        self,
        record: ProjectRecord,
        settings: dict[str, Any],
        request: Request,
        context: Context,
    ) -> Build:
        plan = self._plan(record, settings, context)
        shown = BuildRecord(self._platform, record.scope, _describe(plan, settings))
        build = Build(shown, BuildRun(plan, self._platform, shown), deepcopy(dict(request)))
        record.builds[plan.build_uuid] = build
        return build

    def _plan(self, record: ProjectRecord, settings: dict[str, Any], context: Context) -> BuildPlan:
        build_uuid = str(uuid.uuid4())
        build_id = f"{record.name}:{build_uuid}"
        logs = settings.get("logsConfig", {}).get("cloudWatchLogs", {})
        enabled = logs.get("status", "ENABLED") == "ENABLED"
        prefix = logs.get("streamName")
        return BuildPlan(
            scope=record.scope,
            project=record.name,
            build_id=build_id,
            build_uuid=build_uuid,
            arn=record.scope.arn("codebuild", f"build/{build_id}"),
            number=record.number,
            initiator=_initiator(settings, context),
            service_role=settings["serviceRole"],
            source=settings["source"],
            source_version=settings.get("sourceVersion"),
            secondary_sources=settings.get("secondarySources", []),
            secondary_versions={
                item["sourceIdentifier"]: item["sourceVersion"]
                for item in settings.get("secondarySourceVersions", [])
            },
            artifacts=settings["artifacts"],
            secondary_artifacts=settings.get("secondaryArtifacts", []),
            environment=settings["environment"],
            cache=settings["cache"],
            encryption_key=settings.get("encryptionKey"),
            log_group=(logs.get("groupName") or f"/aws/codebuild/{record.name}")
            if enabled
            else None,
            log_stream=(f"{prefix}/{build_uuid}" if prefix else build_uuid) if enabled else None,
            timeout_minutes=settings["timeoutInMinutes"],
            vpc=settings.get("vpcConfig"),
            volume=self._projects.directory / "volume",
            caches=self._projects.cache_directory(record),
        )


def _initiator(settings: dict[str, Any], context: Context) -> str:
    """Returns the initiator; CodePipeline passes the pipeline's name in the artifact settings."""
    if settings["artifacts"]["type"] == "CODEPIPELINE" and settings["artifacts"].get("name"):
        return f"codepipeline/{settings['artifacts']['name']}"
    return context.caller_arn.split(":", 5)[-1].removeprefix("assumed-role/")


def _ids(builds: list[Build], request: Request) -> Response:
    shown = sorted(
        (build.record.describe() for build in builds), key=lambda item: item["startTime"]
    )
    if request.get("sortOrder", "DESCENDING") == "DESCENDING":
        shown.reverse()
    ids, more = page_of([str(item["id"]) for item in shown], request)
    return {"ids": ids, **more}


def _describe(plan: BuildPlan, settings: dict[str, Any]) -> dict[str, Any]:
    build = {
        "id": plan.build_id,
        "arn": plan.arn,
        "buildNumber": plan.number,
        "startTime": utc_now(),
        "currentPhase": "SUBMITTED",
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "sourceVersion": plan.source_version,
        "projectName": plan.project,
        "phases": [],
        "source": plan.source,
        "secondarySources": plan.secondary_sources,
        "secondarySourceVersions": settings.get("secondarySourceVersions", []),
        "artifacts": _artifact(plan.artifacts),
        "secondaryArtifacts": [_artifact(item) for item in plan.secondary_artifacts],
        "cache": plan.cache,
        "environment": plan.environment,
        "serviceRole": plan.service_role,
        "logs": _logs(plan, settings),
        "timeoutInMinutes": plan.timeout_minutes,
        "queuedTimeoutInMinutes": settings["queuedTimeoutInMinutes"],
        "initiator": plan.initiator,
        "encryptionKey": plan.encryption_key,
        "vpcConfig": settings.get("vpcConfig"),
    }
    return deepcopy({key: value for key, value in build.items() if value is not None})


def _artifact(artifact: Any) -> dict[str, Any]:
    kept = ("artifactIdentifier", "encryptionDisabled", "overrideArtifactName", "location")
    return {key: artifact[key] for key in kept if key in artifact}


def _logs(plan: BuildPlan, settings: dict[str, Any]) -> dict[str, Any]:
    configured = settings.get("logsConfig", {}).get("cloudWatchLogs", {"status": "ENABLED"})
    logs: dict[str, Any] = {"cloudWatchLogs": configured}
    if plan.log_group and plan.log_stream:
        stream = f"log-group:{plan.log_group}:log-stream:{plan.log_stream}"
        logs |= {
            "groupName": plan.log_group,
            "streamName": plan.log_stream,
            "cloudWatchLogsArn": plan.scope.arn("logs", stream),
            "deepLink": (
                f"https://console.aws.amazon.com/cloudwatch/home?region={plan.scope.region}"
                f"#logsV2:log-groups/log-group/{plan.log_group.replace('/', '$252F')}"
                f"/log-events/{plan.log_stream.replace('/', '$252F')}"
            ),
        }
    return logs
