"""Roles and queue with which the stages of a project run their monitors."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

from mlops_constructs._attributes import role_arn
from mlops_constructs._environment import environment_of
from mlops_constructs._sagemaker_arn import sagemaker_arn
from mlops_constructs.access import Permission

_NAMED_BY_DEPLOYMENT = "the deployment names resources PROJECT-STAGE-NAME"
_OF_MODEL_MONITOR = {
    "data-quality-job-definition": "DataQualityJobDefinition",
    "model-quality-job-definition": "ModelQualityJobDefinition",
    "model-bias-job-definition": "ModelBiasJobDefinition",
    "model-explainability-job-definition": "ModelExplainabilityJobDefinition",
}


@dataclass(frozen=True, kw_only=True)
class MonitoringResources:
    """Defines the roles and the queue of the monitors in the stacks of stages.

    Args:
        role: role of the monitors' runs.
        starter_role: role with which EventBridge Scheduler starts them.
        dead_letter_queue: queue of runs that could not be started.
    """

    role: iam.IRole
    starter_role: iam.IRole
    dead_letter_queue: sqs.IQueue

    def variables(self) -> dict[str, str]:
        """Returns the environment variables of the synthesis and of the template check."""
        return {
            "MONITORING_ROLE_ARN": role_arn(self.role),
            "MONITORING_STARTER_ROLE_ARN": role_arn(self.starter_role),
            "MONITORING_QUEUE_ARN": self.dead_letter_queue.queue_arn,
        }


def monitoring_permissions(
    scope: IConstruct, name: str, alarms: Sequence[str], monitoring: MonitoringResources
) -> list[Permission]:
    """Returns the permissions to deploy the monitors of stages with their roles.

    Args:
        scope: a construct in the account and region of the stages.
        name: prefix of the names of all resources.
        alarms: ARNs of the alarms, with wildcards.
        monitoring: roles and queue of the monitors.

    Source: "Actions, resources, and condition keys" of EventBridge Scheduler, CloudWatch and
    SageMaker in the service authorization reference; PutCompositeAlarm of CloudWatch's API
    reference, which requires cloudwatch:DescribeAlarms on all resources.
    """
    stack = environment_of(scope)
    definitions = [sagemaker_arn(scope, kind, f"{name}-*") for kind in _OF_MODEL_MONITOR]
    schedules = sagemaker_arn(scope, "monitoring-schedule", f"{name}-*")

    def allow(service: str, actions: str, *resources: str) -> Permission:
        return Permission(
            actions=[f"{service}:{action}" for action in actions.split()],
            resources=resources,
            because=_NAMED_BY_DEPLOYMENT,
        )

    def passing(role: iam.IRole, service: str) -> Permission:
        return Permission(
            actions=["iam:PassRole"],
            resources=[role_arn(role)],
            conditions={"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}},
        )

    dashboards = stack.arn(service="cloudwatch", region="", resource="dashboard", name=f"{name}-*")
    return [
        allow(
            "scheduler",
            "CreateSchedule DeleteSchedule GetSchedule UpdateSchedule",
            stack.arn(service="scheduler", resource="schedule", name=f"default/{name}-*"),
        ),
        passing(monitoring.starter_role, "scheduler"),
        allow("cloudwatch", "PutCompositeAlarm", *alarms),
        Permission(
            actions=["cloudwatch:DescribeAlarms"],
            resources=["*"],
            because="PutCompositeAlarm requires the permission for all alarms",
        ),
        allow("cloudwatch", "DeleteDashboards GetDashboard PutDashboard", dashboards),
        # Model Monitor, for accounts that still have it.
        *(
            allow("sagemaker", f"Create{kind} Delete{kind} Describe{kind}", resource)
            for kind, resource in zip(_OF_MODEL_MONITOR.values(), definitions, strict=True)
        ),
        allow(
            "sagemaker",
            "CreateMonitoringSchedule DeleteMonitoringSchedule DescribeMonitoringSchedule "
            "UpdateMonitoringSchedule",
            schedules,
        ),
        allow("sagemaker", "AddTags DeleteTags ListTags", *definitions, schedules),
        passing(monitoring.role, "sagemaker"),
    ]
