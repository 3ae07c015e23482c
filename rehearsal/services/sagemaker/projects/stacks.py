"""Projects from templates in S3: the CloudFormation stack `SP-<account>-<project id>`.

SageMaker calls CloudFormation on behalf of the caller, who needs `cloudformation:CreateStack` on
that stack, read access to the template, and `iam:PassRole` on the role for CloudFormation.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloudformation import stack_changes
from rehearsal.cloudformation.stack_changes import StackFailedError
from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.sagemaker.projects.parameters import (
    ProjectFailedError,
    parameter_values,
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
    """Returns the template of a request, which must be its only one."""
    if len(providers) != 1 or "CfnTemplateProvider" not in providers[0]:
        message = "Exactly one TemplateProviders entry with CfnTemplateProvider is required."
        raise AwsError("ValidationException", message)
    template: dict[str, Any] = providers[0]["CfnTemplateProvider"]
    return template


def template_of(project: Record) -> dict[str, Any]:
    """Returns the template of a project from S3."""
    template: dict[str, Any] = project["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]
    return template


def condition_keys(template: Mapping[str, Any]) -> dict[str, str]:
    """Returns the condition keys of the CreateStack and UpdateStack requests of SageMaker."""
    keys = {"cloudformation:TemplateUrl": template["TemplateURL"]}
    if template.get("RoleARN"):
        keys["cloudformation:RoleArn"] = template["RoleARN"]
    return keys


def template_details(template: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the template as DescribeProject shows it."""
    return {"TemplateProviderDetails": [{"CfnTemplateProviderDetail": dict(template)}]}


def create_stack(
    client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, str]:
    """Creates the stack and waits for it; returns its CfnStackDetail."""
    return _detail(stack_changes.create_stack(client, _request(scope, project), closing))


def update_stack(
    client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, str]:
    """Updates the stack, unless it is up to date, and waits for it."""
    return _detail(stack_changes.update_stack(client, _request(scope, project), closing))


def delete_stack(
    client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, str]:
    """Deletes the stack and waits until it is gone."""
    name = stack_name(scope, project)
    stack = stack_changes.delete_stack(client, name, closing)
    return _detail(stack) if stack else {"Name": name, "StatusMessage": "DELETE_COMPLETE"}


def apply_change(
    change: Change, client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, Any]:
    """Changes the stack of a project; returns the changes of the project's record.

    Raises:
        ProjectFailedError: the stack failed.
    """
    template = template_of(project)
    try:
        detail = change(client, scope, project, closing)
    except StackFailedError as error:
        failed = template_details({**template, "StackDetail": _detail(error.stack, str(error))})
        raise ProjectFailedError(failed) from error
    return template_details({**template, "StackDetail": detail})


def failed_request(scope: Scope, project: Record, reason: str) -> dict[str, Any]:
    """Returns the changes of the record of a project whose stack could not be requested."""
    detail = {"Name": stack_name(scope, project), "StatusMessage": reason}
    return template_details({**template_of(project), "StackDetail": detail})


def _request(scope: Scope, project: Record) -> dict[str, Any]:
    provider = template_of(project)
    values = parameter_values(project, provider.get("Parameters", ()))
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
