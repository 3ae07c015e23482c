"""AWS CodeStar Notifications: who is told of what happens to pipelines.

Topics of SNS get the message that AWS sends. Chat channels cannot be reached from here: what they
would have been told goes to the server's log, and their target says UNREACHABLE. Rules about
anything but pipelines are refused by name.

https://docs.aws.amazon.com/dtconsole/latest/userguide/welcome.html
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.events.listeners import EventListeners
from rehearsal.events.service_sender import ServiceSender
from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.services.codestar_notifications.event_types import event_types
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

    name = "codestar-notifications"
    namespace = "codestar-notifications"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._rules: dict[str, NotificationRule] = {}
        self._waiting: queue.Queue[tuple[NotificationRule, dict[str, Any]] | None] = queue.Queue()
        self._worker = threading.Thread(target=self._deliver_all, daemon=True)
        self._worker.start()
        EventListeners.of(platform).listen(self._heard)

    def close(self) -> None:
        self._waiting.put(None)

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodestarnotifications.html"""
        if operation == "CreateNotificationRule":
            return [scope.arn("codestar-notifications", "notificationrule/*")]
        return [request["Arn"]] if "Arn" in request else ["*"]

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            rule = self._rules.get(arn)
            return dict(rule.tags) if rule else {}

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
                dict(request.get("Tags", {})),
            )
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
            rule.modified = datetime.now(UTC)
        return {}

    def describe_notification_rule(self, request: Request, context: Context) -> Response:
        rule = self._find(request["Arn"])
        with self.lock:
            return rule.describe()

    def delete_notification_rule(self, request: Request, context: Context) -> Response:
        """Deleting an unknown rule succeeds, as in AWS."""
        with self.lock:
            self._rules.pop(request["Arn"], None)
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

    def tag_resource(self, request: Request, context: Context) -> Response:
        tags = self._find(request["Arn"]).tags
        tags.update(request["Tags"])
        return {"Tags": dict(tags)}

    def untag_resource(self, request: Request, context: Context) -> Response:
        rule = self._find(request["Arn"])
        for key in request["TagKeys"]:
            rule.tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, request: Request, context: Context) -> Response:
        return {"Tags": dict(self._find(request["Arn"]).tags)}

    def _find(self, arn: str) -> NotificationRule:
        with self.lock:
            rule = self._rules.get(arn)
        if rule is None:
            raise AwsError("ResourceNotFoundException", f"There is no notification rule {arn}")
        return rule

    def _heard(self, scope: Scope, detail_type: str, detail: Mapping[str, Any], arn: str) -> None:
        types = set(event_types(detail_type, detail))
        with self.lock:
            wanting = [
                rule
                for rule in self._rules.values()
                if rule.settings["Resource"] == arn
                and rule.settings.get("Status", "ENABLED") == "ENABLED"
                and types & set(rule.settings["EventTypeIds"])
            ]
        for rule in wanting:
            message = {
                "account": scope.account,
                "detailType": detail_type,
                "region": scope.region,
                "source": "aws.codepipeline",
                "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
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
            # AWS tells nobody but those who look at the target's status.
            _log.error("Rule %s did not reach %s: %s", rule.settings["Name"], address, error)
            status = "UNREACHABLE"
        with self.lock:
            rule.statuses[address] = status
