"""The CloudFormation stack behind a project."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from rehearsal.aws.platform import AwsError, Scope
from rehearsal.aws.sagemaker.records import Record

NAME_PARAMETER = "SageMakerProjectName"
ID_PARAMETER = "SageMakerProjectId"
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_POLL_SECONDS = 0.5


class StackFailedError(Exception):
    """The stack failed; `detail` is the CfnStackDetail of the project."""

    def __init__(self, detail: Mapping[str, str]) -> None:
        super().__init__(detail["StatusMessage"])
        self.detail = dict(detail)


def stack_name(scope: Scope, project: Mapping[str, Any]) -> str:
    return f"SP-{scope.account}-{project['ProjectId']}"


def stack_arn(scope: Scope, project_id: str) -> str:
    name = stack_name(scope, {"ProjectId": project_id})
    return scope.arn("cloudformation", f"stack/{name}/*")


def own_parameters(parameters: Iterable[Mapping[str, str]]) -> None:
    """Refuses parameters that SageMaker itself sets."""
    for parameter in parameters:
        if parameter["Key"] in (NAME_PARAMETER, ID_PARAMETER):
            message = f"Parameter {parameter['Key']} is set by SageMaker: leave it out."
            raise AwsError("ValidationException", message)


def template_arn(url: str) -> str:
    """The ARN of the S3 object behind a TemplateURL, in virtual-hosted or path style."""
    parts = urlsplit(url)
    bucket, _, rest = (parts.hostname or "").partition(".s3")
    key = parts.path.lstrip("/")
    if not rest:
        # https://s3.us-east-1.amazonaws.com/bucket/key, and the local https://127.0.0.1:PORT/...
        bucket, _, key = key.partition("/")
    return f"arn:aws:s3:::{bucket}/{unquote(key)}"


def create_stack(
    client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, str]:
    """Creates the stack and waits for it; answers the CfnStackDetail. Raises StackFailedError."""
    created = client.create_stack(**_request(scope, project), OnFailure="ROLLBACK")
    return _settle(client, created["StackId"], "CREATE_COMPLETE", closing)


def update_stack(
    client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, str]:
    """Updates the stack and waits for it; a stack that is up to date is no failure."""
    try:
        updated = client.update_stack(**_request(scope, project))
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        answer = client.describe_stacks(StackName=stack_name(scope, project))["Stacks"][0]
        return _detail(answer, str(answer["StackStatus"]))
    return _settle(client, updated["StackId"], "UPDATE_COMPLETE", closing)


def delete_stack(
    client: Any, scope: Scope, project: Record, closing: threading.Event
) -> dict[str, str]:
    """Deletes the stack and waits until it is gone."""
    name = stack_name(scope, project)
    try:
        stack = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return {"Name": name, "StatusMessage": "DELETE_COMPLETE"}
    client.delete_stack(StackName=stack["StackId"])
    return _settle(client, stack["StackId"], "DELETE_COMPLETE", closing)


def _request(scope: Scope, project: Record) -> dict[str, Any]:
    provider = project["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]
    given = {entry["Key"]: entry.get("Value", "") for entry in provider.get("Parameters", ())}
    own = {NAME_PARAMETER: project["ProjectName"], ID_PARAMETER: project["ProjectId"]}
    tags = {
        "sagemaker:project-name": project["ProjectName"],
        "sagemaker:project-id": project["ProjectId"],
        **{tag["Key"]: tag["Value"] for tag in project.get("_tags", ())},
    }
    request = {
        "StackName": stack_name(scope, project),
        "TemplateURL": provider["TemplateURL"],
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in (given | own).items()
        ],
        "Capabilities": _CAPABILITIES,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    if provider.get("RoleARN"):
        request["RoleARN"] = provider["RoleARN"]
    return request


def _settle(client: Any, stack_id: str, wanted: str, closing: threading.Event) -> dict[str, str]:
    while True:
        stack = client.describe_stacks(StackName=stack_id)["Stacks"][0]
        status = stack["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        if closing.wait(_POLL_SECONDS):
            raise StackFailedError(
                _detail(stack, "The service ended while the stack was changing.")
            )
    if status == wanted:
        return _detail(stack, status)
    raise StackFailedError(_detail(stack, f"{status}: {_reason(client, stack_id)}"))


def _detail(stack: Mapping[str, Any], message: str) -> dict[str, str]:
    return {"Name": stack["StackName"], "Id": stack["StackId"], "StatusMessage": message}


def _reason(client: Any, stack_id: str) -> str:
    """The first failure in the stack's events: the others follow from it."""
    failures = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        for event in page["StackEvents"]
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    return failures[-1] if failures else "the stack's events give no reason"
