"""Existing role and queue with which EventBridge Scheduler starts the runs of a monitor."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs

from mlops_constructs._problems import is_known

_NAME = r"[0-9a-zA-Z-_.]{1,64}"
_MAX_TAGS = 50


@dataclass(frozen=True, kw_only=True)
class RunSchedule:
    """Existing role and queue of a monitor's schedule, for stacks that cannot create roles.

    The role must be allowed to create processing jobs with the tags, to pass the role of
    `MonitoringJob`, to send messages to the queue, and to use the key of the output.

    Args:
        role: role that EventBridge Scheduler assumes.
        dead_letter_queue: queue of the runs that could not be started.
        name: name of the schedule: up to 64 letters, digits, hyphens, underscores and periods.
            Defaults to None: CloudFormation generates it.
        tags: tags of the runs, up to 50; a policy can require them. Defaults to no tags.

    Source: CreateSchedule of EventBridge Scheduler's API reference.

    Example:
        ```python
        from aws_cdk import aws_sqs as sqs

        RunSchedule(
            role=iam.Role.from_role_name(stack, "Starter", "churn-monitoring-starter"),
            dead_letter_queue=sqs.Queue.from_queue_arn(
                stack, "NotStarted", "arn:aws:sqs:eu-west-1:111111111111:not-started"
            ),
            name="churn-prod-data",
            tags={"sagemaker:project-name": "churn"},
        )
        ```
    """

    role: iam.IRole
    dead_letter_queue: sqs.IQueue
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """Validates the schedule; yields one message per problem."""
        name = self.name
        if name is not None and is_known(name) and not re.fullmatch(_NAME, name):
            yield (
                f"schedule name: got {name!r}; allowed are 1 to 64 letters, digits, hyphens, "
                "underscores and periods"
            )
        if len(self.tags) > _MAX_TAGS:
            yield f"schedule tags: got {len(self.tags)}; allowed are {_MAX_TAGS}"
