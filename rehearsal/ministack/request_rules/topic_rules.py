"""Rules of Amazon SNS's requests.

Sources name operations and shapes of the Amazon SNS API Reference.
"""

import re
from collections.abc import Iterator

from rehearsal.framework.rules.kinds import (
    choice,
    exactly_one,
    matching,
    required,
    rule,
    sized,
    unique,
    without,
)
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules
from rehearsal.ministack.request_rules.attribute_kinds import (
    attribute_choice,
    attribute_range,
    json_text,
    parsed,
)

_CODE = "InvalidParameter"
_TOPIC = "arn:aws:sns:us-east-1:111111111111:own"
_FIFO = f"{_TOPIC}.fifo"
_QUEUE = "arn:aws:sqs:us-east-1:111111111111:queue"
_CREATE = ("CreateTopic",)
_NAMED = {"Name": "own"}
_PUBLISH = {"TopicArn": _TOPIC, "Message": "text"}
_SUBSCRIBE = {"TopicArn": _TOPIC, "Protocol": "sqs", "Endpoint": _QUEUE}
_BATCH = "PublishBatchRequestEntries"
_PROTOCOLS = (
    *("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda"),
    "firehose",
)
_ENDPOINTS = {
    "http": r"http://.+",
    "https": r"https://.+",
    "email": r"[^@\s]+@[^@\s]+",
    "email-json": r"[^@\s]+@[^@\s]+",
    "sms": r"\+?[\d\-. ]+",
    "sqs": r"arn:aws[\w-]*:sqs:.+",
    "application": r"arn:aws[\w-]*:sns:.+",
    "lambda": r"arn:aws[\w-]*:lambda:.+",
    "firehose": r"arn:aws[\w-]*:firehose:.+",
}
_TOPIC_ATTRIBUTES = (
    *("DeliveryPolicy", "DisplayName", "Policy", "TracingConfig", "KmsMasterKeyId"),
    *("SignatureVersion", "ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope"),
    "MaximumMessageSize",
)
_FEEDBACK = re.compile(
    r"(HTTP|Firehose|Lambda|Application|SQS)"
    r"(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)"
)
_SUBSCRIPTION_ATTRIBUTES = (
    *("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery"),
    *("RedrivePolicy", "SubscriptionRoleArn", "ReplayPolicy"),
)
_DATA_TYPE = r"(String|String\.Array|Number|Binary)"
_MAX_BYTES = 1_048_576


def _fifo_name(call: Call) -> Iterator[str]:
    name, fifo = str(call.get("Name")), call.get("Attributes.FifoTopic") == "true"
    if fifo != name.endswith(".fifo"):
        yield (
            "Fifo Topic names must end with .fifo and must be made up of only uppercase and "
            f"lowercase ASCII letters, numbers, underscores, and hyphens; got {name}."
        )


def _fifo_attributes(call: Call) -> Iterator[str]:
    if call.get("Attributes.FifoTopic") == "true":
        return
    for name in ("ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy"):
        if call.get(f"Attributes.{name}") is not None:
            yield f"{name} is supported only for FIFO topics."


def _message(call: Call) -> Iterator[str]:
    size = len(str(call.get("Message") or "").encode())
    if size == 0:
        yield "Empty message."
    elif size > _MAX_BYTES:
        yield f"Message too long: {size} bytes, at most {_MAX_BYTES} are allowed."


def _structured(call: Call) -> Iterator[str]:
    if call.get("MessageStructure") == "json":
        message = parsed(call.get("Message"))
        if not isinstance(message, dict) or not isinstance(message.get("default"), str):
            yield "Message Structure - No default entry in JSON message body."


def _group(call: Call) -> Iterator[str]:
    arn = str(call.get("TopicArn") or call.get("TargetArn") or "")
    if arn.endswith(".fifo") and not call.get("MessageGroupId"):
        yield "The MessageGroupId parameter is required for FIFO topics."
    if arn and not arn.endswith(".fifo") and call.get("MessageDeduplicationId"):
        yield "MessageDeduplicationId is supported only for FIFO topics."


def _endpoint(call: Call) -> Iterator[str]:
    protocol, endpoint = str(call.get("Protocol")), str(call.get("Endpoint"))
    pattern = _ENDPOINTS.get(protocol)
    if pattern and not re.fullmatch(pattern, endpoint):
        yield f"Endpoint {endpoint} does not match the protocol {protocol}."


