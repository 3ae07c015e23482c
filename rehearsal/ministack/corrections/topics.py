"""Topics and queues of stacks: attributes, default policies, and references to missing ones.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import sns, sqs

from rehearsal.ministack.registry import resource_handler

_ATTRIBUTES = (
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
    "FifoTopic",
    "ContentBasedDeduplication",
    "FifoThroughputScope",
)
_UNSUPPORTED = ("ArchivePolicy", "DataProtectionPolicy", "DeliveryStatusLogging")
_DEFAULT_ACTIONS = ("SNS:Publish", "SNS:Subscribe", "SNS:Receive")
_TOPIC = {
    "why": "A topic of a stack has its name only, without other properties and default policy.",
    "until": "ministack applies each property of AWS::SNS::Topic and sets the default policy.",
}
_MISSING = {
    "why": "A subscription or policy for a topic or queue that does not exist is accepted.",
    "until": "ministack rejects subscriptions and policies for missing topics and queues.",
}


@resource_handler("AWS::SNS::Topic", "create", **_TOPIC)
def create_topic(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    _check_supported(props)
    created = previous(logical_id, props, stack_name)
    topic = sns._topics[created[0]]
    _set_attributes(topic, props)
    topic["attributes"]["Policy"] = _default_policy(topic)
    return created


@resource_handler("AWS::SNS::Topic", "update", **_TOPIC)
def update_topic(
    previous: Callable[..., Any],
    physical_id: str,
    old_props: Mapping[str, Any],
    new_props: Mapping[str, Any],
    stack_name: str,
    logical_id: str | None = None,
) -> Any:
    _check_supported(new_props)
    updated = previous(physical_id, old_props, new_props, stack_name, logical_id)
    _set_attributes(sns._topics[updated[0]], new_props)
    return updated


@resource_handler("AWS::SNS::Subscription", "create", **_MISSING)
def create_subscription(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    if props["TopicArn"] not in sns._topics:
        raise ValueError(f"Topic {props['TopicArn']} does not exist.")
    return previous(logical_id, props, stack_name)


@resource_handler("AWS::SNS::TopicPolicy", "create", **_MISSING)
def create_topic_policy(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    _check_known(props["Topics"], sns._topics)
    return previous(logical_id, props, stack_name)


@resource_handler("AWS::SQS::QueuePolicy", "create", **_MISSING)
def create_queue_policy(
    previous: Callable[..., Any], logical_id: str, props: Mapping[str, Any], stack_name: str
) -> Any:
    _check_known(props["Queues"], sqs._queues)
    return previous(logical_id, props, stack_name)


@resource_handler(
    "AWS::SNS::TopicPolicy",
    "delete",
    why="A topic whose policy is deleted does not get its default policy back.",
    until="ministack restores the default policy of a topic.",
)
def delete_topic_policy(
    previous: Callable[..., Any], physical_id: str, props: Mapping[str, Any]
) -> None:
    previous(physical_id, props)
    for name in props.get("Topics", []):
        if (topic := sns._topics.get(name)) is not None:
            topic["attributes"]["Policy"] = _default_policy(topic)


def _check_supported(properties: Mapping[str, Any]) -> None:
    if given := [name for name in _UNSUPPORTED if properties.get(name)]:
        raise ValueError(
            f"The rehearsal does not implement {', '.join(given)} of AWS::SNS::Topic: remove it."
        )


def _check_known(names: Any, store: Any) -> None:
    missing = [str(name) for name in names if name not in store]
    if missing:
        raise ValueError(f"{', '.join(missing)} does not exist.")


def _set_attributes(topic: dict[str, Any], properties: Mapping[str, Any]) -> None:
    for name in _ATTRIBUTES:
        value = properties.get(name)
        if value in (None, ""):
            topic["attributes"].pop(name, None)
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            topic["attributes"][name] = text


def _default_policy(topic: Mapping[str, Any]) -> str:
    """Allows the account of the owner, and services that act for it."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": list(_DEFAULT_ACTIONS),
        "Resource": topic["arn"],
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic["attributes"]["Owner"]}},
    }
    document = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    return json.dumps(document)
