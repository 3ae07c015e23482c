"""How EventBridge starts CodePipeline, CodeBuild and SageMaker pipelines.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html . The call is made with the
role of the target, so IAM judges it.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from rehearsal.aws.platform import AwsError, Platform


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one target.

    `content` is the target's `Input` or rendered `InputTransformer`; `parameters` is the target.
    """

    target_arn: str
    role_arn: str | None
    rule_arn: str
    content: str | None
    parameters: Mapping[str, Any]
    service_principal: str = "events.amazonaws.com"


def delivers(target_arn: str) -> bool:
    """Whether a target is one of those that this module starts."""
    return any(pattern.fullmatch(target_arn) for pattern, _ in _TARGETS)


def deliver(platform: Platform, delivery: Delivery) -> None:
    """Starts the target. Raises when it has no role, or AWS refuses the call."""
    if not delivery.role_arn:
        raise AwsError("ValidationException", f"Target {delivery.target_arn} has no RoleArn")
    credentials = platform.service_credentials(
        delivery.role_arn,
        service_principal=delivery.service_principal,
        session_name="events",
        source_arn=delivery.rule_arn,
    )
    for pattern, start in _TARGETS:
        match = pattern.fullmatch(delivery.target_arn)
        if match:
            session = platform.session(credentials, match["region"])
            start(session, match["name"], delivery)


def _content(delivery: Delivery) -> dict[str, Any]:
    if not delivery.content:
        return {}
    content = json.loads(delivery.content)
    if not isinstance(content, dict):
        raise AwsError("ValidationException", f"{delivery.target_arn} takes a JSON object as input")
    return content


def _start_code_pipeline(session: boto3.Session, name: str, delivery: Delivery) -> None:
    """Input may set the `variables` and `sourceRevisions` of StartPipelineExecution."""
    allowed = {"variables", "sourceRevisions", "clientRequestToken"}
    request = {key: value for key, value in _content(delivery).items() if key in allowed}
    session.client("codepipeline").start_pipeline_execution(name=name, **request)


def _start_build(session: boto3.Session, name: str, delivery: Delivery) -> None:
    """Input is the request of StartBuild without the project's name."""
    request = {**_content(delivery), "projectName": name}
    session.client("codebuild").start_build(**request)


def _start_sagemaker_pipeline(session: boto3.Session, name: str, delivery: Delivery) -> None:
    parameters = delivery.parameters.get("SageMakerPipelineParameters") or {}
    session.client("sagemaker").start_pipeline_execution(
        PipelineName=name,
        ClientRequestToken=str(uuid.uuid4()),
        PipelineParameters=parameters.get("PipelineParameterList", []),
    )


_Start = Callable[[boto3.Session, str, Delivery], None]
_ARN = r"arn:aws:{}:(?P<region>[^:]+):\d{{12}}:{}(?P<name>[^/:]+)"
_TARGETS: list[tuple[re.Pattern[str], _Start]] = [
    (re.compile(_ARN.format("codepipeline", "")), _start_code_pipeline),
    (re.compile(_ARN.format("codebuild", "project/")), _start_build),
    (re.compile(_ARN.format("sagemaker", "pipeline/")), _start_sagemaker_pipeline),
]
