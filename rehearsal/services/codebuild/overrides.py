"""The overrides of StartBuild."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from rehearsal.services.codebuild.project_rules import invalid

# The members of StartBuild, with their paths in a project's settings.
_OVERRIDES = {
    "sourceTypeOverride": ("source", "type"),
    "sourceLocationOverride": ("source", "location"),
    "buildspecOverride": ("source", "buildspec"),
    "gitCloneDepthOverride": ("source", "gitCloneDepth"),
    "gitSubmodulesConfigOverride": ("source", "gitSubmodulesConfig"),
    "insecureSslOverride": ("source", "insecureSsl"),
    "environmentTypeOverride": ("environment", "type"),
    "imageOverride": ("environment", "image"),
    "computeTypeOverride": ("environment", "computeType"),
    "privilegedModeOverride": ("environment", "privilegedMode"),
    "imagePullCredentialsTypeOverride": ("environment", "imagePullCredentialsType"),
    "hostKernelOverride": ("environment", "hostKernel"),
    "artifactsOverride": ("artifacts",),
    "secondaryArtifactsOverride": ("secondaryArtifacts",),
    "secondarySourcesOverride": ("secondarySources",),
    "secondarySourcesVersionOverride": ("secondarySourceVersions",),
    "sourceVersion": ("sourceVersion",),
    "cacheOverride": ("cache",),
    "serviceRoleOverride": ("serviceRole",),
    "timeoutInMinutesOverride": ("timeoutInMinutes",),
    "queuedTimeoutInMinutesOverride": ("queuedTimeoutInMinutes",),
    "encryptionKeyOverride": ("encryptionKey",),
    "logsConfigOverride": ("logsConfig",),
}
_MERGED = {"projectName", "environmentVariablesOverride", "idempotencyToken"}


def apply_overrides(settings: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of a project with the overrides of a request.

    Raises:
        AwsError: InvalidInputException, if the rehearsal does not support an override.
    """
    unsupported = sorted(
        name
        for name, value in request.items()
        if name not in _OVERRIDES and name not in _MERGED and value
    )
    if unsupported:
        raise invalid(f"the rehearsal does not support {', '.join(unsupported)} of StartBuild")
    result = deepcopy(dict(settings))
    for name, path in _OVERRIDES.items():
        if name not in request:
            continue
        target = result
        for part in path[:-1]:
            target = target[part]
        target[path[-1]] = deepcopy(request[name])
    # A pipeline's project with another source has no pipeline to receive its artifacts.
    other_source = result["source"]["type"] != "CODEPIPELINE"
    if other_source and result["artifacts"]["type"] == "CODEPIPELINE":
        result["artifacts"] = {"type": "NO_ARTIFACTS"}
    variables = {
        item["name"]: item
        for item in (
            *result["environment"].get("environmentVariables", []),
            *request.get("environmentVariablesOverride", []),
        )
    }
    result["environment"]["environmentVariables"] = deepcopy(list(variables.values()))
    return result
