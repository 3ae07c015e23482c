"""Rules of the requests of AWS Step Functions.

Sources name operations and shapes of the AWS Step Functions API Reference.
"""

from collections.abc import Iterator

from rehearsal.framework.rules.kinds import (
    any_of,
    exactly_one,
    forbids,
    only_with,
    requires,
    rule,
    sized,
    without,
)
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules
from rehearsal.ministack.request_rules.attribute_kinds import json_text

_MACHINE = "arn:aws:states:us-east-1:111111111111:stateMachine:own"
_RUN = "arn:aws:states:us-east-1:111111111111:mapRun:own/run:1"
_GROUP = "arn:aws:logs:us-east-1:111111111111:log-group:own"
_NAMES = ("CreateStateMachine", "CreateActivity", "StartExecution", "StartSyncExecution")
_INVALID = r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\U0010ffff]"""
_MACHINES = ("CreateStateMachine", "UpdateStateMachine")
_LOGGING = "loggingConfiguration"
_DESTINATION = f"{_LOGGING}.destinations[0].cloudWatchLogsLogGroup.logGroupArn"
_ENCRYPTION = "encryptionConfiguration"
_ROUTES = "routingConfiguration"
_ALIASES = ("CreateStateMachineAlias", "UpdateStateMachineAlias")
_ALIAS = {f"{_ROUTES}[0].stateMachineVersionArn": f"{_MACHINE}:1", f"{_ROUTES}[0].weight": 100}


def _version(call: Call) -> Iterator[str]:
    if call.get("versionDescription") and not call.get("publish"):
        yield "Version description can only be set when publish is true."


def _level(call: Call) -> Iterator[str]:
    level = call.get(f"{_LOGGING}.level") or "OFF"
    if level != "OFF" and not call.get(f"{_LOGGING}.destinations"):
        yield f"Invalid Logging Configuration: the log level {level} requires a destination."


def _weights(call: Call) -> Iterator[str]:
    weights = [weight for _, weight in call.values(f"{_ROUTES}[].weight")]
    if weights and sum(weights) != 100:
        yield f"Sum of routing configuration weights must equal 100; got {sum(weights)}."


def _machines(call: Call) -> Iterator[str]:
    versions = [str(arn) for _, arn in call.values(f"{_ROUTES}[].stateMachineVersionArn")]
    if len({arn.rpartition(":")[0] for arn in versions}) > 1:
        yield "Routing configuration must contain versions of the same state machine."
    if len(set(versions)) < len(versions):
        yield "Routing configuration must contain distinct versions."


def _redriven(call: Call) -> Iterator[str]:
    if call.get("statusFilter") == "PENDING_REDRIVE" and not call.get("mapRunArn"):
        yield "The statusFilter PENDING_REDRIVE requires mapRunArn."


def _bytes(call: Call) -> Iterator[str]:
    for place in ("input", "output"):
        size = len(str(call.get(place) or "").encode())
        if size > 262_144:
            yield f"{place} has {size} bytes of UTF-8, at most 262,144 are allowed."


RULES = Catalogue(
    "stepfunctions",
    without(
        "name",
        _NAMES,
        "name",
        _INVALID,
        "contain white space, brackets, wildcards or special characters",
        source="CreateStateMachine, name: a name must not contain",
        code="InvalidName",
        fails={"name": "own machine"},
        passes={"name": "own-machine"},
    ),
    rule(
        "version-description",
        _MACHINES,
        "versionDescription requires publish true.",
        _version,
        source="CreateStateMachine, versionDescription: throws ValidationException",
        fails={"definition": "{}", "versionDescription": "first"},
        passes={"definition": "{}", "versionDescription": "first", "publish": True},
    ),
    any_of(
        "update",
        "UpdateStateMachine",
        "definition",
        "roleArn",
        _LOGGING,
        "tracingConfiguration",
        _ENCRYPTION,
        source="UpdateStateMachine: you must include at least one; MissingRequiredParameter",
        code="MissingRequiredParameter",
        fails={},
        passes={"definition": "{}"},
    ),
    without(
        "log-group",
        _MACHINES,
        f"{_LOGGING}.destinations[].cloudWatchLogsLogGroup.logGroupArn",
        r"(?<!:\*)$",
        "end with anything but :*",
        source="CloudWatchLogsLogGroup, logGroupArn: the ARN must end with :*",
        code="InvalidLoggingConfiguration",
        fails={"definition": "{}", _DESTINATION: _GROUP},
        passes={"definition": "{}", _DESTINATION: f"{_GROUP}:*"},
    ),
    rule(
        "log-destination",
        _MACHINES,
        "A log level other than OFF requires a destination.",
        _level,
        source="LoggingConfiguration, destinations: required if your log level is not set to OFF",
        code="InvalidLoggingConfiguration",
        fails={"definition": "{}", f"{_LOGGING}.level": "ALL"},
        passes={
            "definition": "{}",
            f"{_LOGGING}.level": "ALL",
            _DESTINATION: f"{_GROUP}:*",
        },
    ),
    sized(
        "log-destinations",
        _MACHINES,
        f"{_LOGGING}.destinations",
        None,
        1,
        source="LoggingConfiguration, destinations: limited to size 1",
        code="InvalidLoggingConfiguration",
        fails={
            "definition": "{}",
            _DESTINATION: f"{_GROUP}:*",
            _DESTINATION.replace("[0]", "[1]"): f"{_GROUP}:*",
        },
        passes={"definition": "{}", _DESTINATION: f"{_GROUP}:*"},
    ),
    requires(
        "encryption-key",
        (*_MACHINES, "CreateActivity"),
        "type",
        "kmsKeyId",
        at=_ENCRYPTION,
        when="CUSTOMER_MANAGED_KMS_KEY",
        source="EncryptionConfiguration, kmsKeyId",
        code="InvalidEncryptionConfiguration",
        fails={"definition": "{}", f"{_ENCRYPTION}.type": "CUSTOMER_MANAGED_KMS_KEY"},
        passes={
            "definition": "{}",
            f"{_ENCRYPTION}.type": "CUSTOMER_MANAGED_KMS_KEY",
            f"{_ENCRYPTION}.kmsKeyId": "alias/own",
        },
    ),
    forbids(
        "encryption-of-aws",
        (*_MACHINES, "CreateActivity"),
        "type",
        "kmsKeyId",
        at=_ENCRYPTION,
        when="AWS_OWNED_KEY",
        source="EncryptionConfiguration, type",
        code="InvalidEncryptionConfiguration",
        fails={
            "definition": "{}",
            f"{_ENCRYPTION}.type": "AWS_OWNED_KEY",
            f"{_ENCRYPTION}.kmsKeyId": "alias/own",
        },
        passes={"definition": "{}", f"{_ENCRYPTION}.type": "AWS_OWNED_KEY"},
    ),
    only_with(
        "encryption-period",
        (*_MACHINES, "CreateActivity"),
        "kmsDataKeyReusePeriodSeconds",
        "type",
        "CUSTOMER_MANAGED_KMS_KEY",
        at=_ENCRYPTION,
        source="EncryptionConfiguration, kmsDataKeyReusePeriodSeconds: only with a customer key",
        code="InvalidEncryptionConfiguration",
        fails={
            "definition": "{}",
            f"{_ENCRYPTION}.type": "AWS_OWNED_KEY",
            f"{_ENCRYPTION}.kmsDataKeyReusePeriodSeconds": 60,
        },
        passes={
            "definition": "{}",
            f"{_ENCRYPTION}.type": "CUSTOMER_MANAGED_KMS_KEY",
            f"{_ENCRYPTION}.kmsKeyId": "alias/own",
            f"{_ENCRYPTION}.kmsDataKeyReusePeriodSeconds": 60,
        },
    ),
    exactly_one(
        "executions-of",
        "ListExecutions",
        "stateMachineArn",
        "mapRunArn",
        source="ListExecutions: either a mapRunArn or a stateMachineArn, but not both",
        fails={"stateMachineArn": _MACHINE, "mapRunArn": _RUN},
        passes={"stateMachineArn": _MACHINE},
    ),
    rule(
        "pending-redrive",
        "ListExecutions",
        "The statusFilter PENDING_REDRIVE requires mapRunArn.",
        _redriven,
        source="ListExecutions, statusFilter",
        fails={"stateMachineArn": _MACHINE, "statusFilter": "PENDING_REDRIVE"},
        passes={"mapRunArn": _RUN, "statusFilter": "PENDING_REDRIVE"},
    ),
    any_of(
        "alias-update",
        "UpdateStateMachineAlias",
        "description",
        _ROUTES,
        source="UpdateStateMachineAlias: at least one of description or routingConfiguration",
        fails={},
        passes={"description": "own"},
    ),
    rule(
        "alias-weights",
        _ALIASES,
        "The weights of the routing configuration are 100 together.",
        _weights,
        source="RoutingConfigurationListItem, weight",
        fails={**_ALIAS, f"{_ROUTES}[0].weight": 90},
        passes=_ALIAS,
    ),
    rule(
        "alias-versions",
        _ALIASES,
        "The versions of an alias are different ones of the same state machine.",
        _machines,
        source="RoutingConfigurationListItem, stateMachineVersionArn",
        fails={
            f"{_ROUTES}[0].stateMachineVersionArn": f"{_MACHINE}:1",
            f"{_ROUTES}[0].weight": 50,
            f"{_ROUTES}[1].stateMachineVersionArn": f"{_MACHINE}-two:1",
            f"{_ROUTES}[1].weight": 50,
        },
        passes={
            f"{_ROUTES}[0].stateMachineVersionArn": f"{_MACHINE}:1",
            f"{_ROUTES}[0].weight": 50,
            f"{_ROUTES}[1].stateMachineVersionArn": f"{_MACHINE}:2",
            f"{_ROUTES}[1].weight": 50,
        },
    ),
    json_text(
        "execution-input",
        ("StartExecution", "StartSyncExecution"),
        "input",
        source="StartExecution, input; InvalidExecutionInput",
        code="InvalidExecutionInput",
        fails={"stateMachineArn": _MACHINE, "input": "{"},
        passes={"stateMachineArn": _MACHINE, "input": "{}"},
    ),
    rule(
        "payload-size",
        ("StartExecution", "StartSyncExecution", "SendTaskSuccess"),
        "Input and output have at most 262,144 bytes of UTF-8.",
        _bytes,
        source="StartExecution, input: length constraints are expressed as bytes in UTF-8",
        code="InvalidExecutionInput",
        fails={"stateMachineArn": _MACHINE, "input": f'"{"ü" * 140_000}"'},
        passes={"stateMachineArn": _MACHINE, "input": '"ü"'},
    ),
    json_text(
        "task-output",
        "SendTaskSuccess",
        "output",
        source="SendTaskSuccess, output; InvalidOutput",
        code="InvalidOutput",
        fails={"output": "text"},
        passes={"output": '"text"'},
    ),
    any_of(
        "map-run-update",
        "UpdateMapRun",
        "maxConcurrency",
        "toleratedFailurePercentage",
        "toleratedFailureCount",
        source="UpdateMapRun: updates an in-progress Map Run's configuration",
        fails={"mapRunArn": _RUN},
        passes={"mapRunArn": _RUN, "maxConcurrency": 5},
    ),
    *tag_rules("stepfunctions", tags="tags", source="TagResource, tags; Tag"),
)
