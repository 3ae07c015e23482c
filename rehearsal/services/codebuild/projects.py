"""Operations on build projects."""

from __future__ import annotations

import shutil
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.services.codebuild.engine.run import BuildRun
from rehearsal.services.codebuild.project_rules import check_name, check_project, invalid
from rehearsal.services.codebuild.record import BuildRecord

_PRINCIPAL = "codebuild.amazonaws.com"
_DEFAULTS: dict[str, Any] = {
    "timeoutInMinutes": 60,
    "queuedTimeoutInMinutes": 480,
    "cache": {"type": "NO_CACHE"},
    "tags": [],
    "badgeEnabled": False,
}


@dataclass
class Build:
    """A build and, while it is in progress, its run; `request` is what started it."""

    record: BuildRecord
    run: BuildRun
    request: Request


@dataclass
class ProjectRecord:
    """A project of an account and region; `settings` has the form of the API's Project."""

    scope: Scope
    settings: dict[str, Any]
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    builds: dict[str, Build] = field(default_factory=dict)
    number: int = 0
    tokens: dict[str, Build] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.settings["name"])

    @property
    def arn(self) -> str:
        return self.scope.arn("codebuild", f"project/{self.name}")

    def describe(self) -> dict[str, Any]:
        shown = deepcopy(self.settings)
        shown["badge"] = {"badgeEnabled": shown.pop("badgeEnabled", False)}
        return shown | {
            "arn": self.arn,
            "created": self.created,
            "lastModified": self.modified,
            "projectVisibility": "PRIVATE",
        }


class ProjectOperations(Service):
    """What CodeBuild's API does with projects."""

    validation_error = "InvalidInputException"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.projects: dict[tuple[Scope, str], ProjectRecord] = {}

    def create_project(self, request: Request, context: Context) -> Response:
        check_name(request["name"])
        settings = self._defaults(context.scope) | deepcopy(dict(request))
        check_project(settings)
        self._check_role(context, settings["serviceRole"])
        key = (context.scope, settings["name"])
        with self.lock:
            if key in self.projects:
                arn = self.projects[key].arn
                raise AwsError("ResourceAlreadyExistsException", f"Project already exists: {arn}")
            self.projects[key] = ProjectRecord(context.scope, settings)
            return {"project": self.projects[key].describe()}

    def update_project(self, request: Request, context: Context) -> Response:
        record = self.project(context.scope, request["name"])
        settings = record.settings | deepcopy(dict(request))
        check_project(settings)
        if settings["serviceRole"] != record.settings["serviceRole"]:
            self._check_role(context, settings["serviceRole"])
        with self.lock:
            record.settings = settings
            record.modified = datetime.now(UTC)
            return {"project": record.describe()}

    def delete_project(self, request: Request, context: Context) -> Response:
        """Deletes a project with its builds and cache; an unknown one is no error, as in AWS."""
        with self.lock:
            record = self.projects.pop((context.scope, request["name"]), None)
        if record is not None:
            for build in record.builds.values():
                build.run.stop()
            shutil.rmtree(self.cache_directory(record), ignore_errors=True)
        return {}

    def batch_get_projects(self, request: Request, context: Context) -> Response:
        found, missing = [], []
        with self.lock:
            for given in request["names"]:
                name = given.rsplit("project/", 1)[-1]
                record = self.projects.get((context.scope, name))
                if record is None:
                    missing.append(given)
                else:
                    found.append(record.describe())
        return {"projects": found, "projectsNotFound": missing}

    def list_projects(self, request: Request, context: Context) -> Response:
        refuse_token(request)
        with self.lock:
            records = [item for (scope, _), item in self.projects.items() if scope == context.scope]
        keys = {
            "NAME": lambda item: item.name,
            "CREATED_TIME": lambda item: item.created.isoformat(),
            "LAST_MODIFIED_TIME": lambda item: item.modified.isoformat(),
        }
        records.sort(
            key=keys[request.get("sortBy", "NAME")],
            reverse=request.get("sortOrder", "ASCENDING") == "DESCENDING",
        )
        return {"projects": [record.name for record in records]}

    def invalidate_project_cache(self, request: Request, context: Context) -> Response:
        record = self.project(context.scope, request["projectName"])
        shutil.rmtree(self.cache_directory(record), ignore_errors=True)
        return {}

    def project(self, scope: Scope, name: str) -> ProjectRecord:
        """The project of that name or ARN; raises ResourceNotFoundException."""
        with self.lock:
            record = self.projects.get((scope, name.rsplit("project/", 1)[-1]))
        if record is None:
            raise AwsError(
                "ResourceNotFoundException",
                f"Project cannot be found: {scope.arn('codebuild', f'project/{name}')}",
            )
        return record

    @property
    def directory(self) -> Path:
        return self.platform.state_directory / "codebuild"

    def cache_directory(self, record: ProjectRecord) -> Path:
        """Where LOCAL_CUSTOM_CACHE of a project is kept; in the volume, so that moves are quick."""
        scope = record.scope
        return self.directory / "volume" / "caches" / scope.account / scope.region / record.name

    def _defaults(self, scope: Scope) -> dict[str, Any]:
        return deepcopy(_DEFAULTS) | {"encryptionKey": scope.arn("kms", "alias/aws/s3")}

    def _check_role(self, context: Context, role_arn: str) -> None:
        try:
            self.platform.check_pass_role(context, role_arn, _PRINCIPAL)
        except AwsError as error:
            if error.code == "ValidationException":
                raise invalid(
                    f"CodeBuild is not authorized to perform: sts:AssumeRole on {role_arn}. "
                    f"{error.message}"
                ) from error
            raise


def refuse_token(request: Request) -> None:
    if request.get("nextToken"):
        raise invalid("all results come on one page; this nextToken was never given out")
