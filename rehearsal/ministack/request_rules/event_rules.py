"""Rules of Amazon EventBridge's requests.

Sources name operations and shapes of the Amazon EventBridge API Reference.
"""

import re
from collections.abc import Iterator

from rehearsal.framework.rules.kinds import (
    exclusive,
    rule,
    sized,
    unique,
    without,
)
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules
from rehearsal.framework.schedule_expressions import InvalidExpressionError, parse

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
    *tag_rules("events", source="TagResource; Tag"),
)
