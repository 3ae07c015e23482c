"""Projects of templates in S3: the CloudFormation stack `SP-<account>-<project id>`.

SageMaker calls CloudFormation in the caller's name, so the caller needs
`cloudformation:CreateStack` on that stack, the template, and iam:PassRole on the role that
CloudFormation is to use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloudformation import stack_changes
from rehearsal.cloudformation.stack_changes import StackFailedError
from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.sagemaker.projects.project_settings import (
    ProjectFailedError,
    given_parameters,
    tags_of,
)
from rehearsal.services.sagemaker.records import Record

Change = Callable[[Any, Scope, Record, threading.Event], dict[str, str]]


def stack_name(scope: Scope, project: Mapping[str, Any]) -> str:
    return f"SP-{scope.account}-{project['ProjectId']}"


def stack_arn(scope: Scope, project_id: str) -> str:
    name = stack_name(scope, {"ProjectId": project_id})
    return scope.arn("cloudformation", f"stack/{name}/*")


def only_template(providers: list[dict[str, Any]]) -> dict[str, Any]:
    """The one template of a project."""
    if len(providers) != 1 or "CfnTemplateProvider" not in providers[0]:
        message = "Exactly one TemplateProviders entry with CfnTemplateProvider is required."
        raise AwsError("ValidationException", message)
    template: dict[str, Any] = providers[0]["CfnTemplateProvider"]
    return template


def template_of(project: Record) -> dict[str, Any]:
    """The template of a project that has one in S3."""
    template: dict[str, Any] = project["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]
    return template


def condition_keys(template: Mapping[str, Any]) -> dict[str, str]:
    """What policies on CreateStack and UpdateStack see of SageMaker's request."""
    keys = {"cloudformation:TemplateUrl": template["TemplateURL"]}
    if template.get("RoleARN"):
        keys["cloudformation:RoleArn"] = template["RoleARN"]
    return keys


def with_template(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template as DescribeProject shows it."""
    return {"TemplateProviderDetails": [{"CfnTemplateProviderDetail": dict(template)}]}


def create_stack(
    client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, str]:
    """Creates the stack and waits for it; answers the CfnStackDetail. Raises StackFailedError."""
    return _detail(stack_changes.create_stack(client, _request(scope, project), closing))


def update_stack(
    client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, str]:
    """Updates the stack and waits for it; a stack that is up to date is no failure."""
    return _detail(stack_changes.update_stack(client, _request(scope, project), closing))


def delete_stack(
    client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, str]:
    """Deletes the stack and waits until it is gone."""
    name = stack_name(scope, project)
    stack = stack_changes.delete_stack(client, name, closing)
    return _detail(stack) if stack else {"Name": name, "StatusMessage": "DELETE_COMPLETE"}


def changed(
    change: Change, client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, Any]:
    """What a change of the stack makes of the project's record. Raises ProjectFailedError."""
    template = template_of(project)
    try:
        detail = change(client, scope, project, closing)
    except StackFailedError as error:
        failed = with_template({**template, "StackDetail": _detail(error.stack, str(error))})
        raise ProjectFailedError(failed) from error
    return with_template({**template, "StackDetail": detail})


def failed_before(scope: Scope, project: Record, reason: str) -> dict[str, Any]:
    """The record of a project whose stack could not even be asked for."""
    detail = {"Name": stack_name(scope, project), "StatusMessage": reason}
    return with_template({**template_of(project), "StackDetail": detail})


def _request(scope: Scope, project: Record) -> dict[str, Any]:
    provider = template_of(project)
    values = given_parameters(project, provider.get("Parameters", ()))
    request = {
        "StackName": stack_name(scope, project),
        "TemplateURL": provider["TemplateURL"],
        "Parameters": stack_changes.template_parameters(values),
        "Capabilities": stack_changes.CAPABILITIES,
        "Tags": stack_changes.stack_tags(tags_of(project)),
    }
    if provider.get("RoleARN"):
        request["RoleARN"] = provider["RoleARN"]
    return request


def _detail(stack: Mapping[str, Any], message: str | None = None) -> dict[str, str]:
    return {
        "Name": stack["StackName"],
        "Id": stack["StackId"],
        "StatusMessage": message or stack["StackStatus"],
    }
