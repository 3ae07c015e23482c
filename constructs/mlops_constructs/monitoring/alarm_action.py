"""What an alarm does: tell people, send an event, start a retraining."""

from abc import ABC, abstractmethod
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

        Example::

            AlarmAction.notify(topic)
        """
        return _Notify(topic=topic)

    @staticmethod
    def send_event(target: events.IRuleTarget) -> "AlarmAction":
        """Gives the alarm's event to a target of EventBridge when it goes off.

        Example::

            AlarmAction.send_event(targets.SnsTopic(topic))
        """
        return _SendEvent(target=target)

    @abstractmethod
    def bind(self, scope: Construct, alarm: cloudwatch.Alarm) -> None:
        """Lets an alarm do it.

        Parameters:
            scope: for what is made beside the alarm; it is the action's own.
            alarm: the alarm.
        """


@dataclass(frozen=True, kw_only=True)
class _Notify(AlarmAction):
    topic: sns.ITopic

    def bind(self, scope: Construct, alarm: cloudwatch.Alarm) -> None:
        action = cloudwatch_actions.SnsAction(self.topic)
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

    def bind(self, scope: Construct, alarm: cloudwatch.Alarm) -> None:
        events.Rule(
            scope,
            "WhenInAlarm",
            description=f"{alarm.node.path} goes off",
            event_pattern=events.EventPattern(**alarm_event(alarm)),
            targets=[self.target],
        )
        acknowledge_event_only(alarm)


def alarm_event(alarm: cloudwatch.IAlarm) -> dict[str, Any]:
    """The pattern of the event that CloudWatch sends when an alarm goes off.

    Source: "Alarm events and EventBridge" of CloudWatch's user guide.
    """
    return {
        "source": ["aws.cloudwatch"],
        "detail_type": ["CloudWatch Alarm State Change"],
        "resources": [alarm.alarm_arn],
        "detail": {"state": {"value": ["ALARM"]}},
    }


def acknowledge_event_only(alarm: cloudwatch.Alarm) -> None:
    """An alarm whose event starts something does act, which cdk-nag cannot see."""
    reason = "CloudWatch sends each change of state to EventBridge, where a rule acts on it"
    acknowledge(alarm, alarm_without_action(reason))
