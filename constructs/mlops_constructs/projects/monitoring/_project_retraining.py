"""Notification and retraining of a project when an alarm of one of its stages goes off."""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs._dead_letter_queue import DeadLetterQueue
from mlops_constructs._environment import environment_of, inherit
from mlops_constructs.delivery import StageTarget
from mlops_constructs.monitoring import Retraining
from mlops_constructs.monitoring._state_machine import role_name_of

from .project_monitoring import RetrainingLimits

ALARMS = ("drift-", "silent-")
"""Prefixes of the names of a stage's alarms, after `PROJECT-STAGE-`."""
RETRAIN = "drift-retrain"
"""The same of the alarms that start a retraining."""
LIMIT_PATTERN = f"-{RETRAIN}-([0-9]{{1,4}})d-([0-9]{{1,4}})$"
"""Tighter limits in the name of such an alarm: days of the cooldown, runs per month."""


class ProjectRetraining(Construct):
    """Defines the rules for alarms of a project's stages, and the state machine that retrains.

    Alarms are defined by the stacks of the stages, so the rules name them by their prefix and their
    account; other accounts forward the events to the default event bus of this account.

    The state machine is named `PROJECT-retraining`.

    Args:
        project_name: name of the project.
        endpoints: names of the endpoints of stages in this account.
        targets: stages in other accounts.
        topic: topic that is notified of alarms that go off and of those that return to OK, of
            retrainings that fail, and of alarms beyond the maximum of retrainings.
        key: key of the topic.
        pipeline: pipeline that builds the model.
        limits: limits of retraining. None: no alarm starts one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project_name: str,
        endpoints: Sequence[str],
        targets: Sequence[StageTarget],
        topic: sns.ITopic,
        key: kms.IKey,
        pipeline: codepipeline.IPipeline,
        limits: RetrainingLimits | None,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        own = [(environment_of(self).account, list(endpoints))] if endpoints else []
        others: dict[str, list[str]] = {}
        for target in targets:
            others.setdefault(target.account, []).append(target.stack_name)
        accounts = [*own, *others.items()]
        for target in targets:
            if target.account != environment_of(self).account:
                self._receive(target)
        self._notify(topic, key, accounts)
        if limits is None:
            return
        retraining = Retraining.with_code_pipeline(
            pipeline,
            minimum_interval=cdk.Duration.days(limits.cooldown_days),
            max_runs_per_month=limits.max_runs_per_month,
        )
        place = Construct(self, "Retraining")
        inherit(place, self)
        self.state_machine = retraining.start_on(
            place,
            [alarms_in(account, names, [RETRAIN]) for account, names in accounts],
            description="An alarm of a stage goes off: rebuild the model",
            limit_pattern=LIMIT_PATTERN,
            encryption_key=key,
            state_machine_name=f"{project_name}-retraining",
            topic=topic,
        )
        self._notify_of_failures(topic, pipeline)

    def _notify(
        self, topic: sns.ITopic, key: kms.IKey, accounts: Sequence[tuple[str, list[str]]]
    ) -> None:
        # Source: "Key management" of Amazon SNS' developer guide, event sources.
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventsOfAlarms",
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                resources=["*"],
            )
        )
        queue = self._not_notified = DeadLetterQueue(self, "NotNotified")
        detail = "$.detail"
        message = events.RuleTargetInput.from_text(
            f"{events.EventField.from_path(f'{detail}.alarmName')} is "
            f"{events.EventField.from_path(f'{detail}.state.value')}: "
            f"{events.EventField.from_path(f'{detail}.state.reason')}"
        )
        for number, (account, names) in enumerate(accounts):
            events.Rule(
                self,
                f"Alarms{number or ''}",
                description="An alarm of a stage goes off, or returns to OK: notify the project",
                event_pattern=events.EventPattern(
                    **alarms_in(account, names, ALARMS, recovery=True)
                ),
                targets=[targets.SnsTopic(topic, message=message, dead_letter_queue=queue)],
            )

    def _notify_of_failures(self, topic: sns.ITopic, pipeline: codepipeline.IPipeline) -> None:
        """Notifies the topic of retrainings that fail; those that pushes start are not of them.

        Source: "Monitoring CodePipeline events" of CodePipeline's user guide.
        """
        place, role = environment_of(self), role_name_of(self.state_machine)
        session = f"arn:{cdk.Aws.PARTITION}:sts::{place.account}:assumed-role/{role}/"
        detail = "$.detail"
        message = events.RuleTargetInput.from_text(
            f"The retraining {events.EventField.from_path(f'{detail}.execution-id')} of "
            f"{events.EventField.from_path(f'{detail}.pipeline')} failed. The endpoint continues "
            "to serve its model. The next alarm on drift starts another retraining, unless the "
            "maximum of retrainings in 30 days is reached; failed ones count."
        )
        events.Rule(
            self,
            "Failed",
            description="A retraining fails: notify the project",
            event_pattern=events.EventPattern(
                source=["aws.codepipeline"],
                detail_type=["CodePipeline Pipeline Execution State Change"],
                detail={
                    "pipeline": [pipeline.pipeline_name],
                    "state": ["FAILED"],
                    "execution-trigger": {"trigger-detail": [{"prefix": session}]},
                },
            ),
            targets=[
                targets.SnsTopic(topic, message=message, dead_letter_queue=self._not_notified)
            ],
        )
        self._notify_of_executions(topic)

    def _notify_of_executions(self, topic: sns.ITopic) -> None:
        """Notifies the topic of alarms that the state machine could not handle.

        Source: "Automating Step Functions event delivery with EventBridge" of its developer guide.
        """
        execution = events.EventField.from_path("$.detail.name")
        message = events.RuleTargetInput.from_text(
            f"An alarm on drift started no retraining: the execution {execution} of the state "
            f"machine {self.state_machine.state_machine_name} is "
            f"{events.EventField.from_path('$.detail.status')}. Its log has the reason. The "
            "endpoint continues to serve its model."
        )
        events.Rule(
            self,
            "NotHandled",
            description="The state machine of retrainings fails: notify the project",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [self.state_machine.state_machine_arn],
                    "status": ["ABORTED", "FAILED", "TIMED_OUT"],
                },
            ),
            targets=[
                targets.SnsTopic(topic, message=message, dead_letter_queue=self._not_notified)
            ],
        )

    def _receive(self, target: StageTarget) -> None:
        """Allows the role of a stage in another account to put events on the default bus."""
        stack = environment_of(self)
        bus = stack.arn(service="events", resource="event-bus", name="default")
        events.CfnEventBusPolicy(
            self,
            f"From-{target.stage.name}",
            statement_id=target.stack_name,
            event_bus_name="default",
            statement={
                "Sid": target.stack_name,
                "Effect": "Allow",
                "Principal": {"AWS": target.account},
                "Action": "events:PutEvents",
                "Resource": bus,
                "Condition": {
                    "ArnEquals": {"aws:PrincipalArn": target.role_arn(target.event_role_name)}
                },
            },
        )


def alarms_in(
    account: str, endpoints: Sequence[str], prefixes: Sequence[str], *, recovery: bool = False
) -> Mapping[str, Any]:
    """Returns the event pattern for alarms of stages in one account that go off.

    Args:
        account: id of the account.
        endpoints: names of the endpoints.
        prefixes: prefixes of the alarms' names, after the name of the endpoint.
        recovery: True adds alarms that return from ALARM to OK. A new alarm also becomes OK, from
            INSUFFICIENT_DATA; that is no recovery. Defaults to False.

    Source: "Alarm events and EventBridge" of CloudWatch's user guide; "Or matching" of
    EventBridge's.
    """
    alarm = {"state": {"value": ["ALARM"]}}
    recovered = {"state": {"value": ["OK"]}, "previousState": {"value": ["ALARM"]}}
    return {
        "source": ["aws.cloudwatch"],
        "detail_type": ["CloudWatch Alarm State Change"],
        "account": [account],
        "detail": {
            "alarmName": [
                {"prefix": f"{endpoint}-{prefix}"} for endpoint in endpoints for prefix in prefixes
            ],
            **({"$or": [alarm, recovered]} if recovery else alarm),
        },
    }
