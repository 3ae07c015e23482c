"""Messages from an AWS service to topics, queues and functions whose policies allow it.

For an encrypted topic or queue, the policy of its key must allow it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from rehearsal.events.targets import queue_url
from rehearsal.framework.identity import service_session
from rehearsal.framework.platform import AwsError, Platform, Scope

_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")


@dataclass(frozen=True)
class ServiceSender:
    """Sends as `principal` (such as `events.amazonaws.com`) for the resource `source_arn`.

    Every method raises AwsError if a policy does not allow it.
    """

    platform: Platform
    principal: str
    scope: Scope
    source_arn: str

    def publish(self, topic_arn: str, message: str, subject: str | None = None) -> None:
        """Publishes to a topic."""
        self._authorize("sns:Publish", topic_arn)
        client = self._owner(topic_arn).client("sns")
        attributes = client.get_topic_attributes(TopicArn=topic_arn)["Attributes"]
        if key := attributes.get("KmsMasterKeyId"):
            self._check_key(key, topic_arn)
        given = {"Subject": subject} if subject else {}
        client.publish(TopicArn=topic_arn, Message=message, **given)

    def send(
        self,
        queue_arn: str,
        body: str,
        *,
        group: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Sends to a queue; `group` is for FIFO queues."""
        self._authorize("sqs:SendMessage", queue_arn)
        client, url = self._owner(queue_arn).client("sqs"), queue_url(queue_arn)
        found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
        if key := found.get("Attributes", {}).get("KmsMasterKeyId"):
            self._check_key(key, queue_arn)
        client.send_message(
            QueueUrl=url,
            MessageBody=body,
            **({"MessageGroupId": group} if group else {}),
            **({"MessageAttributes": attributes} if attributes else {}),
        )

    def invoke(self, function_arn: str, event: str) -> None:
        """Invokes a function without waiting for its result."""
        self._authorize("lambda:InvokeFunction", function_arn)
        self._owner(function_arn).client("lambda").invoke(
            FunctionName=function_arn, InvocationType="Event", Payload=event.encode()
        )

    def _authorize(self, action: str, resource_arn: str, via: str | None = None) -> None:
        self.platform.authorize_service(
            self.principal, action, resource_arn, _scope(resource_arn), self.source_arn, via
        )

    def _check_key(self, key: str, resource_arn: str) -> None:
        try:
            found = self._owner(resource_arn).client("kms").describe_key(KeyId=key)["KeyMetadata"]
            if found.get("KeyManager") == "AWS" or key.startswith("alias/aws/"):
                message = f"{key} is managed by AWS, whose policy lets no service use it for you."
                raise AwsError("KMSAccessDenied", message)
            service, region = resource_arn.split(":")[2:4]
            via = f"{service}.{region}.amazonaws.com"
            for action in _KEY_ACTIONS:
                self._authorize(action, found["Arn"], via)
        except Exception as error:
            raise AwsError(
                "KMSAccessDenied",
                f"{self.principal} does not have authorization to access the encryption key of "
                f"{resource_arn}. {error}",
            ) from error

    def _owner(self, arn: str) -> boto3.Session:
        return service_session(self.platform, _scope(arn))


def _scope(arn: str) -> Scope:
    parts = arn.split(":")
    return Scope(parts[4], parts[3])
