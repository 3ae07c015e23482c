"""Targets that a schedule calls with their role."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.deliveries import eventually, new_queue, received_by, unique
from tests.rehearsal.services.scheduler.schedules import SDK, new_role, new_schedule


def test_a_universal_target_calls_the_api_with_the_role_and_fills_in_the_context(aws: Any) -> None:
    url, queue = new_queue(aws)
    role = new_role(aws, {"Action": "sqs:SendMessage", "Resource": queue})
    body = (
        "<aws.scheduler.execution-id> <aws.scheduler.attempt-number> <aws.scheduler.schedule-arn>"
    )
    text = json.dumps({"QueueUrl": url, "messageBody": body})
    # A rate begins at once.
    name = new_schedule(aws, {"Arn": f"{SDK}:sqs:sendMessage", "RoleArn": role, "Input": text})
    execution, attempt, schedule = received_by(aws, url)["Body"].split()
    assert len(execution) == 16
    assert attempt == "1"
    assert schedule == f"arn:aws:scheduler:us-east-1:111111111111:schedule/default/{name}"


def test_a_role_that_may_not_leaves_a_dead_letter_that_says_why(aws: Any) -> None:
    url, queue = new_queue(aws)
    role = new_role(aws, {"Action": "sqs:SendMessage", "Resource": queue})
    group = unique("group")
    new_schedule(
        aws,
        {
            "Arn": f"{SDK}:sagemaker:createModelPackageGroup",
            "RoleArn": role,
            "Input": json.dumps({"ModelPackageGroupName": group}),
            "DeadLetterConfig": {"Arn": queue},
        },
    )
    letter = received_by(aws, url)
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert json.loads(letter["Body"]) == {"ModelPackageGroupName": group}
    assert told["ERROR_CODE"] == "AccessDeniedException"
    assert "sagemaker:CreateModelPackageGroup" in told["ERROR_MESSAGE"]
    assert told["RETRY_ATTEMPTS"] == "0"
    assert told["TARGET_ARN"].endswith(":createModelPackageGroup")
    assert "/default/" in told["SCHEDULE_ARN"]
    listed = aws.client("cloudwatch").list_metrics
    name = "InvocationsSentToDeadLetterCount"
    eventually(lambda: listed(Namespace="AWS/Scheduler", MetricName=name)["Metrics"])
    with pytest.raises(ClientError, match="Could not find"):
        aws.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)


def test_templated_targets_are_reached_with_the_role(aws: Any) -> None:
    url, queue = new_queue(aws)
    topic = aws.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    sqs_role = new_role(aws, {"Action": "sqs:SendMessage", "Resource": queue})
    new_schedule(aws, {"Arn": queue, "RoleArn": sqs_role})
    event = json.loads(received_by(aws, url)["Body"])
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
    sns_role = new_role(aws, {"Action": "sns:Publish", "Resource": topic})
    new_schedule(aws, {"Arn": topic, "RoleArn": sns_role, "Input": '"hello"'})
    bodies: list[str] = []

    def published() -> bool:
        found = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        bodies.extend(m["Body"] for m in found.get("Messages", []))
        return any("hello" in body for body in bodies)

    eventually(published)


def test_a_pipeline_and_a_state_machine_are_started_with_their_parameters(aws: Any) -> None:
    name = unique("pipe")
    execution = aws.role(unique("exec"), {"Service": "sagemaker.amazonaws.com"})
    aws.client("sagemaker").create_pipeline(
        PipelineName=name, PipelineDefinition="{}", RoleArn=execution, ClientRequestToken="t" * 32
    )
    arn = f"arn:aws:sagemaker:us-east-1:111111111111:pipeline/{name}"
    role = new_role(aws, {"Action": "sagemaker:StartPipelineExecution", "Resource": arn})
    new_schedule(aws, {"Arn": arn, "RoleArn": role})
    listed = aws.client("sagemaker").list_pipeline_executions
    eventually(lambda: listed(PipelineName=name)["PipelineExecutionSummaries"])
    states = aws.client("stepfunctions")
    passing = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    acting = aws.role(unique("states"), {"Service": "states.amazonaws.com"})
    machine = states.create_state_machine(
        name=unique("m"), definition=json.dumps(passing), roleArn=acting
    )["stateMachineArn"]
    starting = new_role(aws, {"Action": "states:StartExecution", "Resource": machine})
    new_schedule(aws, {"Arn": machine, "RoleArn": starting, "Input": '{"a": 1}'})
    started = eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"])
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
def test_a_target_that_cannot_be_called_is_rejected_by_name(
    aws: Any, target: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientError, match=expected) as raised:
        new_schedule(aws, {**target, "RoleArn": new_role(aws)})
    assert raised.value.response["Error"]["Code"] == "ValidationException"
