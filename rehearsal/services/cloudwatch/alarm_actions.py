"""Actions of alarms.

CloudWatch acts as itself: the policy of the topic, of its key or of the function must allow it.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.events.attempts import described
from rehearsal.events.service_sender import ServiceSender
from rehearsal.framework.platform import AwsError, Platform, Scope
from rehearsal.framework.service import Service
from rehearsal.services.cloudwatch.alarm_messages import function_event, notification

PRINCIPAL = "cloudwatch.amazonaws.com"
_FUNCTIONS_PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"


@dataclass(frozen=True)
class Change:
    """A change of state that triggers actions; `before` is the previous state."""

    scope: Scope
    alarm: Mapping[str, Any]
    before: Mapping[str, Any]


def supported(action_arn: str) -> bool:
    """Returns True if the rehearsal performs an action."""
    return any(pattern.fullmatch(action_arn) for pattern, _ in _ACTIONS)


class AlarmActions:
    """Performs actions.

    Args:
        platform: the AWS around CloudWatch.
        peers: the other services by name; Application Auto Scaling executes its policies itself.
    """

    def __init__(self, platform: Platform, peers: Callable[[], Mapping[str, Service]]) -> None:
        self._platform = platform
        self._peers = peers

    def perform(self, action_arn: str, change: Change) -> dict[str, Any]:
        """Performs an action; returns its data for the history, with `error` if it failed."""
        result: dict[str, Any] = {
            "actionState": "Succeeded",
            "notificationResource": action_arn,
            "stateUpdateTimestamp": int(change.alarm["StateUpdatedTimestamp"].timestamp() * 1000),
        }
        try:
            for pattern, act in _ACTIONS:
                if pattern.fullmatch(action_arn):
                    message = act(self, action_arn, change)
                    return result | ({"publishedMessage": message} if message else {})
            raise AwsError("ValidationError", f"The rehearsal does not perform {action_arn}")
        except Exception as error:  # the history records any failure
            code, message = described(error)
            return result | {"actionState": "Failed", "error": f"{code}: {message}"}

    def _publish(self, topic_arn: str, change: Change) -> str:
        subject, message = notification(change.scope, change.alarm, change.before["value"])
        self._sender(PRINCIPAL, change).publish(topic_arn, message, subject)
        return message

    def _invoke(self, function_arn: str, change: Change) -> str:
        event = json.dumps(function_event(change.scope, change.alarm, change.before))
        self._sender(_FUNCTIONS_PRINCIPAL, change).invoke(function_arn, event)
        return ""

    def _scale(self, policy_arn: str, change: Change) -> str:
        service = self._peers().get("application-autoscaling")
        execute = getattr(service, "execute_policy", None)
        if execute is None:
            raise AwsError(
                "ValidationError",
                "This rehearsal was started without a service that executes scaling policies.",
            )
        execute(policy_arn, change.alarm["AlarmName"], change.scope)
        return ""

    def _sender(self, principal: str, change: Change) -> ServiceSender:
        arn = change.alarm["AlarmArn"]
        return ServiceSender(self._platform, principal, change.scope, arn)


_ACTIONS: list[tuple[re.Pattern[str], Callable[[AlarmActions, str, Change], str]]] = [
    (re.compile(r"arn:aws:sns:[^:]+:\d{12}:[^:]+"), AlarmActions._publish),
    (re.compile(r"arn:aws:lambda:[^:]+:\d{12}:function:.+"), AlarmActions._invoke),
    (re.compile(r"arn:aws:autoscaling:[^:]+:\d{12}:scalingPolicy:.+"), AlarmActions._scale),
]
