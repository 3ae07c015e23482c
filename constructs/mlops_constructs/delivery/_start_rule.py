"""The rule of EventBridge that starts a pipeline or a build."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from constructs import Construct


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
    cdk.Validations.of(rule).acknowledge(
        cdk.Acknowledgment(
            id="Serverless-EventBusDLQ",
            reason="what EventBridge gives up after 24 hours is a start: the next event makes up "
            "for it, as the newest commit is built; a queue of old starts would be read by nobody",
        )
    )
    return rule
