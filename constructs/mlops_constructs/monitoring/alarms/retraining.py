"""Retraining: an alarm starts the pipeline that builds the model."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_stepfunctions as stepfunctions
from aws_cdk.aws_sagemaker import CfnPipeline
from aws_cdk.interfaces.aws_sagemaker import IPipelineRef
from constructs import Construct

from mlops_constructs._dead_letter_queue import DeadLetterQueue
from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.monitoring._state_machine import observed_state_machine

from ._retraining_states import PipelineCalls
from .alarm_action import AlarmAction, acknowledge_acts_by_event, alarm_event

MAX_ALARMS = 100
"""Children of a composite alarm. Source: "Creating a composite alarm" of CloudWatch's guide."""
DEFAULT_MINIMUM_INTERVAL_DAYS = 1


class Retraining(AlarmAction):
    """Starts a pipeline when an alarm goes off, once per drift; use its static factories.

    Drift affects many features in the same run, so many alarms go off together. All alarms of a
    severity are therefore children of one composite alarm, whose event starts a state machine. The
    state machine starts the pipeline unless an execution is in progress, or one that succeeded was
    started less than `minimum_interval` ago. The composite alarm has to return to OK before it
    starts another retraining: drift that a retraining does not end, because the baseline is
    unchanged, does not start a second one.

    Events that EventBridge cannot deliver are kept in a dead-letter queue. A failed execution of
    the state machine is in its log and in CloudWatch's metric `ExecutionsFailed`.
    """

    minimum_interval: cdk.Duration | None

    @staticmethod
    def with_code_pipeline(
        pipeline: codepipeline.IPipeline, *, minimum_interval: cdk.Duration | None = None
    ) -> "Retraining":
        """Starts a CodePipeline of the same account and region, such as a project's build pipeline.

        Args:
            pipeline: pipeline that builds the model.
            minimum_interval: minimum time from the start of an execution that succeeded, whatever
                started it, to a retraining. `Duration.seconds(0)` only checks for an execution in
                progress. Defaults to None: one day.

        Example:
            ```python
            Retraining.with_code_pipeline(pipeline)
            ```
        """
        return _CodePipeline(pipeline=pipeline, minimum_interval=minimum_interval)

    @staticmethod
    def with_sagemaker_pipeline(
        pipeline: IPipelineRef,
        *,
        parameters: Mapping[str, str] | None = None,
        minimum_interval: cdk.Duration | None = None,
    ) -> "Retraining":
        """Starts a SageMaker pipeline of the same account and region.

        Args:
            pipeline: pipeline that builds the model, for example a `CfnPipeline`. A name that is a
                token must be in lower case, as SageMaker writes it in ARNs.
            parameters: values of the pipeline's parameters. Defaults to None: the pipeline's
                defaults.
            minimum_interval: minimum time from the start of an execution that succeeded to a
                retraining. Defaults to None: one day.

        Example:
            ```python
            Retraining.with_sagemaker_pipeline(
                training_pipeline, parameters={"ApprovalStatus": "PendingManualApproval"}
            )
            ```
        """
        return _SageMakerPipeline(
            pipeline=pipeline, parameters=parameters or {}, minimum_interval=minimum_interval
        )

    def problems(self, alarms: int) -> list[str]:
        """Returns a message if there are more alarms than a composite alarm can have.

        Args:
            alarms: number of alarms of the severity.
        """
        if alarms <= MAX_ALARMS:
            return []
        return [
            f"retraining: got {alarms} alarms of one severity; allowed are {MAX_ALARMS}, the "
            "children of a composite alarm; use metric_greatest_drift() of a DriftMonitor, one "
            "metric for all features"
        ]

    def bind(self, scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
        """Creates the composite alarm, the rule and the state machine.

        Args:
            scope: parent of these resources.
            alarms: all alarms of the severity.
        """
        stack, interval = cdk.Stack.of(scope), self.minimum_interval
        if interval is None:
            interval = cdk.Duration.days(DEFAULT_MINIMUM_INTERVAL_DAYS)
        definition = self.calls().definition(stack.partition, int(interval.to_seconds()))
        machine = observed_state_machine(
            Construct(scope, "StateMachine"),
            definition=stepfunctions.DefinitionBody.from_string(stack.to_json_string(definition)),
            role_description="Step Functions: starts a retraining",
            permissions=[self.permission(scope)],
        )
        role = ServiceRole(
            scope,
            "Role",
            service="events.amazonaws.com",
            description="EventBridge: starts the state machine of a retraining",
            permissions=[
                Permission(actions=["states:StartExecution"], resources=[machine.state_machine_arn])
            ],
        )
        watched = _any_of(scope, alarms)
        events.Rule(
            scope,
            "Retrain",
            description=f"{watched.node.path} goes off: rebuild the model",
            event_pattern=events.EventPattern(**alarm_event([watched])),
            targets=[
                targets.SfnStateMachine(
                    machine,
                    role=role.fixed,
                    dead_letter_queue=DeadLetterQueue(scope, "DeadLetters"),
                )
            ],
        )
        for alarm in alarms:
            acknowledge_acts_by_event(alarm)

    @abstractmethod
    def permission(self, scope: Construct) -> Permission:
        """Returns the permission to list and start executions of the pipeline.

        Args:
            scope: construct whose stack has the pipeline's account and region.
        """

    @abstractmethod
    def calls(self) -> PipelineCalls:
        """Returns the API calls that list and start executions of the pipeline."""


def _any_of(scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> cloudwatch.AlarmBase:
    """Returns an alarm that is in ALARM as long as one of the alarms is."""
    if len(alarms) == 1:
        return alarms[0]
    return cloudwatch.CompositeAlarm(
        scope,
        "AnyAlarm",
        alarm_description="One of the alarms that start a retraining",
        # By name: a rule has at most 10240 characters, too few for a hundred ARNs.
        alarm_rule=cloudwatch.AlarmRule.from_string(
            " OR ".join(f'ALARM("{alarm.alarm_name}")' for alarm in alarms)
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _CodePipeline(Retraining):
    pipeline: codepipeline.IPipeline
    minimum_interval: cdk.Duration | None

    def bind(self, scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
        here, there = cdk.Stack.of(scope), self.pipeline.env
        problems = Problems(f"Retraining {scope.node.path}")
        for what, own, other in (
            ("account", here.account, there.account),
            ("region", here.region, there.region),
        ):
            if is_known(own) and is_known(other) and own != other:
                problems.add(
                    f"pipeline: got one of the {what} {other}; allowed is {own}, the {what} of the "
                    "alarms; use send_event() for another event bus"
                )
        problems.raise_if_any()
        super().bind(scope, alarms)

    def permission(self, scope: Construct) -> Permission:
        return Permission(
            actions=[
                "codepipeline:ListPipelineExecutions",
                "codepipeline:StartPipelineExecution",
            ],
            resources=[self.pipeline.pipeline_arn],
        )

    def calls(self) -> PipelineCalls:
        name = self.pipeline.pipeline_name
        return PipelineCalls(
            service="codepipeline",
            pipeline_name=name,
            start={"Name": name},
            status="Status",
            under_way=["InProgress", "Stopping"],
        )


@dataclass(frozen=True, kw_only=True)
class _SageMakerPipeline(Retraining):
    pipeline: IPipelineRef
    minimum_interval: cdk.Duration | None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def permission(self, scope: Construct) -> Permission:
        name = self._name()
        # SageMaker writes names in its ARNs in lower case.
        arn = cdk.Stack.of(scope).format_arn(
            service="sagemaker",
            resource="pipeline",
            resource_name=name.lower() if is_known(name) else name,
        )
        return Permission(
            actions=["sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution"],
            resources=[arn],
        )

    def calls(self) -> PipelineCalls:
        name = self._name()
        given = [{"Name": key, "Value": value} for key, value in self.parameters.items()]
        return PipelineCalls(
            service="sagemaker",
            pipeline_name=name,
            start={
                "PipelineName": name,
                "PipelineExecutionDescription": "Retraining: an alarm went off",
                **({"PipelineParameters": given} if given else {}),
            },
            status="PipelineExecutionStatus",
            under_way=["Executing", "Stopping"],
        )

    def _name(self) -> str:
        if isinstance(self.pipeline, CfnPipeline):
            return self.pipeline.pipeline_name  # the given name, not a reference
        return self.pipeline.pipeline_ref.pipeline_name