def _fifo_subscription(call: Call) -> Iterator[str]:
    if str(call.get("TopicArn")).endswith(".fifo") and call.get("Protocol") != "sqs":
        yield f"Invalid protocol type: {call.get('Protocol')}: FIFO topics deliver to queues only."


def _delivery_role(call: Call) -> Iterator[str]:
    if call.get("Protocol") == "firehose" and not call.get("Attributes.SubscriptionRoleArn"):
        yield "SubscriptionRoleArn is required for subscriptions of the protocol firehose."


def _raw(call: Call) -> Iterator[str]:
    raw = call.get("Attributes.RawMessageDelivery")
    protocol = call.get("Protocol")
    if raw == "true" and protocol not in ("http", "https", "sqs", "firehose"):
        yield f"RawMessageDelivery is not supported for the protocol {protocol}."


def _topic_attribute(call: Call) -> Iterator[str]:
    name = str(call.get("AttributeName"))
    if name not in _TOPIC_ATTRIBUTES and not _FEEDBACK.fullmatch(name):
        yield f"AttributeName {name} is not an attribute of topics."


def _sizes(call: Call) -> Iterator[str]:
    total = sum(len(str(text).encode()) for _, text in call.values(f"{_BATCH}[].Message"))
    if total > _MAX_BYTES:
        yield f"The batch has {total} bytes, at most {_MAX_BYTES} are allowed."


