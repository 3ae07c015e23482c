"""Rules for the settings of a project, of CodeBuild and of the rehearsal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{1,254}")
_SOURCES = ("CODECOMMIT", "CODEPIPELINE", "NO_SOURCE", "S3")
_ENVIRONMENTS = ("LINUX_CONTAINER", "LINUX_EC2")
_IMAGE = "aws/codebuild/"
_MINUTES = (5, 2160)
_UNSUPPORTED = {
    "buildBatchConfig": "batch builds",
    "fileSystemLocations": "file systems",
    "autoRetryLimit": "automatic retries",
}
_UNSUPPORTED_ENVIRONMENT = {
    "dockerServer": "Docker servers",
    "fleet": "fleets",
    "registryCredential": "private registries",
    "certificate": "certificates",
}


def invalid(message: str) -> AwsError:
    """Returns the error for settings that are not valid."""
    return AwsError("InvalidInputException", message)


def check_name(name: str) -> None:
    """Raises AwsError (InvalidInputException) for a malformed project name."""
    if not _NAME.fullmatch(name):
        raise invalid(
            f"Invalid project name {name!r}: 2 to 255 letters, digits, dashes and underscores, "
            "the first one a letter or digit"
        )


def check_project(settings: Mapping[str, Any]) -> None:
    """Raises AwsError (InvalidInputException) with all problems of a project."""
    problems = [
        *_source_problems("source", settings["source"]),
        *_environment_problems(settings["environment"]),
    ]
    for index, source in enumerate(settings.get("secondarySources", [])):
        problems += _source_problems(f"secondarySources[{index}]", source)
    problems += [
        f"the rehearsal does not support {meaning} ({name})"
        for name, meaning in _UNSUPPORTED.items()
        if settings.get(name)
    ]
    if settings.get("cache", {}).get("type") == "S3":
        problems.append(
            "the rehearsal does not support a cache in S3; use LOCAL with LOCAL_CUSTOM_CACHE"
        )
    if settings.get("logsConfig", {}).get("s3Logs", {}).get("status") == "ENABLED":
        problems.append("the rehearsal does not support build logs in S3 (logsConfig.s3Logs)")
    low, high = _MINUTES
    minutes = settings.get("timeoutInMinutes", 60)
    if not low <= minutes <= high:
        problems.append(f"timeoutInMinutes must be {low} to {high}, got {minutes}")
    if problems:
        raise invalid("; ".join(problems))


def _source_problems(where: str, source: Mapping[str, Any]) -> list[str]:
    kind = source["type"]
    if kind not in _SOURCES:
        return [
            f"{where}: the rehearsal does not support the source provider {kind}; use one of "
            f"{', '.join(_SOURCES)}"
        ]
    return []


def _environment_problems(environment: Mapping[str, Any]) -> list[str]:
    problems = [
        f"the rehearsal does not support {meaning} (environment.{name})"
        for name, meaning in _UNSUPPORTED_ENVIRONMENT.items()
        if environment.get(name)
    ]
    if environment["type"] not in _ENVIRONMENTS:
        problems.append(
            f"the rehearsal does not support the environment type {environment['type']}; "
            f"use one of {', '.join(_ENVIRONMENTS)}"
        )
    if not environment["image"].startswith(_IMAGE):
        problems.append(
            f"the rehearsal supports the images of CodeBuild only ({_IMAGE}...), "
            f"got {environment['image']}"
        )
    return problems
