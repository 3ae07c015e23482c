"""Actions of alarms: notifications, events and retraining."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs._findings import acknowledge, alarm_without_action


class AlarmAction(ABC):
    """An action of an alarm; use its static factories or those of `Retraining`.

    A custom action is a subclass that implements `bind`.
    """

    @staticmethod
    def notify(topic: sns.ITopic) -> "AlarmAction":
        """Publishes to a topic when the alarm goes off and when it returns to OK.

        The policy of the topic's key, when the key is defined in the same app, lets CloudWatch use
        it.

        Args:
            topic: topic that receives the notifications.

        Example:
            ```python
            AlarmAction.notify(topic)
            ```
        """
        return _Notify(topic=topic)

    @staticmethod
    def send_event(target: events.IRuleTarget) -> "AlarmAction":
        """Sends the event of an alarm that goes off to an EventBridge target.

        One rule covers up to 6 alarms, as many as its event pattern can name.

        Args:
            target: target of the rules.

        Example:
            ```python
            AlarmAction.send_event(targets.SnsTopic(topic))
            ```
        """
        return _SendEvent(target=target)

    @staticmethod
    def combine(alarm_name: str) -> "AlarmAction":
        """Combines the alarms in a composite alarm, on whose name rules of other stacks act.

        It goes off once, however many of the alarms go off together.

        Args:
            alarm_name: name of the composite alarm, unique in the account and region.

        Example:
            ```python
            AlarmAction.combine("churn-prod-drift-retrain")
            ```
        """
        return _Combine(alarm_name=alarm_name)

    @abstractmethod
    def bind(self, scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
        """Adds the action to the alarms of a severity.

        Args:
            scope: parent of the resources that the action needs, reserved for this action.
            alarms: all alarms of the severity; one resource may serve several of them.
        """

    def problems(self, alarms: int) -> list[str]:
        """Returns one message per reason why the action cannot be added, none by default.

        Args:
            alarms: number of alarms of the severity.
        """
        return []


@dataclass(frozen=True, kw_only=True)
class _Notify(AlarmAction):
    topic: sns.ITopic

    def bind(self, scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
        action = cloudwatch_actions.SnsAction(self.topic)
        for alarm in alarms:
            alarm.add_alarm_action(action)
            alarm.add_ok_action(action)
        key = self.topic.master_key
        if key is not None:
            # Source: "Alarms and SNS topic encryption". The ARN of the alarm would be circular.
            key.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="AlarmsOfThisAccount",
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                    resources=["*"],
                    conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}},
                )
            )


@dataclass(frozen=True, kw_only=True)
class _SendEvent(AlarmAction):
    target: events.IRuleTarget

    def bind(self, scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
        for number, first in enumerate(range(0, len(alarms), _MAX_ALARMS_PER_RULE)):
            some = alarms[first : first + _MAX_ALARMS_PER_RULE]
            events.Rule(
                scope,
                f"WhenInAlarm{number or ''}",
                description=f"{some[0].node.path} goes off"
                + (f", or one of {len(some) - 1} others" if len(some) > 1 else ""),
                event_pattern=events.EventPattern(**alarm_event(some)),
                targets=[self.target],
            )
        for alarm in alarms:
            acknowledge_acts_by_event(alarm)


@dataclass(frozen=True, kw_only=True)
class _Combine(AlarmAction):
    alarm_name: str

    def problems(self, alarms: int) -> list[str]:
        return composite_problems("combine", alarms)

    def bind(self, scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
        combined = composite_of(
            scope, "Combined", alarms, "One of these alarms is in ALARM", self.alarm_name
        )
        acknowledge(combined, alarm_without_action(_BY_EVENT))
        for alarm in alarms:
            acknowledge_acts_by_event(alarm)


MAX_ALARMS = 100
"""Children of a composite alarm. Source: "Creating a composite alarm" of CloudWatch's guide."""


def composite_problems(action: str, alarms: int) -> list[str]:
    """Returns a message if there are more alarms than a composite alarm can have."""
    if alarms <= MAX_ALARMS:
        return []
    return [
        f"{action}: got {alarms} alarms of one severity; allowed are {MAX_ALARMS}, the "
        "children of a composite alarm; use metric_greatest_drift() of a DriftMonitor, one "
        "metric for all features"
    ]


def composite_of(
    scope: Construct,
    construct_id: str,
    alarms: Sequence[cloudwatch.Alarm],
    description: str,
    alarm_name: str | None = None,
) -> cloudwatch.CompositeAlarm:
    """Defines an alarm that is in ALARM as long as one of the alarms is."""
    return cloudwatch.CompositeAlarm(
        scope,
        construct_id,
        composite_alarm_name=alarm_name,
        alarm_description=description,
        # By name: a rule has at most 10240 characters, too few for a hundred ARNs.
        alarm_rule=cloudwatch.AlarmRule.from_string(
            " OR ".join(f'ALARM("{alarm.alarm_name}")' for alarm in alarms)
        ),
    )


# A pattern has at most 2048 characters, the ARN of an alarm at most 310.
_MAX_ALARMS_PER_RULE = 6


def alarm_event(alarms: Sequence[cloudwatch.IAlarm]) -> dict[str, Any]:
    """Returns the event pattern for alarms that change to the state ALARM.

    Source: "Alarm events and EventBridge" of CloudWatch's user guide.
    """
    return {
        "source": ["aws.cloudwatch"],
        "detail_type": ["CloudWatch Alarm State Change"],
        "resources": [alarm.alarm_arn for alarm in alarms],
        "detail": {"state": {"value": ["ALARM"]}},
    }


def acknowledge_acts_by_event(alarm: cloudwatch.Alarm) -> None:
    """Acknowledges that an alarm acts through an EventBridge rule, which cdk-nag does not see."""
    acknowledge(alarm, alarm_without_action(_BY_EVENT))


_BY_EVENT = "CloudWatch sends each state change to EventBridge, where a rule acts on it"
