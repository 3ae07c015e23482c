"""What an alarm does: tell people, send an event, start a retraining."""

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
    """What happens when an alarm goes off; made by its static factories or by `Retraining`'s.

    A strategy of one's own is a subclass with `bind`.
    """

    @staticmethod
    def notify(topic: sns.ITopic) -> "AlarmAction":
        """Tells the subscribers of a topic, also when the alarm is over.

        The key of an encrypted topic of the same app lets CloudWatch use it.

        Example:
            ```python
            AlarmAction.notify(topic)
            ```
        """
        return _Notify(topic=topic)

    @staticmethod
    def send_event(target: events.IRuleTarget) -> "AlarmAction":
        """Gives an alarm's event to a target of EventBridge when it goes off.

        One rule serves six alarms, as many as its pattern can name.

        Example:
            ```python
            AlarmAction.send_event(targets.SnsTopic(topic))
            ```
        """
        return _SendEvent(target=target)

    @abstractmethod
    def bind(self, scope: Construct, alarms: Sequence[cloudwatch.Alarm]) -> None:
        """Lets each alarm of a severity do it.

        Args:
            scope: for what is made beside the alarms; it is the action's own.
            alarms: all alarms of the severity, so that what is made need not grow with them.
        """

    def problems(self, alarms: int) -> list[str]:
        """What stands against binding as many alarms; nothing, where a strategy says nothing.

        Args:
            alarms: how many there are.
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
            # Source: "Alarms and SNS topic encryption". The alarm's ARN would be a circle.
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
        for number, first in enumerate(range(0, len(alarms), _ALARMS_OF_A_RULE)):
            some = alarms[first : first + _ALARMS_OF_A_RULE]
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


# A pattern has 2048 characters, and the ARN of an alarm up to 310.
_ALARMS_OF_A_RULE = 6


def alarm_event(alarms: Sequence[cloudwatch.IAlarm]) -> dict[str, Any]:
    """The pattern of the event that CloudWatch sends when one of some alarms goes off.

    Source: "Alarm events and EventBridge" of CloudWatch's user guide.
    """
    return {
        "source": ["aws.cloudwatch"],
        "detail_type": ["CloudWatch Alarm State Change"],
        "resources": [alarm.alarm_arn for alarm in alarms],
        "detail": {"state": {"value": ["ALARM"]}},
    }


def acknowledge_acts_by_event(alarm: cloudwatch.Alarm) -> None:
    """An alarm whose event starts something does act, which cdk-nag cannot see."""
    reason = "CloudWatch sends each change of state to EventBridge, where a rule acts on it"
    acknowledge(alarm, alarm_without_action(reason))
