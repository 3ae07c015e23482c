"""Budget of a project, and notifications of its pipelines."""

import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs.delivery import ChatChannel, Notifications, PipelineEvent
from mlops_constructs.monitoring import CostBudget, CostFilters
from mlops_constructs.projects import Project
from stacks.budgets_stack import thresholds
from stacks.emails import subscribe_emails
from stacks.foundation_stack import FoundationStack
from stacks.platform_stack import PlatformStack
from stacks.settings.projects import (
    NotificationSettings,
    NotifiedEvent,
    ProjectBudgetSettings,
    ProjectSettings,
)

_EVENTS = {
    NotifiedEvent.FAILED: PipelineEvent.PIPELINE_FAILED,
    NotifiedEvent.WAITS_FOR_APPROVAL: PipelineEvent.APPROVAL_NEEDED,
    NotifiedEvent.APPROVED: PipelineEvent.APPROVAL_SUCCEEDED,
    NotifiedEvent.REJECTED: PipelineEvent.APPROVAL_FAILED,
    NotifiedEvent.STARTED: PipelineEvent.PIPELINE_STARTED,
    NotifiedEvent.SUCCEEDED: PipelineEvent.PIPELINE_SUCCEEDED,
    NotifiedEvent.CANCELED: PipelineEvent.PIPELINE_CANCELED,
}


def project_budget(
    scope: PlatformStack,
    project: ProjectSettings,
    settings: ProjectBudgetSettings,
    foundation: FoundationStack,
) -> CostBudget:
    """Returns the budget of the costs with the tag of a project.

    Args:
        scope: stack of the project.
        project: settings of the project.
        settings: settings of the budget.
        foundation: stack with the alarm topic, which the budget notifies besides the addresses.
    """
    return CostBudget(
        scope,
        "Budget",
        monthly_limit=settings.monthly,
        cost_filters=CostFilters.of_project(project.name),
        thresholds=thresholds(settings.thresholds),
        topic=foundation.alarm_topic_in(scope),
        email_addresses=settings.notify,
    )


class ProjectNotifications(Construct):
    """Defines a topic that gets the events of a project's pipelines, and its subscribers.

    Args:
        project: the project.
        settings: addresses, chat channels and events.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: Project,
        settings: NotificationSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        key = project.stores.artifacts.key
        topic = sns.Topic(self, "Events", master_key=key, enforce_ssl=True)
        subscribe_emails(topic, settings.emails)
        pipelines = {
            "build": project.model_build_pipeline.pipeline,
            "deploy": project.model_deploy_pipeline.pipeline,
        }
        for name, pipeline in pipelines.items():
            Notifications(
                self,
                name.title(),
                pipeline=pipeline,
                topics=[topic],
                channels=[
                    ChatChannel.slack(
                        f"{one.name}-{name}",
                        workspace_id=one.workspace_id,
                        channel_id=one.channel_id,
                    )
                    for one in settings.slack
                ],
                events=[_EVENTS[event] for event in settings.on],
            )
        cdk.CfnOutput(cdk.Stack.of(self), "EventTopicArn", value=topic.topic_arn)
