"""Build and test action CodeBuild.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)
from rehearsal.services.codepipeline.records import ArtifactLocation

_POLL = 0.2
_VARIABLE_TYPES = {"PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"}


def run(action: ActionRun) -> ActionResult:
    """Starts a build with the pipeline's artifacts and waits for its end."""
    outputs = {
        name: action.store.new_location(action.pipeline, name) for name in action.output_names
    }
    codebuild = action.client("codebuild")
    started = codebuild.start_build(**_request(action, outputs))["build"]
    build_id = started["id"]
    region, account = started["arn"].split(":")[3:5]
    action.report(
        external_id=build_id,
        external_url=(
            f"https://{region}.console.aws.amazon.com/codesuite/codebuild/{account}/projects/"
            f"{started['projectName']}/build/{build_id.replace(':', '%3A')}/?region={region}"
        ),
        log_stream_arn=started.get("logs", {}).get("cloudWatchLogsArn", ""),
    )
    while True:
        build = codebuild.batch_get_builds(ids=[build_id])["builds"][0]
        if build["buildStatus"] != "IN_PROGRESS":
            break
        action.pause(_POLL)
    if build["buildStatus"] != "SUCCEEDED":
        raise ActionFailedError(_failure(build))
    return ActionResult(
        outputs=outputs,
        variables={
            item["name"]: item["value"] for item in build.get("exportedEnvironmentVariables", [])
        },
    )


def _request(action: ActionRun, outputs: Mapping[str, ArtifactLocation]) -> dict[str, Any]:
    configuration = action.configuration
    primary = configuration.get("PrimarySource") or next(iter(action.inputs))
    request: dict[str, Any] = {
        "projectName": configuration["ProjectName"],
        "sourceTypeOverride": "CODEPIPELINE",
        "sourceVersion": action.inputs[primary].arn,
        # The name and location that identify builds of CodePipeline.
        "artifactsOverride": {"type": "CODEPIPELINE", "name": action.pipeline},
        "environmentVariablesOverride": _variables(configuration),
        "idempotencyToken": action.record.identifier,
    }
    others = [name for name in action.inputs if name != primary]
    if others:
        request["secondarySourcesOverride"] = [
            {"type": "CODEPIPELINE", "sourceIdentifier": name} for name in others
        ]
        request["secondarySourcesVersionOverride"] = [
            {"sourceIdentifier": name, "sourceVersion": action.inputs[name].arn} for name in others
        ]
    locations = {name: location.arn for name, location in outputs.items()}
    if len(outputs) == 1:
        request["artifactsOverride"]["location"] = next(iter(locations.values()))
    elif outputs:
        request["secondaryArtifactsOverride"] = [
            {"type": "CODEPIPELINE", "artifactIdentifier": name, "location": location}
            for name, location in locations.items()
        ]
    if action.store.key_id:
        request["encryptionKeyOverride"] = action.store.key_id
    return request


def _variables(configuration: Mapping[str, str]) -> list[dict[str, str]]:
    given = configuration.get("EnvironmentVariables")
    return json.loads(given) if given else []


def _failure(build: Mapping[str, Any]) -> str:
    """Returns the message of AWS: the first phase that failed, with its context."""
    status = build["buildStatus"]
    for phase in build.get("phases", []):
        if phase.get("phaseStatus", "SUCCEEDED") not in {"SUCCEEDED", "IN_PROGRESS"}:
            context = (phase.get("contexts") or [{}])[0]
            return (
                f"Build terminated with state: {status}. Phase: {phase['phaseType']}, "
                f"Code: {context.get('statusCode', '')}, Message: {context.get('message', '')}"
            )
    return f"Build terminated with state: {status}"


def _check(configuration: Mapping[str, str]) -> list[str]:
    problems = [
        f"the rehearsal does not support {name} of CodeBuild actions"
        for name in ("BatchEnabled", "CombineArtifacts")
        if configuration.get(name, "false") != "false"
    ]
    try:
        variables = _variables(configuration)
        for item in variables:
            extra = set(item) - {"name", "value", "type"}
            if extra or not {"name", "value"} <= set(item):
                problems.append(f"EnvironmentVariables: {item} is not {{name, value, type}}")
            elif item.get("type", "PLAINTEXT") not in _VARIABLE_TYPES:
                problems.append(f"EnvironmentVariables: unknown type {item['type']}")
    except (ValueError, TypeError) as error:
        problems.append(f"EnvironmentVariables must be a JSON list of objects: {error}")
    return problems


def _provider(category: str) -> ActionProvider:
    return ActionProvider(
        category=category,
        provider="CodeBuild",
        run=run,
        required=frozenset({"ProjectName"}),
        optional=frozenset(
            {"PrimarySource", "EnvironmentVariables", "BatchEnabled", "CombineArtifacts"}
        ),
        inputs=(1, 5),
        outputs=(0, 5),
        check=_check,
    )


CODEBUILD_BUILD = _provider("Build")
CODEBUILD_TEST = _provider("Test")
