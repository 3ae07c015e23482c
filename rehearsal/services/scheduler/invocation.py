"""One invocation of a schedule's target: input, attempts, metrics and the dead letter."""

from __future__ import annotations

import datetime
import json
import logging
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.events.attempts import RetryPolicy, UndeliveredError, attempt, iso
from rehearsal.events.targets import Delivery, deliver, queue_url, takes_events
from rehearsal.framework.identity import ServiceIdentity, service_session
from rehearsal.framework.platform import Platform, Scope

PRINCIPAL = "scheduler.amazonaws.com"
_log = logging.getLogger("rehearsal.scheduler")


@dataclass(frozen=True)
class Invocation:
    """A schedule that is due.

    `group_arn` is the `aws:SourceArn` of the role's trust policy.
    """

    scope: Scope
    schedule: Mapping[str, Any]
    group_arn: str
    due: datetime.datetime

    def run(self, platform: Platform, stop: threading.Event) -> None:
        """Invokes the target; a failure goes to the dead-letter queue and the log."""
        target = self.schedule["Target"]
        execution_id = secrets.token_hex(8)

        def send(number: int) -> None:
            self._count(platform, "InvocationAttemptCount")
            try:
                deliver(platform, self._delivery(execution_id, number), self.scope.region)
            except Exception:
                self._count(platform, "TargetErrorCount")
                raise

        try:
            attempt(send, RetryPolicy.of(target.get("RetryPolicy")), stop)
        except UndeliveredError as failed:
            _log.error("%s did not reach %s: %s", self.schedule["Arn"], target["Arn"], failed)
            self._bury(platform, execution_id, failed)

    def _delivery(self, execution_id: str, number: int) -> Delivery:
        target = self.schedule["Target"]
        text = target.get("Input")
        if text is None and takes_events(target["Arn"]):
            text = self._event(execution_id)
        if text is not None:
            for name, value in self._attributes(execution_id, number).items():
                text = text.replace(f"<aws.scheduler.{name}>", value)
        return Delivery(
            target_arn=target["Arn"],
            role_arn=target["RoleArn"],
            rule_arn=self.group_arn,
            content=text,
            parameters=target,
            service_principal=PRINCIPAL,
        )

    def _attributes(self, execution_id: str, number: int) -> dict[str, str]:
        """Returns the context attributes that an input may contain."""
        return {
            "schedule-arn": self.schedule["Arn"],
            "scheduled-time": iso(self.due),
            "execution-id": execution_id,
            "attempt-number": str(number),
        }

    def _event(self, execution_id: str) -> str:
        """Returns the input of a templated target that has no Input."""
        event = {
            "version": "0",
            "id": execution_id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": self.scope.account,
            "time": iso(self.due),
            "region": self.scope.region,
            "resources": [self.schedule["Arn"]],
            "detail": "{}",
        }
        return json.dumps(event)

    def _bury(self, platform: Platform, execution_id: str, failed: UndeliveredError) -> None:
        target = self.schedule["Target"]
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            self._count(platform, "InvocationDroppedCount")
            return
        attributes = failed.attributes(
            EXECUTION_ID=execution_id,
            IS_PAYLOAD_TRUNCATED="false",
            SCHEDULED_TIME=iso(self.due),
            SCHEDULE_ARN=self.schedule["Arn"],
            TARGET_ARN=target["Arn"],
        )
        body = self._delivery(execution_id, failed.retries + 1).content
        try:
            identity = ServiceIdentity(platform, PRINCIPAL, "scheduler")
            session = identity.role_session(self.scope, target["RoleArn"], self.group_arn)
            session.client("sqs").send_message(
                QueueUrl=queue_url(queue), MessageBody=body or "{}", MessageAttributes=attributes
            )
        except Exception as error:  # AWS reports it by this metric alone
            _log.error("%s: no dead letter in %s: %s", self.schedule["Arn"], queue, error)
            self._count(platform, "InvocationsFailedToBeSentToDeadLetterCount")
            return
        self._count(platform, "InvocationsSentToDeadLetterCount")

    def _count(self, platform: Platform, name: str) -> None:
        group = {"Name": "ScheduleGroup", "Value": self.schedule["GroupName"]}
        datum = {"MetricName": name, "Dimensions": [group], "Value": 1.0, "Unit": "Count"}
        service_session(platform, self.scope).client("cloudwatch").put_metric_data(
            Namespace="AWS/Scheduler", MetricData=[datum]
        )
