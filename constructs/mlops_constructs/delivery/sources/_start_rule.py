"""EventBridge rules that start a pipeline or a build."""

from aws_cdk import aws_events as events
from constructs import Construct

from mlops_constructs._environment import environment_of
from mlops_constructs._findings import acknowledge
from mlops_constructs.access import Permission, ServiceRole


def start_rule(
    scope: Construct,
    construct_id: str,
    *,
    description: str,
    pattern: events.EventPattern,
    target: events.IRuleTarget,
) -> events.Rule:
    """Creates the rule; EventBridge retries the start for 24 hours."""
    rule = events.Rule(
        scope, construct_id, description=description, event_pattern=pattern, targets=[target]
    )
    acknowledge(
        rule,
        {
            "Serverless-EventBusDLQ": "a start that EventBridge drops after 24 hours is made up by "
            "the next event, which builds the newest commit; no one would read a queue of old "
            "starts"
        },
    )
    return rule


def start_role(scope: Construct, pipeline_name: str) -> ServiceRole:
    """Creates the role with which a rule starts one pipeline."""
    arn = environment_of(scope).arn(service="codepipeline", resource=pipeline_name)
    return ServiceRole(
        scope,
        "EventRole",
        service="events.amazonaws.com",
        description="EventBridge: starts one delivery pipeline",
        permissions=[Permission(actions=["codepipeline:StartPipelineExecution"], resources=[arn])],
    )
