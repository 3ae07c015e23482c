"""Schedules on the running server: validation, groups and stacks."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.deliveries import eventually, new_queue, received_by, unique
from tests.rehearsal.services.scheduler.schedules import OFF, SCHEDULER, new_role, new_schedule


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
        ({"ScheduleExpression": "at(2020-01-01T00:00:00)"}, "cannot be in the past"),
        ({"EndDate": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)}, "The EndDate"),
        ({"GroupName": "nowhere"}, "Schedule group nowhere does not exist"),
    ],
)
def test_a_schedule_that_aws_rejects_is_rejected(
    aws: Any, options: dict[str, Any], expected: str
) -> None:
    _, queue = new_queue(aws)
    with pytest.raises(ClientError, match=expected):
        new_schedule(aws, {"Arn": queue, "RoleArn": new_role(aws)}, **options)


def test_the_caller_must_pass_the_role_and_the_role_trust_the_group(aws: Any) -> None:
    _, queue = new_queue(aws)
    role = new_role(aws)
    person = aws.person(unique("person"), {"Action": "scheduler:*"})
    with pytest.raises(ClientError, match="iam:PassRole"):
        new_schedule(aws, {"Arn": queue, "RoleArn": role}, client=aws.client("scheduler", person))
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
        new_schedule(aws, {"Arn": queue, "RoleArn": role})


def test_a_disabled_schedule_waits_and_one_that_is_done_may_delete_itself(aws: Any) -> None:
    url, queue = new_queue(aws)
    role = new_role(aws, {"Action": "sqs:SendMessage", "Resource": queue})
    target = {"Arn": queue, "RoleArn": role, "Input": '"at"'}
    scheduler = aws.client("scheduler")
    asleep = new_schedule(aws, {**target, "Input": '"disabled"'}, State="DISABLED")
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=4)
    once = new_schedule(
        aws,
        target,
        ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ActionAfterCompletion="DELETE",
    )
    assert received_by(aws, url)["Body"] == '"at"'
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=once)
    scheduler.update_schedule(
        Name=asleep,
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow=OFF,
        Target={**target, "Input": '"woken"'},
    )
    assert received_by(aws, url)["Body"] == '"woken"'


def test_groups_hold_tags_and_take_their_schedules_with_them(aws: Any) -> None:
    _, queue = new_queue(aws)
    scheduler, group = aws.client("scheduler"), unique("group")
    arn = scheduler.create_schedule_group(Name=group, Tags=[{"Key": "a", "Value": "b"}])[
        "ScheduleGroupArn"
    ]
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    held = new_schedule(
        aws, {"Arn": queue, "RoleArn": new_role(aws)}, GroupName=group, State="DISABLED"
    )
    listed = scheduler.list_schedules(GroupName=group)["Schedules"]
    assert [found["Name"] for found in listed] == [held]
    scheduler.delete_schedule_group(Name=group)
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=held, GroupName=group)
    with pytest.raises(ClientError, match="default schedule group cannot be deleted"):
        scheduler.delete_schedule_group(Name="default")


def test_a_stack_creates_updates_replaces_and_deletes_schedules(aws: Any) -> None:
    _, queue = new_queue(aws)
    role, stack, scheduler = new_role(aws), unique("stack"), aws.client("scheduler")

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
    replaced = deploy(resources("rate(2 hours)", Name=unique("named")), update=True)
    assert replaced["Name"] != made["Name"]
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=made["Name"], GroupName=made["Group"])
    aws.client("cloudformation").delete_stack(StackName=stack)
    eventually(lambda: is_gone(aws, stack))
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule_group(Name=made["Group"])


def is_gone(aws: Any, stack: str) -> bool:
    try:
        found = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError:
        return True
    return bool(found[0]["StackStatus"] == "DELETE_COMPLETE")


def test_a_stack_whose_role_may_not_pass_the_role_fails(aws: Any) -> None:
    _, queue = new_queue(aws)
    deployer = aws.role(
        unique("deployer"), {"Service": "cloudformation.amazonaws.com"}, {"Action": "scheduler:*"}
    )
    schedule = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "ScheduleExpression": "rate(1 hour)",
            "FlexibleTimeWindow": OFF,
            "Target": {"Arn": queue, "RoleArn": new_role(aws)},
        },
    }
    done = aws.deploy(unique("stack"), {"Schedule": schedule}, RoleARN=deployer)
    assert done["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "iam:PassRole" in done["Reasons"][0]
