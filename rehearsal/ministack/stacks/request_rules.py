"""The rules of requests for the resources of stacks: a resource is what its request would be."""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from rehearsal.framework.protocols.protocol import from_text
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.service_models import service_model
from rehearsal.ministack.request_rules import (
    function_rules,
    identity_rules,
    key_rules,
    queue_rules,
    topic_rules,
)

Properties = Mapping[str, Any]
Requests = Iterator[tuple[Catalogue, str, dict[str, Any]]]
_QUEUE = ("QueueName", "Tags")
_QUEUE_NUMBERS = (
    "DelaySeconds",
    "KmsDataKeyReusePeriodSeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
)
_TOPIC = ("TopicName", "Subscription", "Tags", "DataProtectionPolicy")
_KEY = ("KeySpec", "KeyUsage", "MultiRegion", "Origin", "BypassPolicyLockoutSafetyCheck")
_POLICY_OWNERS = {"Roles": "PutRolePolicy", "Users": "PutUserPolicy", "Groups": "PutGroupPolicy"}


def problems(resource_type: str, properties: Properties) -> Iterator[str]:
    """Yields what the API of a service rejects in the properties of a resource."""
    requests = _REQUESTS.get(resource_type)
    if requests is None:
        return
    for catalogue, operation, given in requests(properties):
        request = _typed(_input(catalogue.service, operation), given)
        if broken := catalogue.evaluate(Call(operation, request)):
            yield broken[1]


def _function(properties: Properties) -> Requests:
    members = {**properties, "FunctionName": properties.get("FunctionName") or "own"}
    yield function_rules.RULES, "CreateFunction", {**members, "Tags": {}}


def _mapping(properties: Properties) -> Requests:
    yield function_rules.RULES, "CreateEventSourceMapping", {**properties, "Tags": {}}


def _queue(properties: Properties) -> Requests:
    attributes = {
        name: text
        for name, one in properties.items()
        if name not in _QUEUE
        # The schema of the resource type rejects what is not a number, in CloudFormation's words.
        and ((text := _text(one)).isdecimal() or name not in _QUEUE_NUMBERS)
    }
    fifo = attributes.get("FifoQueue") == "true"
    name = properties.get("QueueName") or ("own.fifo" if fifo else "own")
    yield queue_rules.RULES, "CreateQueue", {"QueueName": name, "Attributes": attributes}


def _topic(properties: Properties) -> Requests:
    attributes = {name: _text(one) for name, one in properties.items() if name not in _TOPIC}
    fifo = attributes.get("FifoTopic") == "true"
    name = properties.get("TopicName") or ("own.fifo" if fifo else "own")
    yield topic_rules.RULES, "CreateTopic", {"Name": name, "Attributes": attributes}


def _subscription(properties: Properties) -> Requests:
    own = ("TopicArn", "Protocol", "Endpoint", "Region")
    attributes = {name: _text(one) for name, one in properties.items() if name not in own}
    request = {name: properties.get(name) for name in own[:3]}
    yield topic_rules.RULES, "Subscribe", {**request, "Attributes": attributes}


def _key(properties: Properties) -> Requests:
    request = {name: properties[name] for name in _KEY if name in properties}
    policy = properties.get("KeyPolicy")
    given = {"Policy": _text(policy)} if policy else {}
    yield key_rules.RULES, "CreateKey", {**request, **given}


def _role(properties: Properties) -> Requests:
    trust = _text(properties.get("AssumeRolePolicyDocument") or {})
    boundary = properties.get("PermissionsBoundary")
    request = {"AssumeRolePolicyDocument": trust, "PermissionsBoundary": boundary}
    yield identity_rules.IDENTITIES, "CreateRole", request
    yield from _inline("PutRolePolicy", properties)


def _inline(operation: str, properties: Properties) -> Requests:
    for policy in properties.get("Policies") or ():
        document = _text(policy.get("PolicyDocument") or {})
        yield identity_rules.IDENTITIES, operation, {"PolicyDocument": document}


def _policy(properties: Properties) -> Requests:
    document = _text(properties.get("PolicyDocument") or {})
    for owner, operation in _POLICY_OWNERS.items():
        if properties.get(owner):
            yield identity_rules.IDENTITIES, operation, {"PolicyDocument": document}


def _managed_policy(properties: Properties) -> Requests:
    document = _text(properties.get("PolicyDocument") or {})
    yield identity_rules.IDENTITIES, "CreatePolicy", {"PolicyDocument": document}


_REQUESTS: dict[str, Callable[[Properties], Requests]] = {
    "AWS::IAM::Group": lambda properties: _inline("PutGroupPolicy", properties),
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Policy": _policy,
    "AWS::IAM::Role": _role,
    "AWS::IAM::User": lambda properties: _inline("PutUserPolicy", properties),
    "AWS::KMS::Key": _key,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Lambda::Function": _function,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
}


@functools.cache
def _input(service: str, operation: str) -> Shape | None:
    return service_model(service).operation_model(operation).input_shape


def _typed(shape: Shape | None, value: Any) -> Any:
    """Returns a value with the types of the model: templates may have numbers as text."""
    match shape:
        case StructureShape() if isinstance(value, Mapping):
            return {
                name: _typed(shape.members[name], one)
                for name, one in value.items()
                if name in shape.members and one is not None
            }
        case MapShape() if isinstance(value, Mapping):
            return {key: _typed(shape.value, one) for key, one in value.items()}
        case ListShape() if isinstance(value, list):
            return [_typed(shape.member, one) for one in value]
    if shape is None:
        return value
    if shape.type_name == "blob":
        return str(value).encode()
    return from_text(shape, value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)
