"""Rules of Amazon SQS's requests.

Sources name operations and shapes of the Amazon SQS API Reference.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import (
    bounded,
    matching,
    rule,
    sized,
    unique,
    without,
)
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import reserved_tag_rule
from rehearsal.ministack.request_rules.attribute_kinds import (
    attribute_choice,
    attribute_range,
    parsed,
)

_VALUE, _NAME = "InvalidAttributeValue", "InvalidAttributeName"
_BOTH = ("CreateQueue", "SetQueueAttributes")
_QUEUE = {"QueueName": "own"}
_FIFO = {"QueueName": "own.fifo", "Attributes.FifoQueue": "true"}
_URL = "https://sqs.us-east-1.amazonaws.com/111111111111/own"
_FIFO_URL = f"{_URL}.fifo"
_DEAD = "arn:aws:sqs:us-east-1:111111111111:dead"
_REDRIVE = f'{{"maxReceiveCount": 5, "deadLetterTargetArn": "{_DEAD}"}}'
_MAX_BYTES = 1_048_576
_ATTRIBUTES = (
    *("DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "Policy"),
    *("ReceiveMessageWaitTimeSeconds", "VisibilityTimeout", "RedrivePolicy"),
    *("RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"),
    *("SqsManagedSseEnabled", "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope"),
    "FifoThroughputLimit",
)
_FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_OUTSIDE_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_BATCHES = ("SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch")
_RESERVED = re.compile(r"(aws|amazon)\.", re.IGNORECASE)


def _messages(call: Call) -> list[Mapping[str, Any]]:
    """Returns the messages of a request, which is one itself unless it is a batch."""
    if call.operation.endswith("Batch"):
        return [message for _, message in call.values("Entries[]")]
    return [call.request]


def _invalid(name: str, value: Any) -> str:
    return f"Value {value} for parameter {name} is invalid"


def _within(name: str, low: int, high: int) -> Callable[[Call], Iterator[str]]:
    def check(call: Call) -> Iterator[str]:
        for message in _messages(call):
            given = message.get(name)
            if given is not None and not low <= given <= high:
                yield f"Value {given} for parameter {name} is invalid: it is {low} to {high:,}."

    return check


def _attribute_names(call: Call) -> Iterator[str]:
    for name in call.get("Attributes") or {}:
        if name not in _ATTRIBUTES:
            yield f"Unknown Attribute {name}."


def _fifo_name(call: Call) -> Iterator[str]:
    name, fifo = str(call.get("QueueName")), call.get("Attributes.FifoQueue")
    if fifo == "true" and not name.endswith(".fifo"):
        yield (
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
            "underscores, must end with .fifo suffix and be 1 to 80 in length."
        )
    if fifo != "true" and name.endswith(".fifo"):
        yield "Only the name of a FIFO queue, with the attribute FifoQueue true, ends with .fifo."


def _fifo_attributes(call: Call) -> Iterator[str]:
    if call.get("Attributes.FifoQueue") == "true":
        return
    for name in _FIFO_ONLY:
        if call.get(f"Attributes.{name}") is not None:
            yield f"Unknown Attribute {name}: it applies only to FIFO queues."


def _throughput(call: Call) -> Iterator[str]:
    if (
        call.get("Attributes.FifoThroughputLimit") == "perMessageGroupId"
        and call.get("Attributes.DeduplicationScope") != "messageGroup"
    ):
        yield "The perMessageGroupId value is allowed only when DeduplicationScope is messageGroup."


def _encryption(call: Call) -> Iterator[str]:
    managed = call.get("Attributes.SqsManagedSseEnabled") == "true"
    if managed and call.get("Attributes.KmsMasterKeyId"):
        yield "You can use one type of server-side encryption at one time: SSE-KMS or SSE-SQS."


def _redrive(call: Call) -> Iterator[str]:
    for _, text in call.values("Attributes.RedrivePolicy"):
        if text == "":
            continue
        policy = parsed(text)
        if not isinstance(policy, dict) or "deadLetterTargetArn" not in policy:
            yield f"{_invalid('RedrivePolicy', text)}: deadLetterTargetArn is required."
            continue
        count = str(policy.get("maxReceiveCount", ""))
        if not count.isdigit() or not 1 <= int(count) <= 1_000:
            yield f"{_invalid('RedrivePolicy', text)}: maxReceiveCount is 1 to 1,000."


def _redrive_kind(call: Call) -> Iterator[str]:
    policy = parsed(call.get("Attributes.RedrivePolicy"))
    if not isinstance(policy, dict) or not call.get("QueueName"):
        return
    fifo = str(call.get("QueueName")).endswith(".fifo")
    if fifo != str(policy.get("deadLetterTargetArn")).endswith(".fifo"):
        yield (
            "The dead-letter queue of a FIFO queue must also be a FIFO queue, that of a standard "
            "queue a standard queue."
        )


def _redrive_allow(call: Call) -> Iterator[str]:
    for _, text in call.values("Attributes.RedriveAllowPolicy"):
        policy = parsed(text)
        kinds = ("allowAll", "denyAll", "byQueue")
        if not isinstance(policy, dict) or policy.get("redrivePermission") not in kinds:
            yield f"{_invalid('RedriveAllowPolicy', text)}: one of {', '.join(kinds)}."
            continue
        sources = policy.get("sourceQueueArns") or []
        if (policy["redrivePermission"] == "byQueue") != bool(sources) or len(sources) > 10:
            yield "sourceQueueArns has 1 to 10 ARNs with redrivePermission byQueue, and none else."


def _bodies(call: Call) -> Iterator[str]:
    for message in _messages(call):
        if not message.get("MessageBody"):
            yield "The request must contain the parameter MessageBody."


def _characters(call: Call) -> Iterator[str]:
    for message in _messages(call):
        if _OUTSIDE_XML.search(str(message.get("MessageBody"))):
            yield "Invalid characters found in MessageBody: it can have characters of XML 1.0 only."


def _sizes(call: Call) -> Iterator[str]:
    bodies = (str(message.get("MessageBody", "")) for message in _messages(call))
    total = sum(len(body.encode("utf-8", "replace")) for body in bodies)
    if total > _MAX_BYTES:
        yield f"Message must be shorter than {_MAX_BYTES} bytes; got {total}."


def _group(call: Call) -> Iterator[str]:
    fifo = str(call.get("QueueUrl")).endswith(".fifo")
    for message in _messages(call):
        if fifo and not message.get("MessageGroupId"):
            yield "The request must contain the parameter MessageGroupId."


def _deduplication(call: Call) -> Iterator[str]:
    fifo = str(call.get("QueueUrl")).endswith(".fifo")
    for message in _messages(call):
        if not fifo and message.get("MessageDeduplicationId"):
            yield (
                "The request includes a parameter that is not valid for this queue type: "
                "MessageDeduplicationId."
            )


def _fifo_delay(call: Call) -> Iterator[str]:
    fifo = str(call.get("QueueUrl")).endswith(".fifo")
    for message in _messages(call):
        if fifo and message.get("DelaySeconds"):
            yield (
                "The request includes a parameter that is not valid for this queue type: "
                "DelaySeconds."
            )


def _attribute_keys(call: Call) -> Iterator[str]:
    for message in _messages(call):
        attributes = message.get("MessageAttributes") or {}
        if len(attributes) > 10:
            yield f"Number of message attributes [{len(attributes)}] exceeds the maximum [10]."
        for name in attributes:
            if (
                not re.fullmatch(r"[A-Za-z0-9_.-]{1,256}", name)
                or name.startswith(".")
                or name.endswith(".")
                or ".." in name
                or _RESERVED.match(name)
            ):
                yield f"The message attribute name '{name}' is invalid."


RULES = Catalogue(
    "sqs",
    matching(
        "queue-name",
        "CreateQueue",
        "QueueName",
        r"(?=.{1,80}$)[A-Za-z0-9_-]+(\.fifo)?",
        "have 1 to 80 letters, digits, hyphens and underscores, and may end with .fifo",
        source="CreateQueue, QueueName",
        fails={"QueueName": "own queue"},
        passes=_QUEUE,
    ),
    rule(
        "fifo-name",
        "CreateQueue",
        "Names of FIFO queues, and no others, end with .fifo.",
        _fifo_name,
        source="CreateQueue, QueueName: a FIFO queue name must end with the .fifo suffix",
        fails={**_QUEUE, "Attributes.FifoQueue": "true"},
        passes=_FIFO,
    ),
    rule(
        "attribute-names",
        _BOTH,
        "Attributes are those of queues.",
        _attribute_names,
        source="CreateQueue, Attributes; InvalidAttributeName",
        code=_NAME,
        fails={**_QUEUE, "Attributes.QueueArn": "own"},
        passes={**_QUEUE, "Attributes.DelaySeconds": "0"},
    ),
    rule(
        "fifo-attributes",
        "CreateQueue",
        "ContentBasedDeduplication, DeduplicationScope and FifoThroughputLimit are of FIFO queues.",
        _fifo_attributes,
        source="CreateQueue, Attributes: the following attributes apply only to FIFO queues",
        code=_NAME,
        fails={**_QUEUE, "Attributes.ContentBasedDeduplication": "true"},
        passes={**_FIFO, "Attributes.ContentBasedDeduplication": "true"},
    ),
    *(
        attribute_range(
            attribute,
            low,
            high,
            on=_BOTH,
            code=_VALUE,
            base=_QUEUE,
            source=f"CreateQueue, Attributes: {attribute}",
        )
        for attribute, low, high in (
            ("DelaySeconds", 0, 900),
            ("MaximumMessageSize", 1_024, _MAX_BYTES),
            ("MessageRetentionPeriod", 60, 1_209_600),
            ("ReceiveMessageWaitTimeSeconds", 0, 20),
            ("VisibilityTimeout", 0, 43_200),
            ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
        )
    ),
    *(
        attribute_choice(
            attribute,
            allowed,
            on=_BOTH,
            code=_VALUE,
            base=_FIFO,
            source=f"CreateQueue, Attributes: {attribute}",
        )
        for attribute, allowed in (
            ("ContentBasedDeduplication", ("true", "false")),
            ("DeduplicationScope", ("messageGroup", "queue")),
            ("FifoThroughputLimit", ("perQueue", "perMessageGroupId")),
        )
    ),
    rule(
        "throughput-scope",
        "CreateQueue",
        "FifoThroughputLimit perMessageGroupId requires DeduplicationScope messageGroup.",
        _throughput,
        source="CreateQueue, Attributes: FifoThroughputLimit",
        code=_VALUE,
        fails={**_FIFO, "Attributes.FifoThroughputLimit": "perMessageGroupId"},
        passes={
            **_FIFO,
            "Attributes.FifoThroughputLimit": "perMessageGroupId",
            "Attributes.DeduplicationScope": "messageGroup",
        },
    ),
    rule(
        "one-encryption",
        _BOTH,
        "SqsManagedSseEnabled and KmsMasterKeyId are mutually exclusive.",
        _encryption,
        source="CreateQueue, Attributes: only one server-side encryption option is supported",
        code=_VALUE,
        fails={
            **_QUEUE,
            "Attributes.SqsManagedSseEnabled": "true",
            "Attributes.KmsMasterKeyId": "alias/aws/sqs",
        },
        passes={**_QUEUE, "Attributes.KmsMasterKeyId": "alias/aws/sqs"},
    ),
    rule(
        "redrive-policy",
        _BOTH,
        "A RedrivePolicy has a deadLetterTargetArn, and a maxReceiveCount of 1 to 1,000.",
        _redrive,
        source="CreateQueue, Attributes: RedrivePolicy",
        code=_VALUE,
        fails={
            **_QUEUE,
            "Attributes.RedrivePolicy": _REDRIVE.replace("5", "0"),
        },
        passes={
            **_QUEUE,
            "Attributes.RedrivePolicy": _REDRIVE,
        },
    ),
    rule(
        "dead-letter-kind",
        "CreateQueue",
        "The dead-letter queue is of the same type, standard or FIFO.",
        _redrive_kind,
        source="CreateQueue, Attributes: the dead-letter queue of a FIFO queue must also be one",
        code=_VALUE,
        fails={
            **_FIFO,
            "Attributes.RedrivePolicy": _REDRIVE,
        },
        passes={
            **_QUEUE,
            "Attributes.RedrivePolicy": _REDRIVE,
        },
    ),
    rule(
        "redrive-allow-policy",
        _BOTH,
        "A RedriveAllowPolicy has a redrivePermission, and with byQueue 1 to 10 sourceQueueArns.",
        _redrive_allow,
        source="CreateQueue, Attributes: RedriveAllowPolicy",
        code=_VALUE,
        fails={**_QUEUE, "Attributes.RedriveAllowPolicy": '{"redrivePermission": "byQueue"}'},
        passes={**_QUEUE, "Attributes.RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'},
    ),
    rule(
        "body",
        ("SendMessage", "SendMessageBatch"),
        "The body of a message is not empty.",
        _bodies,
        source="SendMessage, MessageBody: the minimum size is one character",
        code="MissingParameter",
        fails={"QueueUrl": _URL, "MessageBody": ""},
        passes={"QueueUrl": _URL, "MessageBody": "text"},
    ),
    rule(
        "characters",
        ("SendMessage", "SendMessageBatch"),
        "Messages have characters of XML 1.0 only.",
        _characters,
        source="SendMessage, MessageBody; InvalidMessageContents",
        code="InvalidMessageContents",
        fails={"QueueUrl": _URL, "MessageBody": "a\x01"},
        passes={"QueueUrl": _URL, "MessageBody": "a\n"},
    ),
    rule(
        "size",
        ("SendMessage", "SendMessageBatch"),
        "The messages of a request have at most 1 MiB.",
        _sizes,
        source="SendMessage, MessageBody: the maximum is 1,048,576 bytes; BatchRequestTooLong",
        code="InvalidParameterValue",
        fails={"QueueUrl": _URL, "MessageBody": "a" * (_MAX_BYTES + 1)},
        passes={"QueueUrl": _URL, "MessageBody": "a"},
    ),
    rule(
        "delay",
        ("SendMessage", "SendMessageBatch"),
        "DelaySeconds is 0 to 900.",
        _within("DelaySeconds", 0, 900),
        source="SendMessage, DelaySeconds: valid values: 0 to 900",
        fails={"QueueUrl": _URL, "MessageBody": "a", "DelaySeconds": 901},
        passes={"QueueUrl": _URL, "MessageBody": "a", "DelaySeconds": 900},
    ),
    rule(
        "fifo-delay",
        ("SendMessage", "SendMessageBatch"),
        "Messages of FIFO queues have no DelaySeconds.",
        _fifo_delay,
        source="SendMessage, DelaySeconds: when you set FifoQueue, you can't set it per message",
        fails={
            "QueueUrl": _FIFO_URL,
            "MessageBody": "a",
            "MessageGroupId": "g",
            "DelaySeconds": 5,
        },
        passes={"QueueUrl": _FIFO_URL, "MessageBody": "a", "MessageGroupId": "g"},
    ),
    rule(
        "message-group",
        ("SendMessage", "SendMessageBatch"),
        "Messages of FIFO queues have a MessageGroupId.",
        _group,
        source="SendMessage, MessageGroupId: is required for FIFO queues",
        code="MissingParameter",
        fails={"QueueUrl": _FIFO_URL, "MessageBody": "a"},
        passes={"QueueUrl": _FIFO_URL, "MessageBody": "a", "MessageGroupId": "g"},
    ),
    rule(
        "message-deduplication",
        ("SendMessage", "SendMessageBatch"),
        "MessageDeduplicationId is of FIFO queues.",
        _deduplication,
        source="SendMessage, MessageDeduplicationId: applies only to FIFO queues",
        fails={"QueueUrl": _URL, "MessageBody": "a", "MessageDeduplicationId": "d"},
        passes={
            "QueueUrl": _FIFO_URL,
            "MessageBody": "a",
            "MessageGroupId": "g",
            "MessageDeduplicationId": "d",
        },
    ),
    rule(
        "attributes",
        ("SendMessage", "SendMessageBatch"),
        "A message has at most 10 attributes, whose names do not begin with AWS. or Amazon.",
        _attribute_keys,
        source="ReceiveMessage, MessageAttributeNames: the name; Amazon SQS message metadata",
        fails={
            "QueueUrl": _URL,
            "MessageBody": "a",
            **{f"MessageAttributes.a{n}.DataType": "String" for n in range(11)},
        },
        passes={
            "QueueUrl": _URL,
            "MessageBody": "a",
            "MessageAttributes.own.DataType": "String",
        },
    ),
    matching(
        "attribute-type",
        "SendMessage",
        "MessageAttributes{}.DataType",
        r"(String|Number|Binary)(\..{1,249})?",
        "be String, Number or Binary, with or without a label",
        source="MessageAttributeValue, DataType",
        fails={
            "QueueUrl": _URL,
            "MessageBody": "a",
            "MessageAttributes.own.DataType": "Date",
        },
        passes={
            "QueueUrl": _URL,
            "MessageBody": "a",
            "MessageAttributes.own.DataType": "Number.int",
        },
    ),
    sized(
        "batch-size",
        _BATCHES,
        "Entries",
        None,
        10,
        source="SendMessageBatch: up to 10 messages; TooManyEntriesInBatchRequest",
        code="AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        fails={f"Entries[{n}].Id": str(n) for n in range(11)},
        passes={"Entries[0].Id": "1"},
    ),
    sized(
        "batch-empty",
        _BATCHES,
        "Entries",
        1,
        None,
        source="SendMessageBatch, EmptyBatchRequest",
        code="AWS.SimpleQueueService.EmptyBatchRequest",
        fails={},
        passes={"Entries[0].Id": "1"},
    ),
    unique(
        "batch-ids",
        _BATCHES,
        "Entries",
        "Id",
        source="SendMessageBatch, BatchEntryIdsNotDistinct",
        code="AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        fails={"Entries[0].Id": "1", "Entries[1].Id": "1"},
        passes={"Entries[0].Id": "1", "Entries[1].Id": "2"},
    ),
    matching(
        "batch-id",
        _BATCHES,
        "Entries[].Id",
        r"[A-Za-z0-9_-]{1,80}",
        "have 1 to 80 letters, digits, hyphens and underscores",
        source="SendMessageBatchRequestEntry, Id",
        code="AWS.SimpleQueueService.InvalidBatchEntryId",
        fails={"Entries[0].Id": "one two"},
        passes={"Entries[0].Id": "one"},
    ),
    bounded(
        "received-messages",
        "ReceiveMessage",
        "MaxNumberOfMessages",
        1,
        10,
        source="ReceiveMessage, MaxNumberOfMessages: valid values: 1 to 10",
        fails={"MaxNumberOfMessages": 11},
        passes={"MaxNumberOfMessages": 10},
    ),
    bounded(
        "wait-time",
        "ReceiveMessage",
        "WaitTimeSeconds",
        0,
        20,
        source="ReceiveMessage, WaitTimeSeconds; Setting queue parameters: 0 to 20 seconds",
        fails={"WaitTimeSeconds": 21},
        passes={"WaitTimeSeconds": 20},
    ),
    rule(
        "visibility-timeout",
        ("ChangeMessageVisibility", "ReceiveMessage", "ChangeMessageVisibilityBatch"),
        "VisibilityTimeout is 0 to 43,200.",
        _within("VisibilityTimeout", 0, 43_200),
        source="ChangeMessageVisibility, VisibilityTimeout: values range: 0 to 43200",
        fails={"VisibilityTimeout": 43_201},
        passes={"VisibilityTimeout": 43_200},
    ),
    rule(
        "receive-attempt",
        "ReceiveMessage",
        "ReceiveRequestAttemptId is of FIFO queues.",
        lambda call: (
            [f"Value {call.get('ReceiveRequestAttemptId')} is valid for FIFO queues only."]
            if call.get("ReceiveRequestAttemptId")
            and not str(call.get("QueueUrl")).endswith(".fifo")
            else []
        ),
        source="ReceiveMessage, ReceiveRequestAttemptId: applies only to FIFO queues",
        fails={"QueueUrl": _URL, "ReceiveRequestAttemptId": "a"},
        passes={"QueueUrl": _FIFO_URL, "ReceiveRequestAttemptId": "a"},
    ),
    sized(
        "permission-actions",
        "AddPermission",
        "Actions",
        1,
        7,
        source="AddPermission: a policy can have a maximum of seven actions per statement",
        code="OverLimit",
        fails={f"Actions[{n}]": f"SendMessage{n}" for n in range(8)},
        passes={"Label": "own", "Actions[0]": "SendMessage"},
    ),
    matching(
        "permission-label",
        ("AddPermission", "RemovePermission"),
        "Label",
        r"[A-Za-z0-9_-]{1,80}",
        "have 1 to 80 letters, digits, hyphens and underscores",
        source="AddPermission, Label: maximum 80 characters, alphanumeric, hyphens, underscores",
        fails={"Label": "one two", "Actions[0]": "SendMessage"},
        passes={"Label": "one", "Actions[0]": "SendMessage"},
    ),
    bounded(
        "move-rate",
        "StartMessageMoveTask",
        "MaxNumberOfMessagesPerSecond",
        1,
        500,
        source="StartMessageMoveTask, MaxNumberOfMessagesPerSecond: at most 500",
        fails={"SourceArn": _DEAD, "MaxNumberOfMessagesPerSecond": 501},
        passes={"SourceArn": _DEAD, "MaxNumberOfMessagesPerSecond": 500},
    ),
    without(
        "dead-letter-source",
        "StartMessageMoveTask",
        "SourceArn",
        r"^(?!arn:aws[\w-]*:sqs:)",
        "be anything but the ARN of a queue",
        source="StartMessageMoveTask, SourceArn: the ARN of the queue that contains the messages",
        fails={"SourceArn": "own"},
        passes={"SourceArn": _DEAD},
    ),
    reserved_tag_rule("sqs", tags="tags", source="Amazon SQS cost allocation tags"),
    error="InvalidParameterValue",
)
