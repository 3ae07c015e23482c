"""Targets that EventBridge and EventBridge Scheduler invoke with the role of the target.

IAM evaluates the role, as the target is called with its credentials.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from rehearsal.events import universal_targets
from rehearsal.framework.platform import AwsError, Platform


@dataclass(frozen=True)
class Delivery:
    """The delivery of one event to one target.

    `content` is the event, the `Input` or the rendered `InputTransformer`, or None for no input.
    `parameters` is the target in the form of the API.
    """

    target_arn: str
    role_arn: str | None
    rule_arn: str
    content: str | None
    parameters: Mapping[str, Any]
    service_principal: str = "events.amazonaws.com"


def delivers(target_arn: str) -> bool:
    """Returns True if a rule invokes this target with a role."""
    return any(pattern.fullmatch(target_arn) for pattern, _ in _ROLE_TARGETS)


def takes_events(target_arn: str) -> bool:
    """Returns True if a target without an Input gets the event."""
    return re.match(r"arn:aws:(states|lambda|sqs|sns):", target_arn) is not None


def schedules(target_arn: str) -> bool:
    """Returns True if a schedule can invoke this target."""
    return universal_targets.is_universal(target_arn) or any(
        pattern.fullmatch(target_arn) for pattern, _ in (*_ROLE_TARGETS, *_POLICY_TARGETS)
    )


def deliver(platform: Platform, delivery: Delivery, region: str | None = None) -> None:
    """Invokes the target.

    Args:
        platform: the AWS around the service.
        delivery: the delivery.
        region: the region of a universal target; other targets have it in their ARN. Defaults to
            None: us-east-1.

    Raises:
        AwsError: the target has no role, or is not supported.
    """
    if not delivery.role_arn:
        raise AwsError("ValidationException", f"Target {delivery.target_arn} has no RoleArn")
    credentials = platform.service_credentials(
        delivery.role_arn,
        service_principal=delivery.service_principal,
        session_name=delivery.service_principal.partition(".")[0],
        source_arn=delivery.rule_arn,
    )
    arn = delivery.target_arn
    if universal_targets.is_universal(arn):
        session = platform.session(credentials, region or "us-east-1")
        universal_targets.call(session, arn, delivery.content)
        return
    for pattern, start in (*_ROLE_TARGETS, *_POLICY_TARGETS):
        if match := pattern.fullmatch(arn):
            start(platform.session(credentials, match["region"]), match["name"], delivery)
            return
    raise AwsError("ValidationException", f"The rehearsal does not support the target {arn}")


def queue_url(queue_arn: str) -> str:
    """Returns the URL of a queue, of which clients use the path only."""
    _, _, _, region, account, name = queue_arn.split(":", 5)
    return f"https://sqs.{region}.amazonaws.com/{account}/{name}"


def _content(delivery: Delivery) -> dict[str, Any]:
    if not delivery.content:
        return {}
    content = json.loads(delivery.content)
    if not isinstance(content, dict):
        raise AwsError("ValidationException", f"{delivery.target_arn} needs a JSON object as input")
    return content


def _start_code_pipeline(session: boto3.Session, name: str, delivery: Delivery) -> None:
    """Starts a pipeline; the input may contain members of StartPipelineExecution."""
    allowed = {"variables", "sourceRevisions", "clientRequestToken"}
    request = {key: value for key, value in _content(delivery).items() if key in allowed}
    session.client("codepipeline").start_pipeline_execution(name=name, **request)


def _start_build(session: boto3.Session, name: str, delivery: Delivery) -> None:
    """Starts a build; the input is the request of StartBuild without the project's name."""
    request = {**_content(delivery), "projectName": name}
    session.client("codebuild").start_build(**request)


def _start_sagemaker_pipeline(session: boto3.Session, name: str, delivery: Delivery) -> None:
    parameters = delivery.parameters.get("SageMakerPipelineParameters") or {}
    session.client("sagemaker").start_pipeline_execution(
        PipelineName=name,
        ClientRequestToken=str(uuid.uuid4()),
        PipelineParameters=parameters.get("PipelineParameterList", []),
    )


def _start_state_machine(session: boto3.Session, name: str, delivery: Delivery) -> None:
    session.client("stepfunctions").start_execution(
        stateMachineArn=delivery.target_arn, input=delivery.content or "{}"
    )


def _put_event(session: boto3.Session, name: str, delivery: Delivery) -> None:
    """Puts an event with the source and detail type of the schedule's target."""
    parameters = delivery.parameters.get("EventBridgeParameters") or {}
    entry: Any = {
        "EventBusName": delivery.target_arn,
        "Source": parameters.get("Source", ""),
        "DetailType": parameters.get("DetailType", ""),
        "Detail": delivery.content or "{}",
    }
    result = session.client("events").put_events(Entries=[entry])
    if result["FailedEntryCount"]:
        failed = result["Entries"][0]
        raise AwsError(failed.get("ErrorCode", "InternalFailure"), failed.get("ErrorMessage", ""))


def _invoke_function(session: boto3.Session, name: str, delivery: Delivery) -> None:
    session.client("lambda").invoke(
        FunctionName=delivery.target_arn,
        InvocationType="Event",
        Payload=(delivery.content or "{}").encode(),
    )


def _send_message(session: boto3.Session, name: str, delivery: Delivery) -> None:
    given = delivery.parameters.get("SqsParameters") or {}
    group = given.get("MessageGroupId")
    session.client("sqs").send_message(
        QueueUrl=queue_url(delivery.target_arn),
        MessageBody=delivery.content or "{}",
        **({"MessageGroupId": group} if group else {}),
    )


def _publish(session: boto3.Session, name: str, delivery: Delivery) -> None:
    session.client("sns").publish(TopicArn=delivery.target_arn, Message=delivery.content or "{}")


_Start = Callable[[boto3.Session, str, Delivery], None]
_ARN = r"arn:aws:{}:(?P<region>[^:]+):\d{{12}}:{}(?P<name>[^/:]+)"
# Rules invoke these with the role of the target,
_ROLE_TARGETS: list[tuple[re.Pattern[str], _Start]] = [
    (re.compile(_ARN.format("codepipeline", "")), _start_code_pipeline),
    (re.compile(_ARN.format("codebuild", "project/")), _start_build),
    (re.compile(_ARN.format("sagemaker", "pipeline/")), _start_sagemaker_pipeline),
    (re.compile(_ARN.format("states", "stateMachine:") + r"(:[^:]+)?"), _start_state_machine),
]
# and these by the policy of the resource; schedules use their role for both.
_POLICY_TARGETS: list[tuple[re.Pattern[str], _Start]] = [
    (re.compile(_ARN.format("lambda", "function:") + r"(:[^:]+)?"), _invoke_function),
    (re.compile(_ARN.format("sqs", "")), _send_message),
    (re.compile(_ARN.format("sns", "")), _publish),
    (re.compile(_ARN.format("events", "event-bus/")), _put_event),
]