RULES = Catalogue(
    "sns",
    matching(
        "topic-name",
        "CreateTopic",
        "Name",
        r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo",
        "have 1 to 256 letters, digits, underscores and hyphens, and may end with .fifo",
        source="CreateTopic, Name",
        fails={"Name": "own topic"},
        passes=_NAMED,
    ),
    rule(
        "fifo-name",
        "CreateTopic",
        "Names of FIFO topics, and no others, end with .fifo.",
        _fifo_name,
        source="CreateTopic, Name: for a FIFO topic, the name must end with the .fifo suffix",
        fails={"Name": "own", "Attributes.FifoTopic": "true"},
        passes={"Name": "own.fifo", "Attributes.FifoTopic": "true"},
    ),
    rule(
        "fifo-attributes",
        "CreateTopic",
        "ContentBasedDeduplication, FifoThroughputScope and ArchivePolicy are of FIFO topics.",
        _fifo_attributes,
        source="CreateTopic, Attributes: the following attributes apply only to FIFO topics",
        fails={**_NAMED, "Attributes.ContentBasedDeduplication": "true"},
        passes={
            "Name": "own.fifo",
            "Attributes.FifoTopic": "true",
            "Attributes.ContentBasedDeduplication": "true",
        },
    ),
    attribute_range(
        "MaximumMessageSize",
        1_024,
        _MAX_BYTES,
        on=_CREATE,
        code=_CODE,
        base=_NAMED,
        source="CreateTopic, Attributes: valid values are 1024 to 1048576",
    ),
    attribute_choice(
        "SignatureVersion",
        ("1", "2"),
        on=_CREATE,
        code=_CODE,
        base=_NAMED,
        source="CreateTopic, Attributes: SignatureVersion",
    ),
    attribute_choice(
        "TracingConfig",
        ("PassThrough", "Active"),
        on=_CREATE,
        code=_CODE,
        base=_NAMED,
        source="CreateTopic, Attributes: TracingConfig",
    ),
    sized(
        "display-name",
        "CreateTopic",
        "Attributes.DisplayName",
        None,
        100,
        of="characters",
        source="Amazon SNS Developer Guide, Creating a topic: display name up to 100 characters",
        fails={**_NAMED, "Attributes.DisplayName": "a" * 101},
        passes={**_NAMED, "Attributes.DisplayName": "own"},
    ),
    json_text(
        "topic-policy",
        "CreateTopic",
        "Attributes.Policy",
        source="CreateTopic, Attributes: Policy, the policy that defines who can access the topic",
        fails={**_NAMED, "Attributes.Policy": "all"},
        passes={**_NAMED, "Attributes.Policy": "{}"},
    ),
    rule(
        "topic-attribute",
        "SetTopicAttributes",
        "AttributeName is an attribute of topics that can be set.",
        _topic_attribute,
        source="SetTopicAttributes, AttributeName",
        fails={"TopicArn": _TOPIC, "AttributeName": "Owner"},
        passes={"TopicArn": _TOPIC, "AttributeName": "DisplayName"},
    ),
    exactly_one(
        "publish-target",
        "Publish",
        "TopicArn",
        "TargetArn",
        "PhoneNumber",
        source="Publish, TopicArn: if you don't specify a value, you must specify another one",
        fails={"Message": "text"},
        passes=_PUBLISH,
    ),
    rule(
        "message",
        "Publish",
        "A message is not empty, and has at most 1 MiB.",
        _message,
        source="Publish, Message",
        fails={"TopicArn": _TOPIC, "Message": ""},
        passes=_PUBLISH,
    ),
    matching(
        "subject",
        "Publish",
        "Subject",
        r"[!-~][ -~]{0,98}",
        "be ASCII text without line breaks, begin with a letter, number or punctuation mark, and "
        "have less than 100 characters",
        source="Publish, Subject: constraints",
        fails={**_PUBLISH, "Subject": "line\nbreak"},
        passes={**_PUBLISH, "Subject": "Drift of churn"},
    ),
    choice(
        "message-structure",
        "Publish",
        "MessageStructure",
        ("json",),
        source="Publish, MessageStructure: valid value: json",
        fails={**_PUBLISH, "MessageStructure": "xml"},
        passes={**_PUBLISH, "MessageStructure": "json", "Message": '{"default": "text"}'},
    ),
    rule(
        "message-default",
        "Publish",
        "A message of the structure json is a JSON object with a text named default.",
        _structured,
        source="Publish, MessageStructure: the value of Message must be syntactically valid JSON",
        fails={**_PUBLISH, "MessageStructure": "json", "Message": "{}"},
        passes={**_PUBLISH, "MessageStructure": "json", "Message": '{"default": "text"}'},
    ),
    rule(
        "message-group",
        "Publish",
        "Messages to FIFO topics have a MessageGroupId, others have no MessageDeduplicationId.",
        _group,
        source="Publish, MessageGroupId, MessageDeduplicationId: apply to FIFO topics",
        fails={"TopicArn": _FIFO, "Message": "text"},
        passes={"TopicArn": _FIFO, "Message": "text", "MessageGroupId": "own"},
    ),
    matching(
        "attribute-type",
        "Publish",
        "MessageAttributes{}.DataType",
        _DATA_TYPE,
        "be String, String.Array, Number or Binary",
        source="MessageAttributeValue, DataType",
        code="ParameterValueInvalid",
        fails={**_PUBLISH, "MessageAttributes.own.DataType": "Date"},
        passes={
            **_PUBLISH,
            "MessageAttributes.own.DataType": "String",
            "MessageAttributes.own.StringValue": "a",
        },
    ),
    sized(
        "batch-size",
        "PublishBatch",
        _BATCH,
        None,
        10,
        source="PublishBatch: up to 10 messages; TooManyEntriesInBatchRequestException",
        code="TooManyEntriesInBatchRequest",
        fails={f"{_BATCH}[{n}].Id": str(n) for n in range(11)},
        passes={f"{_BATCH}[0].Id": "1"},
    ),
    sized(
        "batch-empty",
        "PublishBatch",
        _BATCH,
        1,
        None,
        source="PublishBatch, EmptyBatchRequestException",
        code="EmptyBatchRequest",
        fails={},
        passes={f"{_BATCH}[0].Id": "1"},
    ),
    unique(
        "batch-ids",
        "PublishBatch",
        _BATCH,
        "Id",
        source="PublishBatch, BatchEntryIdsNotDistinctException",
        code="BatchEntryIdsNotDistinct",
        fails={f"{_BATCH}[0].Id": "1", f"{_BATCH}[1].Id": "1"},
        passes={f"{_BATCH}[0].Id": "1", f"{_BATCH}[1].Id": "2"},
    ),
    matching(
        "batch-id",
        "PublishBatch",
        f"{_BATCH}[].Id",
        r"[A-Za-z0-9_-]{1,80}",
        "have 1 to 80 letters, digits, underscores and hyphens",
        source="PublishBatch, InvalidBatchEntryIdException",
        code="InvalidBatchEntryId",
        fails={f"{_BATCH}[0].Id": "one two"},
        passes={f"{_BATCH}[0].Id": "one"},
    ),
    rule(
        "batch-bytes",
        "PublishBatch",
        "The messages of a batch have at most 1 MiB.",
        _sizes,
        source="PublishBatch, BatchRequestTooLongException",
        code="BatchRequestTooLong",
        fails={f"{_BATCH}[0].Message": "a" * (_MAX_BYTES + 1)},
        passes={f"{_BATCH}[0].Message": "text"},
    ),
    choice(
        "protocol",
        "Subscribe",
        "Protocol",
        _PROTOCOLS,
        source="Subscribe, Protocol: supported protocols",
        fails={"TopicArn": _TOPIC, "Protocol": "queue"},
        passes=_SUBSCRIBE,
    ),
    required(
        "endpoint",
        "Subscribe",
        "Endpoint",
        source="Subscribe, Endpoint: endpoints vary by protocol",
        fails={"TopicArn": _TOPIC, "Protocol": "sqs"},
        passes=_SUBSCRIBE,
    ),
    rule(
        "endpoint-of-protocol",
        "Subscribe",
        "The endpoint is one of the protocol: an address, a URL or an ARN.",
        _endpoint,
        source="Subscribe, Endpoint",
        fails={**_SUBSCRIBE, "Protocol": "https"},
        passes={**_SUBSCRIBE, "Protocol": "https", "Endpoint": "https://example.com"},
    ),
    rule(
        "fifo-protocol",
        "Subscribe",
        "FIFO topics deliver to queues of Amazon SQS only.",
        _fifo_subscription,
        source="Amazon SNS Developer Guide, FIFO topics: message delivery",
        fails={
            "TopicArn": _FIFO,
            "Protocol": "lambda",
            "Endpoint": "arn:aws:lambda:us-east-1:111111111111:function:own",
        },
        passes={"TopicArn": _FIFO, "Protocol": "sqs", "Endpoint": f"{_QUEUE}.fifo"},
    ),
    rule(
        "delivery-role",
        "Subscribe",
        "Subscriptions of Firehose have a SubscriptionRoleArn.",
        _delivery_role,
        source="Subscribe, Attributes: SubscriptionRoleArn is required for Firehose",
        fails={
            "TopicArn": _TOPIC,
            "Protocol": "firehose",
            "Endpoint": "arn:aws:firehose:us-east-1:111111111111:deliverystream/own",
        },
        passes={
            "TopicArn": _TOPIC,
            "Protocol": "firehose",
            "Endpoint": "arn:aws:firehose:us-east-1:111111111111:deliverystream/own",
            "Attributes.SubscriptionRoleArn": "arn:aws:iam::111111111111:role/own",
        },
    ),
    rule(
        "raw-delivery",
        "Subscribe",
        "Raw messages are delivered to Amazon SQS, Firehose, HTTP and HTTPS.",
        _raw,
        source="Subscribe, Attributes: RawMessageDelivery",
        fails={
            "TopicArn": _TOPIC,
            "Protocol": "email",
            "Endpoint": "a@example.com",
            "Attributes.RawMessageDelivery": "true",
        },
        passes={**_SUBSCRIBE, "Attributes.RawMessageDelivery": "true"},
    ),
    json_text(
        "filter-policy",
        "Subscribe",
        "Attributes.FilterPolicy",
        accepts=lambda policy: isinstance(policy, dict),
        source="Subscribe, Attributes: FilterPolicy, the simple JSON object",
        fails={**_SUBSCRIBE, "Attributes.FilterPolicy": "[]"},
        passes={**_SUBSCRIBE, "Attributes.FilterPolicy": "{}"},
    ),
    choice(
        "filter-scope",
        "Subscribe",
        "Attributes.FilterPolicyScope",
        ("MessageAttributes", "MessageBody"),
        source="Subscribe, Attributes: FilterPolicyScope",
        fails={**_SUBSCRIBE, "Attributes.FilterPolicyScope": "Message"},
        passes={**_SUBSCRIBE, "Attributes.FilterPolicyScope": "MessageBody"},
    ),
    choice(
        "subscription-attribute",
        "SetSubscriptionAttributes",
        "AttributeName",
        _SUBSCRIPTION_ATTRIBUTES,
        source="SetSubscriptionAttributes, AttributeName",
        fails={"AttributeName": "Protocol"},
        passes={"AttributeName": "FilterPolicy"},
    ),
    without(
        "permission-actions",
        "AddPermission",
        "ActionName[]",
        r"^(?!(AddPermission|DeleteTopic|GetTopicAttributes|ListSubscriptionsByTopic|Publish"
        r"|RemovePermission|SetTopicAttributes|Subscribe|GetDataProtectionPolicy"
        r"|PutDataProtectionPolicy)$)",
        "be anything but an action on topics",
        source="AddPermission, ActionName: valid values: any Amazon SNS action name",
        fails={"ActionName[0]": "SendMessage"},
        passes={"ActionName[0]": "Publish"},
    ),
    *tag_rules("sns", source="TagResource; Tag"),
    error=_CODE,
)
