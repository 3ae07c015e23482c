"""SageMaker jobs that EventBridge Scheduler starts.

A job is an execution and not a desired state, so CloudFormation has no resource type for it:
Scheduler calls the API, and the id of its execution makes the name of each job unique.
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
# The id of an execution has up to 36 characters, after a hyphen.
MAX_ID_LENGTH = 37


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """A kind of job: its name in ARNs and in the API."""

    resource: str
    api: str

    @property
    def action(self) -> str:
        """IAM action that starts such a job."""
        return f"sagemaker:Create{self.api}"

    @property
    def target(self) -> str:
        """Universal target of Scheduler for the API that starts such a job."""
        return f"arn:{cdk.Aws.PARTITION}:scheduler:::aws-sdk:sagemaker:create{self.api}"


PROCESSING = JobKind(resource="processing-job", api="ProcessingJob")
TRANSFORM = JobKind(resource="transform-job", api="TransformJob")


@dataclass(frozen=True, kw_only=True)
class ScheduledJobs:
    """Jobs of one kind that start with the same request.

    Args:
        kind: kind of the jobs.
        name_prefix: prefix of their names.
        request: request of the API, except the name of the job.
        expression: schedule expression.
        time_zone: time zone of the expression. None: UTC.
        description: description of the schedule.
        role_description: description of the role with which Scheduler starts them.
        dead_letter_queue: queue of invocations that fail.
        passed_role: execution role of the jobs. Defaults to None: the role of a resource that the
            request names.
        permissions: further permissions to start them. Defaults to none.
        encryption_key: KMS key of the request in Scheduler. Defaults to None: a key of AWS.
        role: existing role of Scheduler. Defaults to None: `schedule` creates one.
        schedule_name: name of the schedule. Defaults to None: CloudFormation generates it.

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
    role: iam.IRole | None = None
    schedule_name: str | None = None

    def schedule(self, scope: Construct, *, role_id: str) -> CfnSchedule:
        """Defines the schedule, which is the scope's `Resource`, and the role of Scheduler."""
        role = self.role or self._define_role(scope, role_id)
        key = self.encryption_key
        # Scheduler inserts the id when it calls, so the name is no value of CloudFormation's.
        name = f"{self.name_prefix}-{scheduler.ContextAttribute.execution_id}"
        return CfnSchedule(
            scope,
            "Resource",
            name=self.schedule_name,
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
        """Returns ARNs with the names, also in lower case, as SageMaker writes them in ARNs."""
        prefix = self.name_prefix
        prefixes = [prefix, prefix.lower()] if is_known(prefix) else [prefix]
        return [
            stack.format_arn(
                service="sagemaker", resource=self.kind.resource, resource_name=f"{one}-*"
            )
            for one in dict.fromkeys(prefixes)
        ]
