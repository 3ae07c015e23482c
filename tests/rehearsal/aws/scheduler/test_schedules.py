"""Schedules on the running server: what is due is called with the role of the target."""

from __future__ import annotations

import datetime
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

SCHEDULER = {"Service": "scheduler.amazonaws.com"}
SDK = "arn:aws:scheduler:::aws-sdk"
OFF = {"Mode": "OFF"}


def _name(prefix: str = "due") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def _eventually(check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := check()):
        if time.monotonic() > deadline:
            pytest.fail("It did not happen within 20 seconds")
        time.sleep(0.1)
    return found


def _queue(aws: Any) -> tuple[str, str]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=_name("queue"))["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]


def _message(aws: Any, url: str) -> dict[str, Any]:
    sqs = aws.client("sqs")
    found: dict[str, Any] = _eventually(
        lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
    )[0]
    return found


def _role(aws: Any, *allows: dict[str, Any]) -> str:
    arn: str = aws.role(_name("role"), SCHEDULER, *allows)
    return arn


def _create(aws: Any, target: dict[str, Any], **options: Any) -> str:
    name: str = options.pop("Name", _name())
    given = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF, **options}
    client = given.pop("client", None) or aws.client("scheduler")
    client.create_schedule(Name=name, Target=target, **given)
    return name


def test_a_universal_target_calls_the_api_with_the_role_and_fills_in_the_context(aws: Any) -> None:
    url, queue = _queue(aws)
    role = _role(aws, {"Action": "sqs:SendMessage", "Resource": queue})
    body = (
        "<aws.scheduler.execution-id> <aws.scheduler.attempt-number> <aws.scheduler.schedule-arn>"
    )
    text = json.dumps({"QueueUrl": url, "messageBody": body})
    # A rate begins at once.
    name = _create(aws, {"Arn": f"{SDK}:sqs:sendMessage", "RoleArn": role, "Input": text})
    execution, attempt, schedule = _message(aws, url)["Body"].split()
    assert len(execution) == 16
    assert attempt == "1"
    assert schedule == f"arn:aws:scheduler:us-east-1:111111111111:schedule/default/{name}"


def test_a_role_that_may_not_leaves_a_dead_letter_that_says_why(aws: Any) -> None:
    url, queue = _queue(aws)
    role = _role(aws, {"Action": "sqs:SendMessage", "Resource": queue})
    group = _name("group")
    _create(
        aws,
        {
            "Arn": f"{SDK}:sagemaker:createModelPackageGroup",
            "RoleArn": role,
            "Input": json.dumps({"ModelPackageGroupName": group}),
            "DeadLetterConfig": {"Arn": queue},
        },
    )
    letter = _message(aws, url)
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert json.loads(letter["Body"]) == {"ModelPackageGroupName": group}
    assert told["ERROR_CODE"] == "AccessDeniedException"
    assert "sagemaker:CreateModelPackageGroup" in told["ERROR_MESSAGE"]
    assert told["RETRY_ATTEMPTS"] == "0"
    assert told["TARGET_ARN"].endswith(":createModelPackageGroup")
    assert "/default/" in told["SCHEDULE_ARN"]
    listed = aws.client("cloudwatch").list_metrics
    name = "InvocationsSentToDeadLetterCount"
    _eventually(lambda: listed(Namespace="AWS/Scheduler", MetricName=name)["Metrics"])
    with pytest.raises(ClientError, match="Could not find"):
        aws.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)


def test_templated_targets_are_reached_with_the_role(aws: Any) -> None:
    url, queue = _queue(aws)
    topic = aws.client("sns").create_topic(Name=_name("topic"))["TopicArn"]
    sqs_role = _role(aws, {"Action": "sqs:SendMessage", "Resource": queue})
    _create(aws, {"Arn": queue, "RoleArn": sqs_role})
    event = json.loads(_message(aws, url)["Body"])
    assert (event["source"], event["detail-type"]) == ("aws.scheduler", "Scheduled Event")
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    sns_role = _role(aws, {"Action": "sns:Publish", "Resource": topic})
    _create(aws, {"Arn": topic, "RoleArn": sns_role, "Input": '"hello"'})
    bodies: list[str] = []

    def published() -> bool:
        found = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        bodies.extend(m["Body"] for m in found.get("Messages", []))
        return any("hello" in body for body in bodies)

    _eventually(published)


