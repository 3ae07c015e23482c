"""Condition keys of CodeBuild: the members of a request, by their paths.

A request to start a build has members with the suffix `Override` for those of its project.

Source: "Actions, resources, and condition keys for AWS CodeBuild" in the service authorization
reference, and "Using AWS CodeBuild condition keys as IAM service control variables" in the user
guide.
"""

from collections.abc import Mapping
from typing import Any

PATHS = (
    *("artifacts.bucketOwnerAccess", "artifacts.encryptionDisabled", "artifacts.location"),
    *("autoRetryLimit", "cache.location", "cache.modes", "cache.type", "concurrentBuildLimit"),
    *("encryptionKey", "environment.certificate", "environment.computeType"),
    *("environment.environmentVariables.name", "environment.environmentVariables.value"),
    *("environment.fleet.fleetArn", "environment.image", "environment.imagePullCredentialsType"),
    *("environment.privilegedMode", "environment.registryCredential.credential"),
    *("environment.registryCredential.credentialProvider", "environment.type"),
    *("fileSystemLocations.identifier", "fileSystemLocations.location"),
    *("fileSystemLocations.type", "logsConfig.s3Logs.bucketOwnerAccess"),
    *("logsConfig.s3Logs.encryptionDisabled", "logsConfig.s3Logs.location"),
    *("logsConfig.s3Logs.status", "secondaryArtifacts.artifactIdentifier"),
    *("secondaryArtifacts.bucketOwnerAccess", "secondaryArtifacts.encryptionDisabled"),
    *("secondaryArtifacts.location", "secondarySources.auth.resource"),
    *("secondarySources.auth.type", "secondarySources.buildspec"),
    *("secondarySources.insecureSsl", "secondarySources.location"),
    *("secondarySources.sourceIdentifier", "serviceRole", "source.auth.resource"),
    *("source.auth.type", "source.buildStatusConfig.context"),
    *("source.buildStatusConfig.targetUrl", "source.buildspec", "source.insecureSsl"),
    *("source.location", "vpcConfig.securityGroupIds", "vpcConfig.subnets", "vpcConfig.vpcId"),
)
"""The members whose values are keys; a member of a list has many values."""
_OVERRIDES = {
    "artifacts": "artifactsOverride",
    "autoRetryLimit": "autoRetryLimitOverride",
    "cache": "cacheOverride",
    "encryptionKey": "encryptionKeyOverride",
    "environment.certificate": "certificateOverride",
    "environment.computeType": "computeTypeOverride",
    "environment.environmentVariables": "environmentVariablesOverride",
    "environment.fleet": "fleetOverride",
    "environment.image": "imageOverride",
    "environment.imagePullCredentialsType": "imagePullCredentialsTypeOverride",
    "environment.privilegedMode": "privilegedModeOverride",
    "environment.registryCredential": "registryCredentialOverride",
    "environment.type": "environmentTypeOverride",
    "logsConfig": "logsConfigOverride",
    "secondaryArtifacts": "secondaryArtifactsOverride",
    "secondarySources": "secondarySourcesOverride",
    "serviceRole": "serviceRoleOverride",
    "source.auth": "sourceAuthOverride",
    "source.buildStatusConfig": "buildStatusConfigOverride",
    "source.buildspec": "buildspecOverride",
    "source.insecureSsl": "insecureSslOverride",
    "source.location": "sourceLocationOverride",
}


def condition_keys(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the keys of a request, such as `codebuild:source.location`."""
    if operation not in ("CreateProject", "UpdateProject", "StartBuild"):
        return {}
    found: dict[str, Any] = {}
    for path in PATHS:
        place = _overridden(path) if operation == "StartBuild" else path
        value = _value(request, place) if place else None
        if value not in (None, []):
            found[f"codebuild:{path}"] = value
    return found


def _overridden(path: str) -> str:
    for member, override in _OVERRIDES.items():
        if path == member or path.startswith(f"{member}."):
            return override + path[len(member) :]
    return ""


def _value(part: Any, path: str) -> Any:
    """Returns the value at a path as text; the values of all items of a list."""
    if isinstance(part, list):
        found = [_value(item, path) for item in part]
        return [one for one in found if one is not None]
    if not path:
        return str(part).lower() if isinstance(part, bool) else str(part)
    head, _, rest = path.partition(".")
    if not isinstance(part, Mapping) or part.get(head) is None:
        return None
    return _value(part[head], rest)
