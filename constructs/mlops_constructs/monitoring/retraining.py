"""Retraining: an alarm starts the pipeline that builds the model anew."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_sagemaker import CfnPipeline
from aws_cdk.interfaces.aws_sagemaker import IPipelineRef
from constructs import Construct

from mlops_constructs._dead_letters import DeadLetters
from mlops_constructs._problems import is_known
from mlops_constructs.access import Permission, ServiceRole

from .alarm_action import AlarmAction, acknowledge_event_only, alarm_event


class Retraining(AlarmAction):
    """Starts a pipeline when an alarm goes off; made by its static factories.

    An EventBridge rule starts it with a role that may do nothing else. What could not be started is
    kept in a queue of dead letters. An alarm goes off once: it has to be over before it starts a
    pipeline again.
    """

    @staticmethod
    def with_code_pipeline(pipeline: codepipeline.IPipeline) -> "Retraining":
        """Starts a CodePipeline, such as the build pipeline of a project.

        Example::

            Retraining.with_code_pipeline(pipeline)
        """
        return _CodePipeline(pipeline=pipeline)

    @staticmethod
    def with_sagemaker_pipeline(
        pipeline: IPipelineRef, *, parameters: Mapping[str, str] | None = None
    ) -> "Retraining":
        """Starts a SageMaker pipeline of the same account and region.

        Parameters:
            pipeline: the pipeline, for example a `CfnPipeline`. A name that only CloudFormation
                knows has to be in lower case, as SageMaker writes it in ARNs.
            parameters: values of its parameters. Left out: their defaults.

        Example::

            Retraining.with_sagemaker_pipeline(
                training_pipeline, parameters={"ApprovalStatus": "PendingManualApproval"}
            )
        """
        return _SageMakerPipeline(pipeline=pipeline, parameters=parameters or {})

    def bind(self, scope: Construct, alarm: cloudwatch.Alarm) -> None:
        queue = DeadLetters(scope, "DeadLetters")
        role = ServiceRole(
            scope,
            "Role",
            service="events.amazonaws.com",
            description="EventBridge: starts a retraining",
            permissions=[self.permission(scope)],
        )
        rule = events.Rule(
            scope,
            "Retrain",
            description=f"{alarm.node.path} goes off: build the model anew",
            event_pattern=events.EventPattern(**alarm_event(alarm)),
        )
        self.add_target(rule, role.fixed, queue)
        acknowledge_event_only(alarm)

    @abstractmethod
    def permission(self, scope: Construct) -> Permission:
        """Starting the pipeline."""

    @abstractmethod
    def add_target(self, rule: events.Rule, role: iam.IRole, queue: sqs.Queue) -> None:
        """Lets the rule start the pipeline."""


@dataclass(frozen=True, kw_only=True)
class _CodePipeline(Retraining):
    pipeline: codepipeline.IPipeline

    def permission(self, scope: Construct) -> Permission:
        return Permission(
            actions=["codepipeline:StartPipelineExecution"], resources=[self.pipeline.pipeline_arn]
        )

    def add_target(self, rule: events.Rule, role: iam.IRole, queue: sqs.Queue) -> None:
        rule.add_target(
            targets.CodePipeline(self.pipeline, event_role=role, dead_letter_queue=queue)
        )


@dataclass(frozen=True, kw_only=True)
class _SageMakerPipeline(Retraining):
    pipeline: IPipelineRef
    parameters: Mapping[str, str] = field(default_factory=dict)

    def permission(self, scope: Construct) -> Permission:
        return Permission(
            actions=["sagemaker:StartPipelineExecution"], resources=[self._arn(scope)]
        )

    def add_target(self, rule: events.Rule, role: iam.IRole, queue: sqs.Queue) -> None:
        # CDK has no target for SageMaker pipelines, so the rule's own resource gets it.
        resource = rule.node.default_child
        if not isinstance(resource, events.CfnRule):
            raise TypeError(f"{rule.node.path} has no CfnRule; got {type(resource).__name__}")
        parameters = [
            events.CfnRule.SageMakerPipelineParameterProperty(name=name, value=value)
            for name, value in self.parameters.items()
        ]
        resource.targets = [
            events.CfnRule.TargetProperty(
                id="Target0",
                arn=self._arn(rule),
                role_arn=role.role_arn,
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=queue.queue_arn),
                sage_maker_pipeline_parameters=events.CfnRule.SageMakerPipelineParametersProperty(
                    pipeline_parameter_list=parameters
                )
                if parameters
                else None,
            )
        ]
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventsThatStartedNothing",
                actions=["sqs:SendMessage"],
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule.rule_arn}},
            )
        )

    def _arn(self, scope: Construct) -> str:
        name = self.pipeline.pipeline_ref.pipeline_name
        if isinstance(self.pipeline, CfnPipeline):
            name = self.pipeline.pipeline_name  # the one that was given, no reference
        # SageMaker writes names in its ARNs in lower case.
        return cdk.Stack.of(scope).format_arn(
            service="sagemaker",
            resource="pipeline",
            resource_name=name.lower() if is_known(name) else name,
        )