def test_a_pipeline_and_a_state_machine_are_started_with_their_parameters(aws: Any) -> None:
    name = _name("pipe")
    execution = aws.role(_name("exec"), {"Service": "sagemaker.amazonaws.com"})
    aws.client("sagemaker").create_pipeline(
        PipelineName=name, PipelineDefinition="{}", RoleArn=execution, ClientRequestToken="t" * 32
    )
    arn = f"arn:aws:sagemaker:us-east-1:111111111111:pipeline/{name}"
    role = _role(aws, {"Action": "sagemaker:StartPipelineExecution", "Resource": arn})
    _create(aws, {"Arn": arn, "RoleArn": role})
    listed = aws.client("sagemaker").list_pipeline_executions
    _eventually(lambda: listed(PipelineName=name)["PipelineExecutionSummaries"])
    states = aws.client("stepfunctions")
    passing = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    acting = aws.role(_name("states"), {"Service": "states.amazonaws.com"})
    machine = states.create_state_machine(
        name=_name("m"), definition=json.dumps(passing), roleArn=acting
    )["stateMachineArn"]
    starting = _role(aws, {"Action": "states:StartExecution", "Resource": machine})
    _create(aws, {"Arn": machine, "RoleArn": starting, "Input": '{"a": 1}'})
    started = _eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    found = states.describe_execution(executionArn=started[0]["executionArn"])
    assert json.loads(found["input"]) == {"a": 1}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"Arn": f"{SDK}:sagemaker:createTransformJobs", "Input": "{}"}, "has no action"),
        ({"Arn": f"{SDK}:sagemaker:CreateTransformJob", "Input": "{}"}, "it is written create"),
        ({"Arn": f"{SDK}:sagemakr:createTransformJob", "Input": "{}"}, "no service sagemakr"),
        ({"Arn": f"{SDK}:sqs:listQueues"}, "only reads"),
        ({"Arn": f"{SDK}:sqs:sendMessage"}, "Input is required"),
        ({"Arn": f"{SDK}:sqs:sendMessage", "Input": "hello"}, "well-formed JSON"),
        ({"Arn": "arn:aws:kinesis:us-east-1:111111111111:stream/s"}, "does not deliver to"),
        ({"Arn": "arn:aws:events:us-east-1:111111111111:event-bus/b"}, "EventBridgeParameters is"),
    ],
)
def test_a_target_that_cannot_be_called_is_refused_by_name(
    aws: Any, target: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientError, match=expected) as raised:
        _create(aws, {**target, "RoleArn": _role(aws)})
    assert raised.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"ScheduleExpression": "cron(0 0 * * * *)"}, "Invalid Schedule Expression"),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes is required"),
        (
            {"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}},
            "MaximumWindowInMinutes must not be set",
        ),
        ({"StartDate": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)}, "The StartDate"),
        ({"EndDate": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)}, "The EndDate"),
        ({"GroupName": "nowhere"}, "Schedule group nowhere does not exist"),
    ],
)
def test_a_schedule_that_aws_refuses_is_refused(
    aws: Any, options: dict[str, Any], expected: str
) -> None:
    _, queue = _queue(aws)
    with pytest.raises(ClientError, match=expected):
        _create(aws, {"Arn": queue, "RoleArn": _role(aws)}, **options)


