"""Jobs of SageMaker that EventBridge Scheduler starts.

A job is an execution and no desired state, so CloudFormation has no type for it: Scheduler calls
the API, and the id of its execution makes each job's name unique.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_scheduler import CfnSchedule
from constructs import Construct

from ._problems import is_known
from ._request_guard import guard_of
from .access import Permission, ServiceRole

_RETRIES = 3
# The id of an execution has up to 36 characters, and a hyphen stands before it.
LONGEST_ID = 37


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """A kind of job: what its ARN calls it, and what its API does."""

    resource: str
    api: str

    @property
    def action(self) -> str:
        """The permissions needed to start such a job."""
        return f"sagemaker:Create{self.api}"

    @property
    def target(self) -> str:
        """Scheduler's universal target for the API that starts such a job."""
        return f"arn:{cdk.Aws.PARTITION}:scheduler:::aws-sdk:sagemaker:create{self.api}"


PROCESSING = JobKind(resource="processing-job", api="ProcessingJob")
TRANSFORM = JobKind(resource="transform-job", api="TransformJob")


@dataclass(frozen=True, kw_only=True)
class ScheduledJobs:
    """Jobs of one kind that start by the same request.

    Args:
        kind: of the jobs.
        name_prefix: beginning of their names.
        request: of the API, the name of the job left out.
        expression: when they start.
        time_zone: of the expression. Left out: UTC.
        description: of the schedule.
        role_description: of the role with which Scheduler starts them.
        dead_letter_queue: gets what could not be started.
        passed_role: with which the jobs act. Left out: that of what the request names.
        permissions: what starting them takes besides.
        encryption_key: of the request while Scheduler keeps it. Left out: one of AWS's.

    Source: "Using universal targets" of EventBridge Scheduler's user guide.
    """

    kind: JobKind
    name_prefix: str
    request: Mapping[str, Any]
    expression: str
    time_zone: str | None
    description: str
    role_description: str
    dead_letter_queue: sqs.IQueue
    passed_role: iam.IRole | None = None
    permissions: Sequence[Permission] = field(default=())
    encryption_key: kms.IKey | None = None

    def schedule(self, scope: Construct, *, role_id: str) -> CfnSchedule:
        """Defines the schedule, which is the scope's `Resource`, and the role of Scheduler."""
        role = self._define_role(scope, role_id)
        key = self.encryption_key
        # Scheduler puts the id in while it calls, so the name is no value of CloudFormation's.
        name = f"{self.name_prefix}-{scheduler.ContextAttribute.execution_id}"
        return CfnSchedule(
            scope,
            "Resource",
            description=self.description,
            flexible_time_window=CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            schedule_expression=self.expression,
            schedule_expression_timezone=self.time_zone,
            kms_key_arn=key.key_arn if key is not None else None,
            target=CfnSchedule.TargetProperty(
                arn=self.kind.target,
                role_arn=role.role_arn,
                input=cdk.Stack.of(scope).to_json_string(
                    {f"{self.kind.api}Name": name, **self.request}
                ),
                retry_policy=CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=_RETRIES
                ),
                dead_letter_config=CfnSchedule.DeadLetterConfigProperty(
                    arn=self.dead_letter_queue.queue_arn
                ),
            ),
        )

    def _define_role(self, scope: Construct, role_id: str) -> ServiceRole:
        allowed = [
            Permission(
                actions=[self.kind.action],
                resources=self._job_arns(cdk.Stack.of(scope)),
                because="the id of the execution makes each job's name unique",
            ),
            Permission(actions=["sqs:SendMessage"], resources=[self.dead_letter_queue.queue_arn]),
            *self.permissions,
            *guard_of(self.kind.action, self.request),
        ]
        if self.passed_role is not None:
            allowed.append(
                Permission(
                    actions=["iam:PassRole"],
                    resources=[self.passed_role.role_arn],
                    conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                )
            )
        return ServiceRole(
            scope,
            role_id,
            service="scheduler.amazonaws.com",
            description=self.role_description,
            permissions=allowed,
        )

    def _job_arns(self, stack: cdk.Stack) -> list[str]:
        """The jobs by their names, and in lower case, as SageMaker writes names in its ARNs."""
        prefix = self.name_prefix
        prefixes = [prefix, prefix.lower()] if is_known(prefix) else [prefix]
        return [
            stack.format_arn(
                service="sagemaker", resource=self.kind.resource, resource_name=f"{one}-*"
            )
            for one in dict.fromkeys(prefixes)
        ]
