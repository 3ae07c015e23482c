"""Rules of the requests of AWS Lambda.

Sources name operations and shapes of the AWS Lambda API Reference, and pages of its developer
guide.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from rehearsal.containers.functions.environment import RESERVED
from rehearsal.framework.rules.kinds import (
    bounded,
    exactly_one,
    exclusive,
    only_with,
    requires,
    rule,
    sized,
    without,
)
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import reserved_tag_rule
from rehearsal.ministack.request_rules.attribute_kinds import parsed

_BOTH = ("CreateFunction", "UpdateFunctionConfiguration")
_MAPPINGS = ("CreateEventSourceMapping", "UpdateEventSourceMapping")
_ROLE = "arn:aws:iam::111111111111:role/own"
_FUNCTION: dict[str, Any] = {
    "FunctionName": "own",
    "Role": _ROLE,
    "Runtime": "python3.12",
    "Handler": "index.handler",
    "Code.ZipFile": b"a",
}
_IMAGE = {
    "FunctionName": "own",
    "Role": _ROLE,
    "PackageType": "Image",
    "Code.ImageUri": "111111111111.dkr.ecr.us-east-1.amazonaws.com/own:1",
}
_SOURCE = "arn:aws:sqs:us-east-1:111111111111:queue"
_LAYER = "arn:aws:lambda:us-east-1:111111111111:layer"
_STREAM = "arn:aws:kinesis:us-east-1:111111111111:stream/own"
_TOPIC = "arn:aws:sns:us-east-1:111111111111:own"
_MAPPING = {"FunctionName": "own", "EventSourceArn": _SOURCE}
_STREAMED = {"FunctionName": "own", "EventSourceArn": _STREAM, "StartingPosition": "LATEST"}
_STREAMS = ("kinesis", "dynamodb")
_STREAM_ONLY = (
    *("ParallelizationFactor", "BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds"),
    *("MaximumRetryAttempts", "TumblingWindowInSeconds"),
)
_MAX_ENVIRONMENT = 4_096
_UNRESERVED = 100
_ACCOUNT_CONCURRENCY = 1_000
_MAX_SYNCHRONOUS, _MAX_ASYNCHRONOUS = 6 * 1_048_576, 1_048_576
_SNAP_START = re.compile(r"java(11|17|21|25)|python3\.(1[2-9])|dotnet(8|10)")


def _zip_members(call: Call) -> Iterator[str]:
    if call.get("PackageType") == "Image":
        return
    for member in ("Runtime", "Handler"):
        if not call.get(member):
            yield f"{member} is mandatory for functions created with deployment packages."


def _image_members(call: Call) -> Iterator[str]:
    if call.get("PackageType") != "Image":
        return
    if not call.get("Code.ImageUri"):
        yield "Code.ImageUri is required for functions created with container images."
    for member in ("Runtime", "Handler", "Layers"):
        if call.get(member):
            yield f"Please don't provide {member} when the intended function PackageType is Image."


def _source(call: Call, path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    found = [name for name in ("ZipFile", "S3Bucket", "ImageUri") if call.get(f"{prefix}{name}")]
    if len(found) != 1:
        got = " and ".join(found) or "none"
        yield f"Please provide a source for function code, ZipFile, S3Bucket or ImageUri; got {got}"
    if bool(call.get(f"{prefix}S3Bucket")) != bool(call.get(f"{prefix}S3Key")):
        yield "S3Bucket and S3Key are specified together."


def _short_name(call: Call) -> Iterator[str]:
    name = str(call.get("FunctionName"))
    if ":" not in name and len(name) > 64:
        yield f"A function name is limited to 64 characters; got {len(name)}."


def _reserved(call: Call) -> Iterator[str]:
    given = call.get("Environment.Variables") or {}
    if found := sorted(RESERVED & set(given)):
        yield (
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            f"for modification. Reserved keys used in this request: {', '.join(found)}"
        )


def _variables_size(call: Call) -> Iterator[str]:
    given = call.get("Environment.Variables") or {}
    size = len(json.dumps(given, separators=(",", ":")).encode())
    if size > _MAX_ENVIRONMENT:
        yield (
            "Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the 4KB limit; they have {size} bytes."
        )


def _network(call: Call) -> Iterator[str]:
    subnets, groups = call.get("VpcConfig.SubnetIds"), call.get("VpcConfig.SecurityGroupIds")
    if bool(subnets) != bool(groups):
        yield "SubnetIds and SecurityIds must coexist or be both empty list."


def _file_system(call: Call) -> Iterator[str]:
    if call.get("FileSystemConfigs") and not call.get("VpcConfig.SubnetIds"):
        yield "The function must be connected to a VPC to mount a file system."


def _snap_start(call: Call) -> Iterator[str]:
    if call.get("SnapStart.ApplyOn") != "PublishedVersions":
        return
    runtime = str(call.get("Runtime") or "")
    if call.get("PackageType") == "Image" or (runtime and not _SNAP_START.fullmatch(runtime)):
        yield f"{runtime or 'A container image'} is not supported for SnapStart enabled functions."
    if (call.get("EphemeralStorage.Size") or 512) > 512:
        yield "SnapStart does not support ephemeral storage of more than 512 MB."
    if call.get("FileSystemConfigs"):
        yield "SnapStart does not support Amazon EFS."


def _layers(call: Call) -> Iterator[str]:
    layers = [str(arn).rpartition(":")[0] for arn in call.get("Layers") or []]
    if repeated := sorted({one for one in layers if layers.count(one) > 1}):
        yield f"Two different versions of the same layer are not allowed: {', '.join(repeated)}."


def _service(call: Call) -> str:
    """Returns the service of an event source."""
    arn = str(call.get("EventSourceArn") or "")
    return arn.split(":")[2] if arn.count(":") >= 5 else ""


def _position(call: Call) -> Iterator[str]:
    service, position = _service(call), call.get("StartingPosition")
    if service in _STREAMS and not position:
        yield "1 validation error detected: StartingPosition is required for streams."
    if service == "sqs" and position:
        yield "StartingPosition is not valid for SQS event sources."
    if (position == "AT_TIMESTAMP") != bool(call.get("StartingPositionTimestamp")):
        yield "StartingPositionTimestamp is required for AT_TIMESTAMP, and valid for no other."
    if position == "AT_TIMESTAMP" and service == "dynamodb":
        yield "AT_TIMESTAMP is not supported for Amazon DynamoDB streams."


def _stream_members(call: Call) -> Iterator[str]:
    if _service(call) == "sqs":
        for member in _STREAM_ONLY:
            if call.get(member) not in (None, False):
                yield f"{member} is supported for streams only."


def _batch(call: Call) -> Iterator[str]:
    size, service = call.get("BatchSize") or 0, _service(call)
    window = call.get("MaximumBatchingWindowInSeconds") or 0
    fifo = str(call.get("EventSourceArn")).endswith(".fifo")
    if fifo and (size > 10 or window):
        yield "FIFO queues have a batch size of at most 10, and no batching window."
    elif service == "sqs" and size > 10 and not window:
        yield (
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
            "greater than 10"
        )


def _concurrency(call: Call) -> Iterator[str]:
    if call.get("ScalingConfig") and _service(call) not in ("", "sqs"):
        yield "ScalingConfig is supported for SQS event sources only."


def _filters(call: Call) -> Iterator[str]:
    for _, text in call.values("FilterCriteria.Filters[].Pattern"):
        if not isinstance(parsed(text), dict):
            yield f"Invalid filter pattern definition: {text}."


def _payload(call: Call) -> Iterator[str]:
    size = len(call.get("Payload") or b"")
    kind = call.get("InvocationType") or "RequestResponse"
    limit = _MAX_ASYNCHRONOUS if kind == "Event" else _MAX_SYNCHRONOUS
    if size > limit:
        where = f"the {kind} invocation type (limit {limit} bytes)"
        yield f"{size} byte payload is too large for {where}"


def _alias_weights(call: Call) -> Iterator[str]:
    weights = call.get("RoutingConfig.AdditionalVersionWeights") or {}
    if len(weights) > 1:
        yield "An alias routes to at most one additional version."
    if weights and call.get("FunctionVersion") == "$LATEST":
        yield "$LATEST is not supported for an alias pointing to more than 1 version."


RULES = Catalogue(
    "lambda",
    rule(
        "package",
        "CreateFunction",
        "Runtime and Handler are required for .zip file archives.",
        _zip_members,
        source="CreateFunction, Runtime, Handler: required for a .zip file archive",
        fails={**_FUNCTION, "Handler": None},
        passes=_FUNCTION,
    ),
    rule(
        "image",
        "CreateFunction",
        "Functions from images have an ImageUri, and no Runtime, Handler or Layers.",
        _image_members,
        source="CreateFunction: for a container image, the code property must include the URI",
        fails={**_IMAGE, "Handler": "index.handler"},
        passes=_IMAGE,
    ),
    rule(
        "code",
        "CreateFunction",
        "The code is in ZipFile, in an object of S3 or in an image.",
        lambda call: _source(call, "Code"),
        source="FunctionCode: you can specify either an object in Amazon S3, upload, or image",
        fails={**_FUNCTION, "Code.S3Bucket": "own", "Code.S3Key": "own"},
        passes=_FUNCTION,
    ),
    rule(
        "new-code",
        "UpdateFunctionCode",
        "The code is in ZipFile, in an object of S3 or in an image.",
        lambda call: _source(call, ""),
        source="UpdateFunctionCode, ZipFile, S3Bucket, ImageUri",
        fails={"FunctionName": "own"},
        passes={"FunctionName": "own", "ZipFile": b"a"},
    ),
    rule(
        "name-length",
        ("CreateFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"),
        "A function name without ARN has at most 64 characters.",
        _short_name,
        source="CreateFunction, FunctionName: limited to 64 characters",
        fails={**_FUNCTION, "FunctionName": "a" * 65},
        passes=_FUNCTION,
    ),
    bounded(
        "timeout",
        _BOTH,
        "Timeout",
        1,
        900,
        source="CreateFunction, Timeout; Lambda quotas: function timeout 900 seconds",
        fails={**_FUNCTION, "Timeout": 901},
        passes={**_FUNCTION, "Timeout": 900},
    ),
    bounded(
        "memory",
        _BOTH,
        "MemorySize",
        128,
        10_240,
        source="Lambda quotas: memory allocation 128 MB to 10,240 MB",
        fails={**_FUNCTION, "MemorySize": 10_241},
        passes={**_FUNCTION, "MemorySize": 10_240},
    ),
    rule(
        "reserved-variables",
        _BOTH,
        "Variables do not have the name of a reserved one.",
        _reserved,
        source="Defined runtime environment variables: reserved environment variables",
        fails={**_FUNCTION, "Environment.Variables.AWS_REGION": "eu-west-1"},
        passes={**_FUNCTION, "Environment.Variables.TABLE": "own"},
    ),
    rule(
        "variables-size",
        _BOTH,
        "Variables have at most 4 KB.",
        _variables_size,
        source="Lambda quotas: environment variables 4 KB, in aggregate",
        fails={**_FUNCTION, "Environment.Variables.TABLE": "a" * 4_100},
        passes={**_FUNCTION, "Environment.Variables.TABLE": "a"},
    ),
    sized(
        "layers",
        _BOTH,
        "Layers",
        None,
        5,
        source="Lambda quotas: function layers, five layers",
        fails={
            **_FUNCTION,
            **{
                f"Layers[{n}]": f"arn:aws:lambda:us-east-1:111111111111:layer:l{n}:1"
                for n in range(6)
            },
        },
        passes={**_FUNCTION, "Layers[0]": f"{_LAYER}:own:1"},
    ),
    rule(
        "layer-versions",
        _BOTH,
        "Layers are versions of different layers.",
        _layers,
        source="Adding layers to functions: two versions of the same layer are not allowed",
        fails={
            **_FUNCTION,
            "Layers[0]": f"{_LAYER}:own:1",
            "Layers[1]": f"{_LAYER}:own:2",
        },
        passes={**_FUNCTION, "Layers[0]": f"{_LAYER}:own:1"},
    ),
    without(
        "dead-letter",
        _BOTH,
        "DeadLetterConfig.TargetArn",
        r"^(?!$|arn:aws[\w-]*:(sqs|sns):)",
        "be anything but the ARN of a queue or a topic",
        source="DeadLetterConfig, TargetArn: an Amazon SQS queue or Amazon SNS topic",
        fails={**_FUNCTION, "DeadLetterConfig.TargetArn": "arn:aws:lambda:us-east-1:1:function:a"},
        passes={**_FUNCTION, "DeadLetterConfig.TargetArn": _SOURCE},
    ),
    rule(
        "network",
        _BOTH,
        "A VPC has subnets and security groups.",
        _network,
        source="VpcConfig: a list of VPC subnet and security group IDs",
        fails={**_FUNCTION, "VpcConfig.SubnetIds[0]": "subnet-1"},
        passes={
            **_FUNCTION,
            "VpcConfig.SubnetIds[0]": "subnet-1",
            "VpcConfig.SecurityGroupIds[0]": "sg-1",
        },
    ),
    rule(
        "file-system",
        "CreateFunction",
        "File systems require a VPC.",
        _file_system,
        source="Configuring file system access: the function must be connected to a VPC",
        fails={
            **_FUNCTION,
            "FileSystemConfigs[0].Arn": "arn:aws:elasticfilesystem:us-east-1:111111111111:"
            "access-point/fsap-01234567890123456",
            "FileSystemConfigs[0].LocalMountPath": "/mnt/own",
        },
        passes={
            **_FUNCTION,
            "VpcConfig.SubnetIds[0]": "subnet-1",
            "VpcConfig.SecurityGroupIds[0]": "sg-1",
            "FileSystemConfigs[0].Arn": "arn:aws:elasticfilesystem:us-east-1:111111111111:"
            "access-point/fsap-01234567890123456",
            "FileSystemConfigs[0].LocalMountPath": "/mnt/own",
        },
    ),
    rule(
        "snap-start",
        _BOTH,
        "SnapStart has neither images, nor other runtimes than Java 11, Python 3.12, .NET 8 and "
        "later ones, nor file systems, nor more than 512 MB of ephemeral storage.",
        _snap_start,
        source="Improving startup performance with Lambda SnapStart: supported features",
        fails={**_FUNCTION, "Runtime": "python3.11", "SnapStart.ApplyOn": "PublishedVersions"},
        passes={**_FUNCTION, "SnapStart.ApplyOn": "PublishedVersions"},
    ),
    only_with(
        "log-level",
        _BOTH,
        "ApplicationLogLevel",
        "LogFormat",
        "JSON",
        at="LoggingConfig",
        source="LoggingConfig, ApplicationLogLevel: for functions with JSON log format",
        fails={
            **_FUNCTION,
            "LoggingConfig.LogFormat": "Text",
            "LoggingConfig.ApplicationLogLevel": "INFO",
        },
        passes={
            **_FUNCTION,
            "LoggingConfig.LogFormat": "JSON",
            "LoggingConfig.ApplicationLogLevel": "INFO",
        },
    ),
    only_with(
        "system-log-level",
        _BOTH,
        "SystemLogLevel",
        "LogFormat",
        "JSON",
        at="LoggingConfig",
        source="LoggingConfig, SystemLogLevel: for functions with JSON log format",
        fails={
            **_FUNCTION,
            "LoggingConfig.LogFormat": "Text",
            "LoggingConfig.SystemLogLevel": "INFO",
        },
        passes={
            **_FUNCTION,
            "LoggingConfig.LogFormat": "JSON",
            "LoggingConfig.SystemLogLevel": "INFO",
        },
    ),
    only_with(
        "url-permission",
        "AddPermission",
        "FunctionUrlAuthType",
        "Action",
        "lambda:InvokeFunctionUrl",
        source="AddPermission, FunctionUrlAuthType: the type of authentication of function URLs",
        fails={
            "FunctionName": "own",
            "StatementId": "own",
            "Action": "lambda:InvokeFunction",
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        },
        passes={
            "FunctionName": "own",
            "StatementId": "own",
            "Action": "lambda:InvokeFunctionUrl",
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        },
    ),
    exactly_one(
        "event-source",
        "CreateEventSourceMapping",
        "EventSourceArn",
        "SelfManagedEventSource",
        source="CreateEventSourceMapping, EventSourceArn, SelfManagedEventSource",
        fails={"FunctionName": "own"},
        passes=_MAPPING,
    ),
    rule(
        "starting-position",
        "CreateEventSourceMapping",
        "Streams have a StartingPosition, queues do not; AT_TIMESTAMP has a time.",
        _position,
        source="CreateEventSourceMapping, StartingPosition: required for Kinesis and DynamoDB",
        fails={"FunctionName": "own", "EventSourceArn": _STREAM},
        passes=_STREAMED,
    ),
    rule(
        "stream-members",
        "CreateEventSourceMapping",
        f"{', '.join(_STREAM_ONLY)} are for streams.",
        _stream_members,
        source="CreateEventSourceMapping, ParallelizationFactor: Kinesis and DynamoDB Streams only",
        fails={**_MAPPING, "ParallelizationFactor": 2},
        passes={**_STREAMED, "ParallelizationFactor": 2},
    ),
    rule(
        "batch-window",
        "CreateEventSourceMapping",
        "More than 10 messages of a queue in a batch require a batching window; FIFO queues have "
        "neither.",
        _batch,
        source="CreateEventSourceMapping, MaximumBatchingWindowInSeconds, BatchSize",
        fails={**_MAPPING, "BatchSize": 11},
        passes={**_MAPPING, "BatchSize": 11, "MaximumBatchingWindowInSeconds": 1},
    ),
    rule(
        "scaling",
        "CreateEventSourceMapping",
        "ScalingConfig is for queues of Amazon SQS.",
        _concurrency,
        source="CreateEventSourceMapping, ScalingConfig: Amazon SQS only",
        fails={**_STREAMED, "ScalingConfig.MaximumConcurrency": 5},
        passes={**_MAPPING, "ScalingConfig.MaximumConcurrency": 5},
    ),
    rule(
        "filters",
        _MAPPINGS,
        "Patterns of filters are JSON objects.",
        _filters,
        source="Filter, Pattern; Lambda event filtering: filter rule syntax",
        fails={**_MAPPING, "FilterCriteria.Filters[0].Pattern": "{"},
        passes={**_MAPPING, "FilterCriteria.Filters[0].Pattern": "{}"},
    ),
    rule(
        "alias-weights",
        ("CreateAlias", "UpdateAlias"),
        "An alias with a weight has one additional version, and not $LATEST.",
        _alias_weights,
        source="Lambda aliases, Configuring routing: an alias can't point to $LATEST",
        fails={
            "FunctionName": "own",
            "Name": "live",
            "FunctionVersion": "$LATEST",
            "RoutingConfig.AdditionalVersionWeights.1": 0.5,
        },
        passes={
            "FunctionName": "own",
            "Name": "live",
            "FunctionVersion": "2",
            "RoutingConfig.AdditionalVersionWeights.1": 0.5,
        },
    ),
    without(
        "provisioned-version",
        "PutProvisionedConcurrencyConfig",
        "Qualifier",
        r"^\$LATEST$",
        "be $LATEST",
        source="Configuring provisioned concurrency: the version can't be $LATEST",
        fails={"FunctionName": "own", "Qualifier": "$LATEST"},
        passes={"FunctionName": "own", "Qualifier": "1"},
    ),
    bounded(
        "reserved-concurrency",
        "PutFunctionConcurrency",
        "ReservedConcurrentExecutions",
        0,
        _ACCOUNT_CONCURRENCY - _UNRESERVED,
        source="PutFunctionConcurrency: leave at least 100 simultaneous executions unreserved",
        fails={"FunctionName": "own", "ReservedConcurrentExecutions": 901},
        passes={"FunctionName": "own", "ReservedConcurrentExecutions": 900},
    ),
    without(
        "destination",
        ("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"),
        "DestinationConfig.OnFailure.Destination",
        r"^(?!$|arn:aws[\w-]*:(sqs|sns|lambda|events|s3):)",
        "be anything but the ARN of a queue, topic, bucket, function or event bus",
        source="OnFailure, Destination: Amazon SQS, SNS, S3, Lambda, EventBridge",
        fails={
            "FunctionName": "own",
            "DestinationConfig.OnFailure.Destination": "arn:aws:states:us-east-1:111111111111:a",
        },
        passes={"FunctionName": "own", "DestinationConfig.OnFailure.Destination": _SOURCE},
    ),
    without(
        "success-destination",
        ("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"),
        "DestinationConfig.OnSuccess.Destination",
        r"^(?!$|arn:aws[\w-]*:(sqs|sns|lambda|events):)",
        "be anything but the ARN of a queue, topic, function or event bus",
        source="OnSuccess, Destination: Amazon SQS, SNS, Lambda, EventBridge",
        fails={
            "FunctionName": "own",
            "DestinationConfig.OnSuccess.Destination": "arn:aws:states:us-east-1:111111111111:a",
        },
        passes={"FunctionName": "own", "DestinationConfig.OnSuccess.Destination": _TOPIC},
    ),
    rule(
        "payload",
        "Invoke",
        "A payload has at most 6 MB, with the invocation type Event at most 1 MB.",
        _payload,
        source="Lambda quotas: invocation payload (request and response)",
        code="RequestTooLargeException",
        status=413,
        fails={
            "FunctionName": "own",
            "InvocationType": "Event",
            "Payload": b" " * (_MAX_ASYNCHRONOUS + 1),
        },
        passes={"FunctionName": "own", "Payload": b"{}"},
    ),
    sized(
        "client-context",
        "Invoke",
        "ClientContext",
        None,
        4_780,
        of="characters of base64",
        source="Invoke, ClientContext: up to 3,583 bytes of base64-encoded data",
        fails={"FunctionName": "own", "ClientContext": "a" * 4_781},
        passes={"FunctionName": "own", "ClientContext": "e30="},
    ),
    exclusive(
        "layer-content",
        "PublishLayerVersion",
        "ZipFile",
        "S3Bucket",
        at="Content",
        source="LayerVersionContentInput: either an object in Amazon S3, or upload a layer archive",
        fails={"LayerName": "own", "Content.ZipFile": b"a", "Content.S3Bucket": "own"},
        passes={"LayerName": "own", "Content.ZipFile": b"a"},
    ),
    requires(
        "layer-object",
        "PublishLayerVersion",
        "S3Bucket",
        "S3Key",
        at="Content",
        source="LayerVersionContentInput, S3Key: the Amazon S3 key of the layer archive",
        fails={"LayerName": "own", "Content.S3Bucket": "own"},
        passes={"LayerName": "own", "Content.S3Bucket": "own", "Content.S3Key": "own"},
    ),
    requires(
        "edge-functions",
        "ListFunctions",
        "MasterRegion",
        "FunctionVersion",
        source="ListFunctions, MasterRegion: you must set FunctionVersion to ALL",
        fails={"MasterRegion": "us-east-1"},
        passes={"MasterRegion": "us-east-1", "FunctionVersion": "ALL"},
    ),
    without(
        "latest-version",
        "DeleteFunction",
        "Qualifier",
        r"^\$LATEST$",
        "be $LATEST, which cannot be deleted without deleting the function",
        source="DeleteFunction, Qualifier: specify a version to delete",
        fails={"FunctionName": "own", "Qualifier": "$LATEST"},
        passes={"FunctionName": "own", "Qualifier": "1"},
    ),
    rule(
        "layer-organization",
        "AddLayerVersionPermission",
        "OrganizationId requires the principal *.",
        lambda call: (
            ["OrganizationId is supported only with the Principal *."]
            if call.get("OrganizationId") and call.get("Principal") != "*"
            else []
        ),
        source="AddLayerVersionPermission, OrganizationId: with the principal set to *",
        fails={"Principal": "111111111111", "OrganizationId": "o-a1b2c3d4e5"},
        passes={"Principal": "*", "OrganizationId": "o-a1b2c3d4e5"},
    ),
    reserved_tag_rule("lambda", tags="Tags", source="Tag naming and usage conventions"),
    error="InvalidParameterValueException",
)
