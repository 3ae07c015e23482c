"""EventBridge rules for SageMaker's jobs."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_events as events
from constructs import Construct

PROCESSING_JOB = "Processing Job"
TRANSFORM_JOB = "Transform Job"


def job_rule(
    scope: Construct,
    construct_id: str,
    *,
    job: str,
    detail: Mapping[str, Any],
    description: str,
    target: events.IRuleTarget | None,
) -> events.Rule:
    """Creates a rule for state changes of jobs.

    Source: "Events that Amazon SageMaker AI sends to Amazon EventBridge".
    """
    return events.Rule(
        scope,
        construct_id,
        description=description,
        event_pattern=events.EventPattern(
            source=["aws.sagemaker"],
            detail_type=[f"SageMaker {job} State Change"],
            detail=dict(detail),
        ),
        targets=None if target is None else [target],
    )
