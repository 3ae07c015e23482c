"""Universal targets of EventBridge Scheduler: API calls of AWS services by their ARN.

The ARN is `arn:aws:scheduler:::aws-sdk:<service>:<apiAction>`, the input is the request.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import boto3
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel

from rehearsal.cloudformation.resource_requests import to_api
from rehearsal.cloudformation.resource_types import ResourceFailure
from rehearsal.framework.platform import AwsError
from rehearsal.framework.service_models import loader, service_model

_ARN = re.compile(r"arn:aws:scheduler:::aws-sdk:(?P<service>[^:]+):(?P<action>[^:]+)")
# "Unsupported actions": actions that read.
_READING = re.compile(
    "get|describe|list|poll|receive|search|scan|query|select|read|lookup|discover|validate|"
    "batchGet|batchDescribe|batchRead|transactGet|adminGet|adminList|testMigration|retrieve|"
    "testConnection|translateDocument|isAuthorized|invokeModel"
)
# AWS's SDK for Java names services by their service id; botocore's names differ for these.
_NAMES = {
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "cloudwatchevents": "events",
    "elasticloadbalancingv2": "elbv2",
    "cognitoidentityprovider": "cognito-idp",
    "databasemigration": "dms",
    "costexplorer": "ce",
    "elasticsearch": "es",
}


def is_universal(target_arn: str) -> bool:
    """Returns True if an ARN is that of an API call."""
    return target_arn.startswith("arn:aws:scheduler:::aws-sdk:")


def check(target_arn: str, text: str | None) -> None:
    """Raises AwsError (ValidationException) for an API call that is not supported or not valid."""
    operation = _operation(target_arn)
    if text is None and operation.input_shape and operation.input_shape.required_members:
        needed = ", ".join(operation.input_shape.required_members)
        raise _invalid(f"Target Input is required for {target_arn}: it must contain {needed}.")
    if text is not None:
        _json_object(target_arn, text)


def call(session: boto3.Session, target_arn: str, text: str | None) -> None:
    """Calls the API; the case of names in the input does not matter, as it differs between SDKs."""
    operation = _operation(target_arn)
    shape = operation.input_shape
    given = _json_object(target_arn, text) if text is not None else {}
    try:
        request: dict[str, Any] = to_api(shape, given, "") if shape is not None else {}
    except ResourceFailure as problem:
        raise _invalid(f"{operation.name}: {problem}") from None
    client = session.client(operation.service_model.service_name)  # type: ignore[call-overload]
    getattr(client, xform_name(operation.name))(**request)


def _operation(target_arn: str) -> OperationModel:
    found = _ARN.fullmatch(target_arn)
    if found is None:
        raise _invalid(f"Provided Arn is not in correct format: {target_arn}")
    service, action = found["service"], found["action"]
    if _READING.match(action):
        raise _invalid(
            f"Provided Arn {target_arn} is not supported: {action} only reads. A universal target "
            "must be an action that changes something."
        )
    model = _model(service)
    if model is None:
        raise _invalid(f"Provided Arn {target_arn} is not supported: there is no service {service}")
    for name in model.operation_names:
        if name[:1].lower() + name[1:] == action:
            return model.operation_model(name)
    near = [n for n in model.operation_names if n.lower() == action.lower()]
    hint = f"; it is written {near[0][:1].lower()}{near[0][1:]}" if near else ""
    raise _invalid(
        f"Provided Arn {target_arn} is not supported: {service} has no action {action}{hint}"
    )


@functools.cache
def _model(service: str) -> ServiceModel | None:
    """Returns the model of a service by its name in the SDK for Java."""
    if service != service.lower():
        return None
    known = loader().list_available_services("service-2")
    plain = {name.replace("-", ""): name for name in known}
    name = _NAMES.get(service) or (service if service in known else plain.get(service))
    if name is None:
        return None
    return service_model(name)


def _json_object(target_arn: str, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _invalid(f"Target Input of {target_arn} must be well-formed JSON of an object.")
    return content


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