def test_the_caller_must_pass_the_role_and_the_role_trust_the_group(aws: Any) -> None:
    _, queue = _queue(aws)
    role = _role(aws)
    person = aws.person(_name("person"), {"Action": "scheduler:*"})
    with pytest.raises(ClientError, match="iam:PassRole"):
        _create(aws, {"Arn": queue, "RoleArn": role}, client=aws.client("scheduler", person))
    trust = {
        "Effect": "Allow",
        "Principal": SCHEDULER,
        "Action": "sts:AssumeRole",
        "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:scheduler:us-east-1:1:other"}},
    }
    aws.client("iam").update_assume_role_policy(
        RoleName=role.rsplit("/", 1)[-1],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume"):
        _create(aws, {"Arn": queue, "RoleArn": role})


def test_a_disabled_schedule_waits_and_one_that_is_done_may_delete_itself(aws: Any) -> None:
    url, queue = _queue(aws)
    role = _role(aws, {"Action": "sqs:SendMessage", "Resource": queue})
    target = {"Arn": queue, "RoleArn": role, "Input": '"at"'}
    scheduler = aws.client("scheduler")
    asleep = _create(aws, {**target, "Input": '"disabled"'}, State="DISABLED")
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    once = _create(
        aws,
        target,
        ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ActionAfterCompletion="DELETE",
    )
    assert _message(aws, url)["Body"] == '"at"'
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=once)
    scheduler.update_schedule(
        Name=asleep,
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow=OFF,
        Target={**target, "Input": '"woken"'},
    )
    assert _message(aws, url)["Body"] == '"woken"'


def test_groups_hold_tags_and_take_their_schedules_with_them(aws: Any) -> None:
    _, queue = _queue(aws)
    scheduler, group = aws.client("scheduler"), _name("group")
    arn = scheduler.create_schedule_group(Name=group, Tags=[{"Key": "a", "Value": "b"}])[
        "ScheduleGroupArn"
    ]
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    held = _create(aws, {"Arn": queue, "RoleArn": _role(aws)}, GroupName=group, State="DISABLED")
    listed = scheduler.list_schedules(GroupName=group)["Schedules"]
    assert [found["Name"] for found in listed] == [held]
    scheduler.delete_schedule_group(Name=group)
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=held, GroupName=group)
    with pytest.raises(ClientError, match="default schedule group cannot be deleted"):
        scheduler.delete_schedule_group(Name="default")


def test_a_stack_creates_updates_replaces_and_deletes_schedules(aws: Any) -> None:
    _, queue = _queue(aws)
    role, stack, scheduler = _role(aws), _name("stack"), aws.client("scheduler")

    def resources(expression: str, **properties: Any) -> dict[str, Any]:
        schedule = {
            "GroupName": {"Ref": "Group"},
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": OFF,
            "State": "DISABLED",
            "Target": {"Arn": queue, "RoleArn": role},
            **properties,
        }
        return {
            "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {}},
            "Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": schedule},
        }

    outputs = {
        "Group": {"Value": {"Ref": "Group"}},
        "Name": {"Value": {"Ref": "Schedule"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Schedule", "Arn"]}},
    }

    def deploy(given: dict[str, Any], update: bool) -> dict[str, str]:
        done = aws.deploy(stack, given, outputs=outputs, update=update)
        assert done["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), done["Reasons"]
        return {output["OutputKey"]: output["OutputValue"] for output in done["Outputs"]}

    made = deploy(resources("rate(1 hour)"), update=False)
    assert made["Arn"].endswith(f"schedule/{made['Group']}/{made['Name']}")
    changed = deploy(resources("rate(2 hours)"), update=True)
    assert changed == made
    found = scheduler.get_schedule(Name=made["Name"], GroupName=made["Group"])
    assert found["ScheduleExpression"] == "rate(2 hours)"
    replaced = deploy(resources("rate(2 hours)", Name=_name("named")), update=True)
    assert replaced["Name"] != made["Name"]
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=made["Name"], GroupName=made["Group"])
    aws.client("cloudformation").delete_stack(StackName=stack)
    _eventually(lambda: _gone(aws, stack))
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule_group(Name=made["Group"])


def _gone(aws: Any, stack: str) -> bool:
    try:
        found = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError:
        return True
    return bool(found[0]["StackStatus"] == "DELETE_COMPLETE")


def test_a_stack_whose_role_may_not_pass_the_role_fails(aws: Any) -> None:
    _, queue = _queue(aws)
    deployer = aws.role(
        _name("deployer"), {"Service": "cloudformation.amazonaws.com"}, {"Action": "scheduler:*"}
    )
    schedule = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "ScheduleExpression": "rate(1 hour)",
            "FlexibleTimeWindow": OFF,
            "Target": {"Arn": queue, "RoleArn": _role(aws)},
        },
    }
    done = aws.deploy(_name("stack"), {"Schedule": schedule}, RoleARN=deployer)
    assert done["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "iam:PassRole" in done["Reasons"][0]
