"""Deploy action CloudFormation.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.services.codepipeline.actions import cloudformation_stack
from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)
from rehearsal.services.codepipeline.actions.cloudformation_stack import Deployment

_MODES = {
    "CREATE_UPDATE": cloudformation_stack.create_or_update,
    "REPLACE_ON_FAILURE": cloudformation_stack.replace_on_failure,
    "CHANGE_SET_REPLACE": cloudformation_stack.replace_change_set,
    "CHANGE_SET_EXECUTE": cloudformation_stack.execute_change_set,
    "DELETE_ONLY": cloudformation_stack.delete,
}
_WITH_TEMPLATE = {"CREATE_UPDATE", "REPLACE_ON_FAILURE", "CHANGE_SET_REPLACE"}
_WITH_CHANGE_SET = {"CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"}


def run(action: ActionRun) -> ActionResult:
    """Performs the ActionMode on a stack, and waits until the stack is stable."""
    configuration = action.configuration
    name = configuration["StackName"]
    template = _file(action, configuration.get("TemplatePath"))
    settings = _settings(action)
    deployment = Deployment(
        action=action,
        client=action.client("cloudformation"),
        stack=name,
        change_set=configuration.get("ChangeSetName", ""),
        template=template,
        parameters=_parameters(action, settings),
        tags=settings.get("Tags", {}),
        stack_policy=settings.get("StackPolicy"),
        capabilities=_capabilities(configuration),
        role_arn=configuration.get("RoleArn"),
    )
    try:
        outputs = _MODES[configuration["ActionMode"]](deployment)
    except ClientError as error:
        described = error.response["Error"]
        if described["Code"] == "ValidationError":
            raise ActionFailedError(
                f"{name}: {described['Message']}", code="ConfigurationError"
            ) from error
        raise
    return ActionResult(
        outputs=_put_outputs(action, outputs),
        variables=outputs,
        summary=f"Deployment of stack {name} succeeded",
    )


def _file(action: ActionRun, path: str | None) -> str | None:
    """Returns the text of `Artifact::file` of the configuration."""
    if not path:
        return None
    artifact, _, name = path.partition("::")
    if artifact not in action.inputs:
        raise ActionFailedError(
            f"{path}: {artifact} is not an input artifact of this action", code="ConfigurationError"
        )
    with action.input_directory(artifact) as directory:
        file = directory / name
        if not file.is_file():
            raise ActionFailedError(
                f"File [{name}] does not exist in artifact [{artifact}]",
                code="ConfigurationError",
            )
        return file.read_text()


def _settings(action: ActionRun) -> dict[str, Any]:
    """Returns TemplateConfiguration, a JSON file with Parameters, Tags and StackPolicy."""
    text = _file(action, action.configuration.get("TemplateConfiguration"))
    if text is None:
        return {}
    try:
        settings = json.loads(text)
    except ValueError as error:
        raise ActionFailedError(
            f"TemplateConfiguration is not valid JSON: {error}", code="ConfigurationError"
        ) from error
    unknown = set(settings) - {"Parameters", "Tags", "StackPolicy"}
    if unknown:
        raise ActionFailedError(
            f"TemplateConfiguration has unknown keys: {', '.join(sorted(unknown))}",
            code="ConfigurationError",
        )
    return dict(settings)


def _parameters(action: ActionRun, settings: Mapping[str, Any]) -> dict[str, str]:
    parameters = dict(settings.get("Parameters", {}))
    overrides = action.configuration.get("ParameterOverrides")
    if overrides:
        for name, value in json.loads(overrides).items():
            parameters[name] = _override(action, value)
    return {name: str(value) for name, value in parameters.items()}


def _override(action: ActionRun, value: Any) -> str:
    """Resolves Fn::GetArtifactAtt and Fn::GetParam of ParameterOverrides."""
    if not isinstance(value, dict):
        return str(value)
    match value:
        case {"Fn::GetArtifactAtt": [artifact, attribute]} if artifact in action.inputs:
            location = action.inputs[artifact]
            values = {
                "BucketName": location.bucket,
                "ObjectKey": location.key,
                "URL": f"https://s3.amazonaws.com/{location.bucket}/{location.key}",
            }
            if attribute in values:
                return values[attribute]
        case {"Fn::GetParam": [artifact, file, key]} if artifact in action.inputs:
            content = json.loads(_file(action, f"{artifact}::{file}") or "{}")
            if key in content:
                return str(content[key])
    raise ActionFailedError(
        f"ParameterOverrides: {json.dumps(value)} cannot be resolved", code="ConfigurationError"
    )


def _capabilities(configuration: Mapping[str, str]) -> list[str]:
    return [item.strip() for item in configuration.get("Capabilities", "").split(",") if item]


def _put_outputs(action: ActionRun, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Uploads the stack's outputs as the file OutputFileName of the output artifact."""
    name = action.configuration.get("OutputFileName")
    if not name or not action.output_names:
        return {}
    archive = cloudformation_stack.outputs_archive(name, outputs)
    try:
        return {action.output_names[0]: action.put_artifact(action.output_names[0], archive)}
    finally:
        archive.unlink()


def _check(configuration: Mapping[str, str]) -> list[str]:
    mode = configuration.get("ActionMode", "")
    if mode not in _MODES:
        return [f"ActionMode must be one of {', '.join(_MODES)}, got {mode or 'nothing'}"]
    problems = []
    if mode in _WITH_TEMPLATE and not configuration.get("TemplatePath"):
        problems.append(f"ActionMode {mode} needs TemplatePath")
    if mode in _WITH_CHANGE_SET and not configuration.get("ChangeSetName"):
        problems.append(f"ActionMode {mode} needs ChangeSetName")
    if mode != "CHANGE_SET_EXECUTE" and not configuration.get("RoleArn"):
        problems.append(f"ActionMode {mode} needs RoleArn")
    overrides = configuration.get("ParameterOverrides")
    if overrides and "#{" not in overrides:
        try:
            if not isinstance(json.loads(overrides), dict):
                problems.append("ParameterOverrides must be a JSON object")
        except ValueError as error:
            problems.append(f"ParameterOverrides is not valid JSON: {error}")
    return problems


CLOUDFORMATION = ActionProvider(
    category="Deploy",
    provider="CloudFormation",
    run=run,
    required=frozenset({"ActionMode", "StackName"}),
    optional=frozenset(
        {
            "Capabilities",
            "ChangeSetName",
            "OutputFileName",
            "ParameterOverrides",
            "RoleArn",
            "TemplateConfiguration",
            "TemplatePath",
        }
    ),
    inputs=(0, 10),
    outputs=(0, 1),
    check=_check,
)
