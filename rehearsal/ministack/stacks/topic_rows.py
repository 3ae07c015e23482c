"""Topics of stacks: what a template says beyond their names, which ministack's row drops.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import sns, sqs

from rehearsal.ministack.stacks.stack_rows import wrap_row

Row = Callable[..., Any]
_ATTRIBUTES = (
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
    "FifoTopic",
    "ContentBasedDeduplication",
    "FifoThroughputScope",
)
_REFUSED = ("ArchivePolicy", "DataProtectionPolicy", "DeliveryStatusLogging")
_OPEN_TO = ("SNS:Publish", "SNS:Subscribe", "SNS:Receive")


def install() -> None:
    """Keeps a topic's attributes, its default policy, and refuses what has no topic or queue."""
    wrap_row("AWS::SNS::Topic", create=_created, update=_updated)
    wrap_row("AWS::SNS::Subscription", create=_subscribed)
    wrap_row(
        "AWS::SNS::TopicPolicy",
        create=_attached("Topics", "_topics"),
        delete=_topic_policy_deleted,
    )
    wrap_row("AWS::SQS::QueuePolicy", create=_attached("Queues", "_queues"))


def _created(stock: Row) -> Row:
    def create(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
        _refuse(properties)
        made = stock(logical_id, properties, stack_name)
        topic = sns._topics[made[0]]
        _set(topic, properties)
        topic["attributes"]["Policy"] = _default_policy(topic)
        return made

    return create


def _updated(stock: Row) -> Row:
    def update(physical_id: str, old: Any, new: Mapping[str, Any], *rest: Any, **named: Any) -> Any:
        _refuse(new)
        made = stock(physical_id, old, new, *rest, **named)
        _set(sns._topics[made[0]], new)
        return made

    return update


def _refuse(properties: Mapping[str, Any]) -> None:
    if given := [name for name in _REFUSED if properties.get(name)]:
        raise ValueError(
            f"The rehearsal does not implement {', '.join(given)} of AWS::SNS::Topic: leave it out."
        )


def _set(topic: dict[str, Any], properties: Mapping[str, Any]) -> None:
    for name in _ATTRIBUTES:
        value = properties.get(name)
        if value in (None, ""):
            topic["attributes"].pop(name, None)
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            topic["attributes"][name] = text


def _default_policy(topic: Mapping[str, Any]) -> str:
    """Only the owner's account, and services that act for it."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": list(_OPEN_TO),
        "Resource": topic["arn"],
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic["attributes"]["Owner"]}},
    }
    document = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    return json.dumps(document)


def _subscribed(stock: Row) -> Row:
    def create(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
        if properties["TopicArn"] not in sns._topics:
            raise ValueError(f"Topic {properties['TopicArn']} does not exist.")
        return stock(logical_id, properties, stack_name)

    return create


def _attached(member: str, store: str) -> Callable[[Row], Row]:
    """A policy for something that is not there is refused, as SNS and SQS do."""
    module = sns if member == "Topics" else sqs

    def wrap(stock: Row) -> Row:
        def create(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
            known = getattr(module, store)
            missing = [str(name) for name in properties[member] if name not in known]
            if missing:
                raise ValueError(f"{', '.join(missing)} does not exist.")
            return stock(logical_id, properties, stack_name)

        return create

    return wrap


def _topic_policy_deleted(stock: Row) -> Row:
    def delete(physical_id: str, properties: Mapping[str, Any]) -> None:
        stock(physical_id, properties)
        for name in properties.get("Topics", []):
            if (topic := sns._topics.get(name)) is not None:
                topic["attributes"]["Policy"] = _default_policy(topic)

    return delete
