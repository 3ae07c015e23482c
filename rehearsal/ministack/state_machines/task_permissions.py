"""The permissions that the role of a state machine needs for its integrations.

Source: "Integrating services with Step Functions", the IAM policies of each optimized integration;
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ministack.core import iam_actions

from rehearsal.framework.platform import Scope

Request = Mapping[str, Any]

_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[^:]+(:[^:]+)?")
_ACTIVITY = re.compile(r"arn:aws:states:[a-z0-9-]+:\d{12}:activity:[^:]+")
_SDK = re.compile(r"arn:aws:states:::aws-sdk:[A-Za-z0-9]+:[A-Za-z0-9]+(\.waitForTaskToken)?")
_OPTIMIZED = re.compile(r"arn:aws:states:::([a-z0-9-]+:[A-Za-z0-9]+)(\.[A-Za-z]+(?::2)?)?")


class UnknownTaskError(Exception):
    """An integration whose permissions the rehearsal does not know."""


@dataclass(frozen=True)
class Permission:
    """A permission, with the prefix of the error if IAM denies it."""

    error_prefix: str
    action: str
    resource_arn: str
    context_keys: Mapping[str, Any] = field(default_factory=dict)


def permissions(resource: str, request: Any, scope: Scope) -> list[Permission]:
    """Returns the permissions that a task needs.

    An `aws-sdk` task needs none here: it is a request that the role signs, which the gateway
    authorizes. An activity needs none in AWS either.

    Raises:
        UnknownTaskError: the permissions of the integration are not known.
    """
    if _SDK.fullmatch(resource) or _ACTIVITY.fullmatch(resource):
        return []
    if _FUNCTION.fullmatch(resource):
        return [Permission("Lambda", "lambda:InvokeFunction", resource)]
    optimized = _OPTIMIZED.fullmatch(resource)
    needed = _PERMISSIONS.get(optimized[1]) if optimized else None
    if optimized is None or needed is None:
        raise UnknownTaskError(
            f"{resource} is not supported: the permissions that it needs are not known. Supported: "
            f"Lambda functions, activities, aws-sdk integrations, {', '.join(sorted(_PERMISSIONS))}"
        )
    found = list(needed(request if isinstance(request, Mapping) else {}, scope))
    if optimized[1] == "states:startExecution" and (optimized[2] or "").startswith(".sync"):
        # Step Functions sees the end by a rule that it manages in the account.
        rule = scope.arn("events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")
        actions = ("events:PutRule", "events:PutTargets", "events:DescribeRule")
        found += [Permission("StepFunctions", action, rule) for action in actions]
    return found


def _function(request: Request, scope: Scope) -> Sequence[Permission]:
    name = str(request.get("FunctionName", ""))
    if ":function:" in name:
        name = name.split(":function:", 1)[1] if not name.startswith("arn:") else name
    arn = name if name.startswith("arn:") else scope.arn("lambda", f"function:{name}")
    qualifier = request.get("Qualifier")
    if qualifier and not str(arn).endswith(f":{qualifier}"):
        arn = f"{arn}:{qualifier}"
    return [Permission("Lambda", "lambda:InvokeFunction", arn)]


def _queue(request: Request, scope: Scope) -> Sequence[Permission]:
    parts = str(request.get("QueueUrl", "")).rstrip("/").split("/")
    owner = parts[-2] if len(parts) > 1 and re.fullmatch(r"\d{12}", parts[-2]) else scope.account
    arn = f"arn:aws:sqs:{scope.region}:{owner}:{parts[-1]}"
    return [Permission("SQS", "sqs:SendMessage", arn)]


def _topic(request: Request, scope: Scope) -> Sequence[Permission]:
    # A message to a phone number has no resource.
    arn = request.get("TopicArn") or request.get("TargetArn") or "*"
    return [Permission("SNS", "sns:Publish", str(arn))]


def _buses(request: Request, scope: Scope) -> Sequence[Permission]:
    found: list[Permission] = []
    for entry in request.get("Entries") or []:
        body = json.dumps({"Entries": [entry]}, default=str).encode()
        keys = {
            "events:source": entry.get("Source", ""),
            "events:detail-type": entry.get("DetailType", ""),
        }
        arns = iam_actions.eventbridge_resource_arns(body, scope.region, scope.account)
        found += [Permission("EventBridge", "events:PutEvents", arn, keys) for arn in arns]
    return found or [
        Permission("EventBridge", "events:PutEvents", scope.arn("events", "event-bus/default"))
    ]


def _table(action: str) -> Callable[[Request, Scope], Sequence[Permission]]:
    def needed(request: Request, scope: Scope) -> Sequence[Permission]:
        body = json.dumps(request, default=str).encode()
        name = str(request.get("TableName", ""))
        arn = name if name.startswith("arn:") else scope.arn("dynamodb", f"table/{name}")
        keys = iam_actions.dynamodb_service_context(body)
        return [Permission("DynamoDB", f"dynamodb:{action}", arn, keys)]

    return needed


def _state_machine(request: Request, scope: Scope) -> Sequence[Permission]:
    arn = request.get("StateMachineArn") or request.get("stateMachineArn") or "*"
    return [Permission("StepFunctions", "states:StartExecution", str(arn))]


_PERMISSIONS: Mapping[str, Callable[[Request, Scope], Sequence[Permission]]] = {
    "lambda:invoke": _function,
    "sqs:sendMessage": _queue,
    "sns:publish": _topic,
    "events:putEvents": _buses,
    "dynamodb:getItem": _table("GetItem"),
    "dynamodb:putItem": _table("PutItem"),
    "dynamodb:updateItem": _table("UpdateItem"),
    "dynamodb:deleteItem": _table("DeleteItem"),
    "states:startExecution": _state_machine,
}
