"""AWS CodeStar Notifications: notification rules of pipelines.

SNS topics get the message that AWS sends. A rehearsal reaches no chat channel: the message goes to
the server's log, and the target has the status UNREACHABLE. Only rules for pipelines are supported.

Source: https://docs.aws.amazon.com/dtconsole/latest/userguide/welcome.html
"""

from __future__ import annotations

import json
import logging
import queue
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.events.listeners import EventListeners
from rehearsal.events.service_sender import ServiceSender
from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.framework.tags import TagOperations, TagShape
from rehearsal.framework.workers import Workers
from rehearsal.services.codestar_notifications.event_types import event_types
from rehearsal.services.codestar_notifications.request_rules import CODESTAR_NOTIFICATIONS
from rehearsal.services.codestar_notifications.resource_types import (
    RESOURCE_TYPES as RESOURCE_TYPES,
)
from rehearsal.services.codestar_notifications.rules import (
    CHATS,
    NotificationRule,
    check_settings,
    target_statuses,
)

_PRINCIPAL = "codestar-notifications.amazonaws.com"
_log = logging.getLogger("rehearsal.notifications")


class CodeStarNotifications(Service):
    """Notification rules of every account and region."""

    KEPT = ("_rules",)

    name = "codestar-notifications"
    namespace = "codestar-notifications"
    rules = CODESTAR_NOTIFICATIONS
    tag_shape = TagShape(arn="Arn", as_map=True, echo=True)

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._rules: dict[str, NotificationRule] = {}
        self._waiting: queue.Queue[tuple[NotificationRule, dict[str, Any]] | None] = queue.Queue()
        self._workers = Workers()
        self._workers.start("notifications", self._deliver_all)
        self.compose(TagOperations(self.tags, lambda arn, _: self._find(arn)))
        EventListeners.of(platform).listen(self._enqueue)

    def close(self) -> None:
        self._waiting.put(None)
        self._workers.close(timeout=1.0)

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Returns the ARNs of an operation.

        Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodestarnotifications.html
        """
        if operation == "CreateNotificationRule":
            return [scope.arn("codestar-notifications", "notificationrule/*")]
        return [request["Arn"]] if "Arn" in request else ["*"]

    def create_notification_rule(self, request: Request, context: Context) -> Response:
        check_settings(request)
        with self.lock:
            for rule in self._rules.values():
                if rule.scope == context.scope and rule.settings["Name"] == request["Name"]:
                    raise AwsError(
                        "ResourceAlreadyExistsException",
                        f"A notification rule named {request['Name']} exists already: {rule.arn}",
                    )
            arn = context.scope.arn(
                "codestar-notifications", f"notificationrule/{uuid.uuid4().hex}"
            )
            settings = {key: value for key, value in request.items() if key != "Tags"}
            self._rules[arn] = NotificationRule(
                arn,
                context.scope,
                settings,
                context.caller_arn,
                target_statuses(request["Targets"]),
            )
            self.tags.put(arn, request.get("Tags"))
        return {"Arn": arn}

    def update_notification_rule(self, request: Request, context: Context) -> Response:
        rule = self._find(request["Arn"])
        settings = rule.settings | {key: value for key, value in request.items() if key != "Arn"}
        check_settings(settings)
        with self.lock:
            rule.settings = settings
            rule.statuses = target_statuses(settings["Targets"]) | {
                address: status
                for address, status in rule.statuses.items()
                if address in {target["TargetAddress"] for target in settings["Targets"]}
            }
            rule.modified = utc_now()
        return {}

    def describe_notification_rule(self, request: Request, context: Context) -> Response:
        rule = self._find(request["Arn"])
        with self.lock:
            return rule.describe() | {"Tags": self.tags.shown(rule.arn)}

    def delete_notification_rule(self, request: Request, context: Context) -> Response:
        """Deletes a rule; an unknown one is no error, as in AWS."""
        with self.lock:
            self._rules.pop(request["Arn"], None)
            self.tags.drop(request["Arn"])
        return {"Arn": request["Arn"]}

    def list_notification_rules(self, request: Request, context: Context) -> Response:
        if request.get("Filters") or request.get("NextToken"):
            raise AwsError(
                "ValidationException",
                "the rehearsal lists all rules on one page: no Filters, no NextToken",
            )
        with self.lock:
            rules = [rule for rule in self._rules.values() if rule.scope == context.scope]
        return {
            "NotificationRules": [
                {"Id": rule.arn.rsplit("/", 1)[-1], "Arn": rule.arn} for rule in rules
            ]
        }

    def _find(self, arn: str) -> NotificationRule:
        with self.lock:
            rule = self._rules.get(arn)
        if rule is None:
            raise AwsError("ResourceNotFoundException", f"There is no notification rule {arn}")
        return rule

    def _enqueue(self, scope: Scope, detail_type: str, detail: Mapping[str, Any], arn: str) -> None:
        types = set(event_types(detail_type, detail))
        with self.lock:
            matching = [
                rule
                for rule in self._rules.values()
                if rule.settings["Resource"] == arn
                and rule.settings.get("Status", "ENABLED") == "ENABLED"
                and types & set(rule.settings["EventTypeIds"])
            ]
        for rule in matching:
            message = {
                "account": scope.account,
                "detailType": detail_type,
                "region": scope.region,
                "source": "aws.codepipeline",
                "time": f"{utc_now():%Y-%m-%dT%H:%M:%SZ}",
                "notificationRuleArn": rule.arn,
                "detail": dict(detail),
                "resources": [arn],
                "additionalAttributes": {},
            }
            self._waiting.put((rule, message))

    def _deliver_all(self) -> None:
        while True:
            waiting = self._waiting.get()
            if waiting is None:
                return
            rule, message = waiting
            for target in list(rule.settings["Targets"]):
                self._deliver(rule, target, message)

    def _deliver(
        self, rule: NotificationRule, target: Mapping[str, str], message: dict[str, Any]
    ) -> None:
        address = target["TargetAddress"]
        text = json.dumps(message, default=str)
        if target["TargetType"] in CHATS:
            _log.warning("A rehearsal cannot post to the chat channel %s: %s", address, text)
            return
        try:
            sender = ServiceSender(self.platform, _PRINCIPAL, rule.scope, rule.arn)
            sender.publish(address, text)
            status = "ACTIVE"
        except (AwsError, ClientError) as error:
            # AWS reports it in the status of the target only.
            _log.error("Rule %s did not reach %s: %s", rule.settings["Name"], address, error)
            status = "UNREACHABLE"
        with self.lock:
            rule.statuses[address] = status
