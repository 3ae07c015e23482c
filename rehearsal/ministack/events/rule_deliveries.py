"""The delivery of one event from a rule to one of its targets.

EventBridge uses the role of a target, or the policy of a topic, a queue, a function or the bus of
another account.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
"""

import logging
import re
import threading
from dataclasses import dataclass
from typing import Any

from ministack import app
from ministack.services import eventbridge

from rehearsal.events.attempts import RetryPolicy, UndeliveredError, attempt
from rehearsal.events.service_sender import ServiceSender
from rehearsal.events.targets import Delivery, deliver, delivers
from rehearsal.framework.platform import AwsError, Platform, Scope
from rehearsal.ministack.events.metric_publisher import MetricPublisher
from rehearsal.ministack.iam.resource_policies import authorize_bus
from rehearsal.ministack.request_scope import in_scope

_PRINCIPAL = "events.amazonaws.com"
_BUS = re.compile(r"arn:aws:events:(?P<region>[^:]+):(?P<account>\d{12}):event-bus/(?P<name>.+)")
_log = logging.getLogger("rehearsal.events")


@dataclass(frozen=True, kw_only=True)
class RuleDelivery:
    """The delivery of an event to a target of a rule.

    Args:
        platform: the AWS around the services.
        publisher: the publisher of EventBridge's own metrics.
        scope: the account and region of the rule.
        rule: the record of the rule.
        target: the record of the target.
        event: the event.
        whole_event: the event as patterns of rules see it, as JSON.
        content: the input of the target, or None if it takes no event.
    """

    platform: Platform
    publisher: MetricPublisher
    scope: Scope
    rule: dict[str, Any]
    target: dict[str, Any]
    event: dict[str, Any]
    whole_event: str
    content: str | None

    def run(self, stop: threading.Event) -> None:
        """Delivers the event; a failure is counted, logged and sent to the dead-letter queue."""
        try:
            attempt(lambda _: self._send(), RetryPolicy.of(self.target.get("RetryPolicy")), stop)
        except UndeliveredError as failed:
            # EventBridge reports failures by its metric and the dead-letter queue only.
            name = self.rule.get("Name")
            _log.error("Rule %s did not reach %s: %s", name, self._arn, failed)
            self._count("FailedInvocations")
            self._send_dead_letter(failed)
        else:
            self._count("Invocations")

    @property
    def _arn(self) -> str:
        return str(self.target.get("Arn", ""))

    def _sender(self) -> ServiceSender:
        return ServiceSender(self.platform, _PRINCIPAL, self.scope, self.rule.get("Arn", ""))

    def _send(self) -> None:
        arn, message = self._arn, self.content or self.whole_event
        if delivers(arn):
            delivery = Delivery(
                target_arn=arn,
                role_arn=self.target.get("RoleArn"),
                rule_arn=self.rule.get("Arn", ""),
                content=self.content,
                parameters=self.target,
                service_principal=_PRINCIPAL,
            )
            deliver(self.platform, delivery)
        elif bus := _BUS.fullmatch(arn):
            self._forward(Scope(bus["account"], bus["region"]), bus["name"])
        elif arn.startswith("arn:aws:lambda:"):
            self._sender().invoke(arn, message)
        elif arn.startswith("arn:aws:sns:"):
            self._sender().publish(arn, message)
        elif arn.startswith("arn:aws:sqs:"):
            group = (self.target.get("SqsParameters") or {}).get("MessageGroupId")
            self._sender().send(arn, message, group=group)
        else:
            raise AwsError("ValidationException", f"The rehearsal does not deliver to {arn}")

    def _forward(self, bus: Scope, name: str) -> None:
        """Puts the event on another bus, whose policy must allow a role of another account."""
        if self.target.get("RoleArn"):
            credentials = self.platform.service_credentials(
                self.target["RoleArn"],
                service_principal=_PRINCIPAL,
                session_name="events",
                source_arn=self.rule.get("Arn", ""),
            )
            self.platform.authorize(
                credentials.principal_arn, "events:PutEvents", self._arn, self.scope
            )
            if bus.account != self.scope.account:
                authorize_bus(credentials.principal_arn, self._arn, bus, self.event)
        elif bus != self.scope:
            raise AwsError("ValidationException", f"RoleArn is required for the target {self._arn}")
        spec = eventbridge.parse_arn(self._arn)
        with in_scope(bus):
            eventbridge._ensure_default_bus()
            if name not in eventbridge._event_buses:
                message = f"Event bus {name} does not exist."
                raise AwsError("ResourceNotFoundException", message)
        path = set(self.event.get("_DispatchPath") or [])

        def dispatch() -> None:
            with in_scope(bus):
                eventbridge._dispatch_to_event_bus(spec, self.event, self.rule, path, self.content)

        # On the loop, where ministack changes the rules that this reads.
        app._MAIN_LOOP.call_soon_threadsafe(dispatch)

    def _send_dead_letter(self, failed: UndeliveredError) -> None:
        queue = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        attributes = failed.attributes(RULE_ARN=self.rule.get("Arn", ""), TARGET_ARN=self._arn)
        try:
            body = self.content or self.whole_event
            self._sender().send(queue, body, attributes=attributes)
        except Exception as error:  # AWS reports it by this metric only
            _log.error("Rule %s: no dead letter in %s: %s", self.rule.get("Name"), queue, error)
            self._count("InvocationsFailedToBeSentToDlq")
        else:
            self._count("InvocationsSentToDlq")

    def _count(self, metric: str) -> None:
        dimensions = {"RuleName": str(self.rule.get("Name", ""))}
        self.publisher.put(self.scope, "AWS/Events", metric, 1.0, dimensions=dimensions)
