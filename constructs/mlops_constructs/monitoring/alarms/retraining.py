"""Retraining: an alarm starts the pipeline that builds the model."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from aws_cdk.aws_sagemaker import CfnPipeline
from aws_cdk.interfaces.aws_sagemaker import IPipelineRef
from constructs import Construct

from mlops_constructs._dead_letter_queue import DeadLetterQueue
from mlops_constructs._environment import inherit
from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.monitoring._state_machine import observed_state_machine

from ._retraining_states import Limits, PipelineCalls
from .alarm_action import (
    AlarmAction,
    acknowledge_acts_by_event,
    alarm_event,
    composite_of,
    composite_problems,
)

DEFAULT_MINIMUM_INTERVAL_DAYS = 1
_DISPLAY_NAME = "retraining"
_BUDGET, _ALLOWED = "retraining max_runs_per_month", "allowed is 1 or more, or None"


class Retraining(AlarmAction):
    """Starts a pipeline when an alarm goes off, once per drift; use its static factories.

    Drift affects many features in the same run, so many alarms go off together. All alarms of a
    severity are therefore children of one composite alarm, whose event starts a state machine. The
    state machine starts the pipeline unless an execution is in progress, or one that succeeded was
    started less than `minimum_interval` ago, or it has itself started `max_runs_per_month`
    executions, failed ones included, within 30 days. The composite alarm has to return to OK before
    it starts another retraining: drift that a retraining does not end, because the baseline is
    unchanged, does not start a second one.

    Events that EventBridge cannot deliver are kept in a dead-letter queue. A failed execution of
    the state machine is in its log and in CloudWatch's metric `ExecutionsFailed`; the output of a
    successful one is `{"Retraining": "started"}`, or `"not started"` with a `Reason`.
    """

    minimum_interval: cdk.Duration | None
    max_runs_per_month: int | None

    @staticmethod
    def with_code_pipeline(
        pipeline: codepipeline.IPipeline,
        *,
        minimum_interval: cdk.Duration | None = None,
        max_runs_per_month: int | None = None,
    ) -> "Retraining":
        """Starts a CodePipeline of the same account and region, such as a project's build pipeline.

        Args:
            pipeline: pipeline that builds the model.
            minimum_interval: minimum time from the start of an execution that succeeded, whatever
                started it, to a retraining. `Duration.seconds(0)` only checks for an execution in
                progress. Defaults to None: one day.
            max_runs_per_month: maximum number of retrainings that it starts within 30 days,
                at least 1. Defaults to None: no maximum.

        Example:
            ```python
            Retraining.with_code_pipeline(pipeline)
            ```
        """
        return _CodePipeline(
            pipeline=pipeline,
            minimum_interval=minimum_interval,
            max_runs_per_month=max_runs_per_month,
        )

    @staticmethod
    def with_sagemaker_pipeline(
        pipeline: IPipelineRef,
        *,
        parameters: Mapping[str, str] | None = None,
        minimum_interval: cdk.Duration | None = None,
        max_runs_per_month: int | None = None,
    ) -> "Retraining":
        """Starts a SageMaker pipeline of the same account and region.

        Args:
            pipeline: pipeline that builds the model, for example a `CfnPipeline`. A name that is a
                token must be in lower case, as SageMaker writes it in ARNs.
            parameters: values of the pipeline's parameters. Defaults to None: the pipeline's
                defaults.
            minimum_interval: minimum time from the start of an execution that succeeded to a
                retraining. Defaults to None: one day.
            max_runs_per_month: maximum number of retrainings that it starts within 30 days,
                at least 1. Defaults to None: no maximum.

        Example:
            ```python
            Retraining.with_sagemaker_pipeline(
                training_pipeline, parameters={"ApprovalStatus": "PendingManualApproval"}
            )
            ```
        """
        return _SageMakerPipeline(
            pipeline=pipeline,
            parameters=parameters or {},
            minimum_interval=minimum_interval,
            max_runs_per_month=max_runs_per_month,
        )

    def problems(self, alarms: int) -> list[str]:
        """Returns a message if there are more alarms than a composite alarm can have.

        Args:
            alarms: number of alarms of the severity.
        """
        runs = self.max_runs_per_month
        found = [] if runs is None or runs >= 1 else [f"{_BUDGET}: got {runs}; {_ALLOWED}"]
        return [*found, *composite_problems("retraining", alarms)]

    def bind(self, scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
        """Creates the composite alarm, the rule and the state machine.

        Args:
            scope: parent of these resources.
            alarms: all alarms of the severity.
        """
        watched = _any_of(scope, alarms)
        self.start_on(
            scope,
            [alarm_event([watched])],
            description=f"{watched.node.path} goes off: rebuild the model",
        )
        for alarm in alarms:
            acknowledge_acts_by_event(alarm)

    def start_on(
        self,
        scope: Construct,
        patterns: Sequence[Mapping[str, Any]],
        *,
        description: str,
        limit_pattern: str | None = None,
        encryption_key: kms.IKey | None = None,
        state_machine_name: str | None = None,
        topic: sns.ITopic | None = None,
    ) -> stepfunctions.StateMachine:
        """Creates the state machine, and a rule for each pattern of events that start it.

        Args:
            scope: parent of these resources.
            patterns: arguments of `events.EventPattern`, such as those of alarms that another stack
                or account defines.
            description: description of the rules.
            limit_pattern: regular expression with two groups of digits, the days of the minimum
                interval and the runs per month, in names of alarms. They can tighten the limits of
                this action and never loosen them. Defaults to None: names set no limits.
            encryption_key: KMS key of the log. Defaults to None: a key of CloudWatch Logs.
            state_machine_name: name of the state machine. Defaults to None: CloudFormation
                generates it.
            topic: topic that is notified of an alarm that starts nothing because of the maximum of
                runs. Defaults to None: only the output of the execution states it.

        Raises:
            ValueError: if a limit is out of range.
        """
        problems = Problems("Retraining", scope)
        problems.extend(self.problems(alarms=1))
        problems.raise_if_any()
        stack, interval = cdk.Stack.of(scope), self.minimum_interval
        if interval is None:
            interval = cdk.Duration.days(DEFAULT_MINIMUM_INTERVAL_DAYS)
        place = Construct(scope, "StateMachine")
        inherit(place, scope)
        limits = Limits(
            minimum_seconds=int(interval.to_seconds()),
            max_runs=self.max_runs_per_month,
            pattern=limit_pattern,
        )
        # The role, and with it its name, is created with the machine.
        named = cdk.Lazy.string(_RoleName(place))
        definition = self.calls(named).definition(
            stack.partition, limits, topic_arn=topic.topic_arn if topic else None
        )
        machine = observed_state_machine(
            place,
            definition=stepfunctions.DefinitionBody.from_string(stack.to_json_string(definition)),
            role_description="Step Functions: starts a retraining",
            permissions=[self.permission(scope), *_publish(topic)],
            encryption_key=encryption_key,
            state_machine_name=state_machine_name,
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
        queue = DeadLetterQueue(scope, "DeadLetters")
        for number, pattern in enumerate(patterns):
            events.Rule(
                scope,
                f"Retrain{number or ''}",
                description=description,
                event_pattern=events.EventPattern(**pattern),
                targets=[
                    targets.SfnStateMachine(machine, role=role.fixed, dead_letter_queue=queue)
                ],
            )
        return machine

    @abstractmethod
    def permission(self, scope: Construct) -> Permission:
        """Returns the permission to list and start executions of the pipeline.

        Args:
            scope: construct whose stack has the pipeline's account and region.
        """

    @abstractmethod
    def calls(self, role_name: str) -> PipelineCalls:
        """Returns the API calls that list and start executions of the pipeline.

        Args:
            role_name: name of the role with which the state machine calls.
        """


def _publish(topic: sns.ITopic | None) -> list[Permission]:
    if topic is None:
        return []
    found = [Permission(actions=["sns:Publish"], resources=[topic.topic_arn])]
    if topic.master_key is not None:
        found.append(
            Permission(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[topic.master_key.key_arn],
            )
        )
    return found


def _any_of(scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> cloudwatch.AlarmBase:
    """Returns an alarm that is in ALARM as long as one of the alarms is."""
    if len(alarms) == 1:
        return alarms[0]
    return composite_of(scope, "AnyAlarm", alarms, "One of the alarms that start a retraining")


@jsii.implements(cdk.IStableStringProducer)
class _RoleName:
    """Name of the role of the state machine below a scope."""

    def __init__(self, scope: Construct) -> None:
        self._scope = scope

    def produce(self) -> str:
        role = self._scope.node.find_child("Role")
        assert isinstance(role, iam.Role)  # noqa: S101 - for the type checker
        return role.role_name


@dataclass(frozen=True, kw_only=True)
class _CodePipeline(Retraining):
    pipeline: codepipeline.IPipeline
    minimum_interval: cdk.Duration | None
    max_runs_per_month: int | None

    def bind(self, scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
        here, there = cdk.Stack.of(scope), self.pipeline.env
        problems = Problems("Retraining", scope)
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

    def calls(self, role_name: str) -> PipelineCalls:
        name = self.pipeline.pipeline_name
        return PipelineCalls(
            service="codepipeline",
            pipeline_name=name,
            start={"Name": name},
            status="Status",
            under_way=["InProgress", "Stopping"],
            # Source: ExecutionTrigger of CodePipeline's API reference, the ARN of the session.
            own=f"$contains(Trigger.TriggerDetail, ':assumed-role/{role_name}/')",
        )


@dataclass(frozen=True, kw_only=True)
class _SageMakerPipeline(Retraining):
    pipeline: IPipelineRef
    minimum_interval: cdk.Duration | None
    max_runs_per_month: int | None
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

    def calls(self, role_name: str) -> PipelineCalls:
        name = self._name()
        given = [{"Name": key, "Value": value} for key, value in self.parameters.items()]
        return PipelineCalls(
            service="sagemaker",
            pipeline_name=name,
            start={
                "PipelineName": name,
                "PipelineExecutionDisplayName": _DISPLAY_NAME,
                "PipelineExecutionDescription": "Retraining: an alarm went off",
                **({"PipelineParameters": given} if given else {}),
            },
            status="PipelineExecutionStatus",
            under_way=["Executing", "Stopping"],
            own=f"PipelineExecutionDisplayName = '{_DISPLAY_NAME}'",
        )

    def _name(self) -> str:
        if isinstance(self.pipeline, CfnPipeline):
            return self.pipeline.pipeline_name  # the given name, not a reference
        return self.pipeline.pipeline_ref.pipeline_name
