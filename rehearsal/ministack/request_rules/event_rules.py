"""Rules of Amazon EventBridge's requests.

Sources name operations and shapes of the Amazon EventBridge API Reference.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from rehearsal.framework.rules.kinds import (
    bounded,
    exactly_one,
    exclusive,
    less,
    only_with,
    requires,
    rule,
    sized,
    unique,
    without,
)
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules
from rehearsal.framework.schedule_expressions import InvalidExpressionError, parse
from rehearsal.ministack.request_rules.attribute_kinds import json_text, parsed

_SCHEDULED = {"Name": "rule", "ScheduleExpression": "rate(1 day)"}
_QUEUE = "arn:aws:sqs:us-east-1:111111111111:queue"
_TARGET = {"Rule": "rule", "Targets[0].Id": "1", "Targets[0].Arn": _QUEUE}
# Rules know no at expression, and the unit of a rate is singular for 1 and plural for others.
_KIND = re.compile(r"cron\(.*\)|rate\((1 (minute|hour|day)|(?!1 )[1-9]\d* (minutes|hours|days))\)")
_PIPELINE = "arn:aws:sagemaker:us-east-1:111111111111:pipeline/train"
# The parameters of a target, and the service in the ARN of targets that take them.
_PARAMETERS = {
    "EcsParameters": "ecs",
    "KinesisParameters": "kinesis",
    "BatchParameters": "batch",
    "SqsParameters": "sqs",
    "SageMakerPipelineParameters": "sagemaker",
}


_TRANSFORMED = {
    **_TARGET,
    "Targets[0].InputTransformer.InputTemplate": '"<name>"',
    "Targets[0].InputTransformer.InputPathsMap.name": "$.detail.name",
}
_BLOCKS = "Targets[0].RunCommandParameters.RunCommandTargets"
_COMMAND = {**_TARGET, f"{_BLOCKS}[0].Key": "tag:a", f"{_BLOCKS}[0].Values[0]": "a"}
_TASK = {
    **_TARGET,
    "Targets[0].Arn": "arn:aws:ecs:us-east-1:111111111111:cluster/own",
    "Targets[0].EcsParameters.TaskDefinitionArn": "arn:aws:ecs:us-east-1:111111111111:task/own",
}
_JOB = {
    **_TARGET,
    "Targets[0].Arn": "arn:aws:batch:us-east-1:111111111111:job-queue/own",
    "Targets[0].BatchParameters.JobDefinition": "own",
    "Targets[0].BatchParameters.JobName": "own",
}
_MANDATORY = ("id", "account", "source", "time", "region", "resources", "detail-type")
_EVENT = json.dumps(dict.fromkeys(_MANDATORY, "a") | {"resources": []})
_AUTHORIZATION = {
    "BASIC": "BasicAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
}
_API_KEY = {
    "AuthParameters.ApiKeyAuthParameters.ApiKeyName": "own",
    "AuthParameters.ApiKeyAuthParameters.ApiKeyValue": "own",
}
_CONDITION = {
    "Condition.Type": "StringEquals",
    "Condition.Key": "aws:PrincipalOrgID",
    "Condition.Value": "o-a1b2c3d4e5",
}


def _is_pattern(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, list) or (isinstance(one, dict) and _is_pattern(one)) or key == "$or"
        for key, one in value.items()
    )


def _tested_event(call: Call) -> Iterator[str]:
    event = parsed(call.get("Event"))
    missing = [name for name in _MANDATORY if not isinstance(event, dict) or name not in event]
    if missing:
        yield f"Parameter Event is not valid. Reason: it lacks {', '.join(missing)}."


def _authorization(call: Call) -> Iterator[str]:
    kind = call.get("AuthorizationType")
    expected = _AUTHORIZATION.get(str(kind))
    if expected and not call.get(f"AuthParameters.{expected}"):
        yield f"AuthorizationType {kind} requires AuthParameters.{expected}."


def _permission(call: Call) -> Iterator[str]:
    if call.get("Policy"):
        return
    if missing := [x for x in ("Action", "Principal", "StatementId") if not call.get(x)]:
        yield f"{', '.join(missing)} must be specified if there is no Policy."


def _organization(call: Call) -> Iterator[str]:
    if call.get("Condition") and call.get("Principal") != "*":
        yield f"If you specify Condition, Principal must be *; got {call.get('Principal')}."


def _schedule(call: Call) -> Iterator[str]:
    expression = call.get("ScheduleExpression")
    if not expression:
        return
    try:
        if not _KIND.fullmatch(str(expression)):
            raise InvalidExpressionError
        parse(str(expression))
    except InvalidExpressionError:
        yield "Parameter ScheduleExpression is not valid."


def _schedule_bus(call: Call) -> Iterator[str]:
    bus = str(call.get("EventBusName") or "default").rpartition("/")[2]
    if call.get("ScheduleExpression") and bus != "default":
        yield "ScheduleExpression is supported only on the default event bus."


def _parameters(call: Call) -> Iterator[str]:
    for _, target in call.values("Targets[]"):
        arn = str(target.get("Arn", ""))
        service = arn.split(":")[2] if arn.count(":") >= 5 else ""
        for member, expected in _PARAMETERS.items():
            if target.get(member) and service != expected:
                yield f"Parameter(s) {member} not valid for target {target.get('Id')}: {arn}."


RULES = Catalogue(
    "events",
    rule(
        "schedule-expression",
        "PutRule",
        "ScheduleExpression is a valid rate or cron expression.",
        _schedule,
        source="PutRule, ScheduleExpression; Creating a rule that runs on a schedule",
        fails={**_SCHEDULED, "ScheduleExpression": "rate(1 days)"},
        passes=_SCHEDULED,
    ),
    rule(
        "schedule-bus",
        "PutRule",
        "Rules with a ScheduleExpression are on the default event bus.",
        _schedule_bus,
        source="EventBridge User Guide, Creating a rule that runs on a schedule",
        fails={**_SCHEDULED, "EventBusName": "own"},
        passes={**_SCHEDULED, "EventBusName": "default"},
    ),
    sized(
        "targets-of-rule",
        "PutTargets",
        "Targets",
        None,
        5,
        source="EventBridge quotas, Targets per rule",
        code="LimitExceededException",
        fails={
            "Rule": "rule",
            **{f"Targets[{n}].Id": str(n) for n in range(6)},
            **{f"Targets[{n}].Arn": _QUEUE for n in range(6)},
        },
        passes=_TARGET,
    ),
    unique(
        "target-ids",
        "PutTargets",
        "Targets",
        "Id",
        source="Target, Id: the ID of the target within the specified rule",
        fails={**_TARGET, "Targets[1].Id": "1", "Targets[1].Arn": _QUEUE},
        passes={**_TARGET, "Targets[1].Id": "2", "Targets[1].Arn": _QUEUE},
    ),
    exclusive(
        "target-input",
        "PutTargets",
        "Input",
        "InputPath",
        "InputTransformer",
        at="Targets[]",
        source="PutTargets: Input, InputPath, and InputTransformer are mutually exclusive",
        fails={**_TARGET, "Targets[0].Input": "{}", "Targets[0].InputPath": "$"},
        passes={**_TARGET, "Targets[0].Input": "{}"},
    ),
    rule(
        "target-parameters",
        "PutTargets",
        "The parameters of a target are those of the target's service.",
        _parameters,
        source="Target, for instance SageMakerPipelineParameters: if you specify a pipeline",
        fails={
            **_TARGET,
            "Targets[0].SageMakerPipelineParameters.PipelineParameterList[0].Name": "a",
            "Targets[0].SageMakerPipelineParameters.PipelineParameterList[0].Value": "b",
        },
        passes={
            **_TARGET,
            "Targets[0].Arn": _PIPELINE,
            "Targets[0].RoleArn": "arn:aws:iam::111111111111:role/r",
            "Targets[0].SageMakerPipelineParameters.PipelineParameterList[0].Name": "a",
            "Targets[0].SageMakerPipelineParameters.PipelineParameterList[0].Value": "b",
        },
    ),
    without(
        "dead-letter-queue",
        "PutTargets",
        "Targets[].DeadLetterConfig.Arn",
        r"^(?!arn:[\w-]+:sqs:)|\.fifo$",
        "be anything but the ARN of a standard queue of Amazon SQS",
        source="EventBridge User Guide, Using dead-letter queues: only standard queues",
        fails={**_TARGET, "Targets[0].DeadLetterConfig.Arn": f"{_QUEUE}.fifo"},
        passes={**_TARGET, "Targets[0].DeadLetterConfig.Arn": _QUEUE},
    ),
    without(
        "bus-name",
        "CreateEventBus",
        "Name",
        r"^default$",
        "be default, which each account has already",
        source="CreateEventBus, Name: you can't use the name default for a custom event bus",
        fails={"Name": "default"},
        passes={"Name": "own"},
    ),
    without(
        "custom-bus-name",
        "CreateEventBus",
        "Name",
        r"^(?!aws\.partner/).*/",
        "contain / unless it is a partner event bus",
        source="CreateEventBus, Name: custom event bus names can't contain the / character",
        fails={"Name": "own/bus"},
        passes={"Name": "own-bus"},
    ),
    exclusive(
        "permission-policy",
        "PutPermission",
        "Policy",
        "StatementId",
        source="PutPermission, Policy: if you include a Policy parameter, don't use the others",
        fails={"Policy": "{}", "StatementId": "one"},
        passes={"Policy": "{}"},
    ),
    json_text(
        "target-json",
        "PutTargets",
        "Targets[].Input",
        source="Target, Input: valid JSON text passed to the target",
        fails={**_TARGET, "Targets[0].Input": "text"},
        passes={**_TARGET, "Targets[0].Input": "{}"},
    ),
    without(
        "path-notation",
        "PutTargets",
        "Targets[].InputTransformer.InputPathsMap{}",
        r"\[['\"]",
        "have bracket notation: use JSON dot notation",
        source="InputTransformer, InputPathsMap: you must use JSON dot notation",
        fails={**_TRANSFORMED, "Targets[0].InputTransformer.InputPathsMap.name": "$['detail']"},
        passes=_TRANSFORMED,
    ),
    sized(
        "run-command-targets",
        "PutTargets",
        "Targets[].RunCommandParameters.RunCommandTargets",
        None,
        1,
        source="RunCommandParameters, RunCommandTargets: only one block",
        fails={**_COMMAND, f"{_BLOCKS}[1].Key": "tag:b", f"{_BLOCKS}[1].Values[0]": "b"},
        passes=_COMMAND,
    ),
    requires(
        "fargate-network",
        "PutTargets",
        "LaunchType",
        "NetworkConfiguration",
        at="Targets[].EcsParameters",
        when="FARGATE",
        source="EcsParameters, NetworkConfiguration: required if LaunchType is FARGATE",
        fails={**_TASK, "Targets[0].EcsParameters.LaunchType": "FARGATE"},
        passes={**_TASK, "Targets[0].EcsParameters.LaunchType": "EC2"},
    ),
    only_with(
        "platform-version",
        "PutTargets",
        "PlatformVersion",
        "LaunchType",
        "FARGATE",
        at="Targets[].EcsParameters",
        source="EcsParameters, PlatformVersion: used only if LaunchType is FARGATE",
        fails={
            **_TASK,
            "Targets[0].EcsParameters.LaunchType": "EC2",
            "Targets[0].EcsParameters.PlatformVersion": "LATEST",
        },
        passes=_TASK,
    ),
    exclusive(
        "capacity-provider",
        "PutTargets",
        "LaunchType",
        "CapacityProviderStrategy",
        at="Targets[].EcsParameters",
        source="EcsParameters, CapacityProviderStrategy: the launchType must be omitted",
        fails={
            **_TASK,
            "Targets[0].EcsParameters.LaunchType": "EC2",
            "Targets[0].EcsParameters.CapacityProviderStrategy[0].capacityProvider": "own",
        },
        passes={**_TASK, "Targets[0].EcsParameters.LaunchType": "EC2"},
    ),
    bounded(
        "batch-array",
        "PutTargets",
        "Targets[].BatchParameters.ArrayProperties.Size",
        2,
        10_000,
        source="BatchArrayProperties, Size: integers between 2 and 10,000",
        fails={**_JOB, "Targets[0].BatchParameters.ArrayProperties.Size": 1},
        passes={**_JOB, "Targets[0].BatchParameters.ArrayProperties.Size": 2},
    ),
    bounded(
        "batch-attempts",
        "PutTargets",
        "Targets[].BatchParameters.RetryStrategy.Attempts",
        1,
        10,
        source="BatchRetryStrategy, Attempts: valid values are 1-10",
        fails={**_JOB, "Targets[0].BatchParameters.RetryStrategy.Attempts": 11},
        passes={**_JOB, "Targets[0].BatchParameters.RetryStrategy.Attempts": 10},
    ),
    json_text(
        "event-pattern",
        ("PutRule", "CreateArchive", "UpdateArchive", "TestEventPattern"),
        "EventPattern",
        accepts=_is_pattern,
        text="EventPattern is a JSON object whose values are lists or objects.",
        source="PutRule, EventPattern; InvalidEventPatternException",
        code="InvalidEventPatternException",
        fails={"Name": "rule", "EventPattern": '{"source": "aws.s3"}'},
        passes={"Name": "rule", "EventPattern": '{"source": ["aws.s3"]}'},
    ),
    rule(
        "tested-event",
        "TestEventPattern",
        "The tested event has id, account, source, time, region, resources and detail-type.",
        _tested_event,
        source="TestEventPattern, Event: mandatory fields of the JSON",
        fails={"EventPattern": '{"source": ["a"]}', "Event": "{}"},
        passes={"EventPattern": '{"source": ["a"]}', "Event": _EVENT},
    ),
    rule(
        "connection-parameters",
        ("CreateConnection", "UpdateConnection"),
        "AuthParameters have the parameters of the AuthorizationType.",
        _authorization,
        source="CreateConnection, AuthorizationType, AuthParameters",
        fails={"Name": "own", "AuthorizationType": "BASIC", **_API_KEY},
        passes={"Name": "own", "AuthorizationType": "API_KEY", **_API_KEY},
    ),
    less(
        "replay-times",
        "StartReplay",
        "EventStartTime",
        "EventEndTime",
        source="StartReplay, EventStartTime, EventEndTime: the time stamps of the range",
        fails={"EventStartTime": 1_700_000_001, "EventEndTime": 1_700_000_000},
        passes={"EventStartTime": 1_700_000_000, "EventEndTime": 1_700_000_001},
    ),
    rule(
        "permission-members",
        "PutPermission",
        "Without a Policy, Action, Principal and StatementId are specified.",
        _permission,
        source="PutPermission, Action, Principal, StatementId",
        fails={"Action": "events:PutEvents", "Principal": "111111111111"},
        passes={"Action": "events:PutEvents", "Principal": "*", "StatementId": "own"},
    ),
    rule(
        "permission-organization",
        "PutPermission",
        "A Condition requires the Principal *.",
        _organization,
        source="PutPermission, Condition: if you specify Condition, Principal must be *",
        fails={
            "Action": "events:PutEvents",
            "Principal": "111111111111",
            "StatementId": "own",
            **_CONDITION,
        },
        passes={
            "Action": "events:PutEvents",
            "Principal": "*",
            "StatementId": "own",
            **_CONDITION,
        },
    ),
    exactly_one(
        "removed-permission",
        "RemovePermission",
        "StatementId",
        "RemoveAllPermissions",
        source="RemovePermission, StatementId, RemoveAllPermissions",
        fails={},
        passes={"StatementId": "own"},
    ),
    *tag_rules("events", source="TagResource; Tag"),
)
