"""Build projects."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections.abc import Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rehearsal.containers.sandbox_files import remove
from rehearsal.framework.clock import utc_now
from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.store import Store
from rehearsal.framework.tags import Tags
from rehearsal.services.codebuild.build_record import BuildRecord
from rehearsal.services.codebuild.engine.run import BuildRun
from rehearsal.services.codebuild.project_rules import check_name, check_project, invalid

_PAGE_SIZE = 100
_OWNER_TAG = "sagemaker:project-name"
_DEFAULTS: dict[str, Any] = {
    "timeoutInMinutes": 60,
    "queuedTimeoutInMinutes": 480,
    "cache": {"type": "NO_CACHE"},
    "badgeEnabled": False,
}


@dataclass
class Build:
    """A build, its run, and the request that started it."""

    record: BuildRecord
    run: BuildRun
    request: Request


@dataclass
class ProjectRecord:
    """A project of an account and region; `settings` has the form of the API's Project.

    `cache_key` identifies the cache of a build of a SageMaker project; it is empty otherwise.
    """

    scope: Scope
    settings: dict[str, Any]
    created: datetime = field(default_factory=utc_now)
    modified: datetime = field(default_factory=utc_now)
    builds: dict[str, Build] = field(default_factory=dict)
    number: int = 0
    tokens: dict[str, Build] = field(default_factory=dict)
    cache_key: str = ""

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


class Projects:
    """The projects of every account and region, with their builds.

    Args:
        platform: the AWS around the service.
        lock: the service's lock.
    """

    def __init__(self, platform: Platform, lock: threading.RLock) -> None:
        self.records: Store[ProjectRecord] = Store()
        self._platform = platform
        self._lock = lock
        self._identity = ServiceIdentity(platform, "codebuild.amazonaws.com", "codebuild")

    def find(self, scope: Scope, name: str) -> ProjectRecord:
        """Returns a project by its name or ARN.

        Raises:
            AwsError: ResourceNotFoundException.
        """
        with self._lock:
            record = self.records.of(scope).get(name.rsplit("project/", 1)[-1])
        if record is None:
            raise AwsError(
                "ResourceNotFoundException",
                f"Project cannot be found: {scope.arn('codebuild', f'project/{name}')}",
            )
        return record

    @property
    def directory(self) -> Path:
        """The directory of all builds and caches."""
        return self._platform.state_directory / "codebuild"

    def cache_directory(self, record: ProjectRecord) -> Path:
        """Returns the directory of a project's LOCAL_CUSTOM_CACHE, which no other project uses.

        The caches of a SageMaker project outlive the server. CloudFormation names its build
        projects anew each time, so that each is recognized by the build specification with which
        it was created, and by its number among the projects with the same one.
        """
        scope, key = record.scope, record.cache_key
        if not key:
            return self.directory / "caches" / scope.account / scope.region / record.name
        return self._platform.state_directory / "build-caches" / scope.account / scope.region / key

    def check_role(self, context: Context, role_arn: str) -> None:
        """Checks that the caller may pass a service role, and that the role trusts CodeBuild."""
        try:
            self._identity.check_role(context, role_arn)
        except AwsError as error:
            if error.code == "ValidationException":
                raise invalid(
                    f"CodeBuild is not authorized to perform: sts:AssumeRole on {role_arn}. "
                    f"{error.message}"
                ) from error
            raise


def _cache_key(request: Request, taken: Collection[str]) -> str:
    """Returns the key of the cache of a new project, which no other project has."""
    tags = {tag["key"]: tag["value"] for tag in request.get("tags", [])}
    if _OWNER_TAG not in tags:
        return ""
    given = json.dumps([tags[_OWNER_TAG], request["source"].get("buildspec", "")])
    key = hashlib.sha256(given.encode()).hexdigest()[:32]
    numbered = (f"{key}-{number}" for number in itertools.count(2))
    return next(found for found in itertools.chain([key], numbered) if found not in taken)


class ProjectOperations:
    """Operations on projects.

    Args:
        lock: the service's lock.
        tags: the service's tags.
        projects: the projects.
    """

    def __init__(self, lock: threading.RLock, tags: Tags, projects: Projects) -> None:
        self._lock = lock
        self._tags = tags
        self._projects = projects

    def create_project(self, request: Request, context: Context) -> Response:
        check_name(request["name"])
        settings = _defaults(context.scope) | _without_tags(request)
        check_project(settings)
        self._projects.check_role(context, settings["serviceRole"])
        record = ProjectRecord(context.scope, settings)
        with self._lock:
            projects = self._projects.records.of(context.scope)
            if record.name in projects:
                message = f"Project already exists: {record.arn}"
                raise AwsError("ResourceAlreadyExistsException", message)
            record.cache_key = _cache_key(request, {one.cache_key for one in projects.values()})
            projects[record.name] = record
            self._tags.put(record.arn, request.get("tags"))
            return {"project": self._shown(record)}

    def update_project(self, request: Request, context: Context) -> Response:
        record = self._projects.find(context.scope, request["name"])
        settings = record.settings | _without_tags(request)
        check_project(settings)
        if settings["serviceRole"] != record.settings["serviceRole"]:
            self._projects.check_role(context, settings["serviceRole"])
        with self._lock:
            record.settings = settings
            record.modified = utc_now()
            if "tags" in request:
                self._tags.put(record.arn, request["tags"])
            return {"project": self._shown(record)}

    def delete_project(self, request: Request, context: Context) -> Response:
        """Deletes a project with its builds and cache; an unknown one is no error, as in AWS."""
        with self._lock:
            projects = self._projects.records.of(context.scope)
            record = projects.get(request["name"])
            if record is not None:
                cache = self._projects.cache_directory(record)
                del projects[record.name]
        if record is not None:
            self._tags.drop(record.arn)
            for build in record.builds.values():
                build.run.stop()
            remove(cache)
        return {}

    def batch_get_projects(self, request: Request, context: Context) -> Response:
        found, missing = [], []
        with self._lock:
            for given in request["names"]:
                name = given.rsplit("project/", 1)[-1]
                record = self._projects.records.of(context.scope).get(name)
                if record is None:
                    missing.append(given)
                else:
                    found.append(self._shown(record))
        return {"projects": found, "projectsNotFound": missing}

    def list_projects(self, request: Request, context: Context) -> Response:
        with self._lock:
            records = list(self._projects.records.of(context.scope).values())
        keys = {
            "NAME": lambda item: item.name,
            "CREATED_TIME": lambda item: item.created.isoformat(),
            "LAST_MODIFIED_TIME": lambda item: item.modified.isoformat(),
        }
        records.sort(
            key=keys[request.get("sortBy", "NAME")],
            reverse=request.get("sortOrder", "ASCENDING") == "DESCENDING",
        )
        shown, more = page_of([record.name for record in records], request)
        return {"projects": shown, **more}

    def invalidate_project_cache(self, request: Request, context: Context) -> Response:
        record = self._projects.find(context.scope, request["projectName"])
        remove(self._projects.cache_directory(record))
        return {}

    def _shown(self, record: ProjectRecord) -> dict[str, Any]:
        return record.describe() | {"tags": self._tags.shown(record.arn)}


def page_of(entries: Sequence[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
    """Returns a page of a List operation, and the member for the next one."""
    return page(
        entries,
        request,
        size=_PAGE_SIZE,
        token_member="nextToken",  # noqa: S106  # the name of a member
        error="InvalidInputException",
    )


def _defaults(scope: Scope) -> dict[str, Any]:
    return deepcopy(_DEFAULTS) | {"encryptionKey": scope.arn("kms", "alias/aws/s3")}


def _without_tags(request: Request) -> dict[str, Any]:
    return deepcopy({member: value for member, value in request.items() if member != "tags"})
