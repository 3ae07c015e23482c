"""What lets EventBridge start a pipeline or a build."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from constructs import Construct

from mlops_constructs._findings import acknowledge
from mlops_constructs.access.service_role import Permission, ServiceRole


def start_rule(
    scope: Construct,
    construct_id: str,
    *,
    description: str,
    pattern: events.EventPattern,
    target: events.IRuleTarget,
) -> events.Rule:
    """Creates the rule; EventBridge tries for 24 hours to start the target."""
    rule = events.Rule(
        scope, construct_id, description=description, event_pattern=pattern, targets=[target]
    )
    acknowledge(
        rule,
        {
            "Serverless-EventBusDLQ": "what EventBridge gives up after 24 hours is a start: the "
            "next event makes up for it, as the newest commit is built; a queue of old starts "
            "would be read by nobody"
        },
    )
    return rule


def start_role(scope: Construct, pipeline_name: str) -> ServiceRole:
    """Creates the role with which a rule starts one pipeline."""
    arn = cdk.Stack.of(scope).format_arn(service="codepipeline", resource=pipeline_name)
    return ServiceRole(
        scope,
        "EventRole",
        service="events.amazonaws.com",
        description="EventBridge: starts one delivery pipeline",
        permissions=[Permission(actions=["codepipeline:StartPipelineExecution"], resources=[arn])],
    )
