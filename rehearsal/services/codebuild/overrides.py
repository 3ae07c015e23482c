"""What StartBuild overrides of a project's settings, for one build."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from rehearsal.services.codebuild.project_rules import invalid

# Member of StartBuild -> where it goes in a project's settings.
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
    """A project's settings as one build sees them.

    Raises InvalidInputException for an override that the rehearsal does not support.
    """
    refused = sorted(
        name
        for name, value in request.items()
        if name not in _OVERRIDES and name not in _MERGED and value
    )
    if refused:
        raise invalid(f"the rehearsal does not support {', '.join(refused)} of StartBuild")
    result = deepcopy(dict(settings))
    for name, path in _OVERRIDES.items():
        if name not in request:
            continue
        target = result
        for part in path[:-1]:
            target = target[part]
        target[path[-1]] = deepcopy(request[name])
    # A hand-made source for a pipeline's project: its artifacts then go nowhere.
    by_hand = result["source"]["type"] != "CODEPIPELINE"
    if by_hand and result["artifacts"]["type"] == "CODEPIPELINE":
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
