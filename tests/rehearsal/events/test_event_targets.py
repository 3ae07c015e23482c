"""Targets of rules on the running server, and their dead letters."""

from __future__ import annotations

import json
from typing import Any

from tests.rehearsal.deliveries import eventually, new_queue, received_by
from tests.rehearsal.rules import new_rule, send


def new_machine(aws: Any, name: str) -> str:
    role = aws.role(f"{name}-acts", {"Service": "states.amazonaws.com"})
    passing = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    arn: str = aws.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(passing), roleArn=role
    )["stateMachineArn"]
    return arn


def test_a_state_machine_is_started_with_the_role_of_its_target(aws: Any) -> None:
    machine = new_machine(aws, "rule-machine")
    allow = {"Action": "states:StartExecution", "Resource": machine}
    role = aws.role("rule-starts", {"Service": "events.amazonaws.com"}, allow)
    new_rule(aws, "to-machine", {"Arn": machine, "RoleArn": role})
    send(aws, "to-machine")
    states = aws.client("stepfunctions")
    started = eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    found = states.describe_execution(executionArn=started[0]["executionArn"])
    assert json.loads(found["input"])["source"] == "test.to-machine"


def test_a_state_machine_that_the_role_may_not_start_leaves_a_dead_letter(aws: Any) -> None:
    machine = new_machine(aws, "unstarted-machine")
    url, queue = new_queue(aws, "events.amazonaws.com")
    role = aws.role("rule-starts-not", {"Service": "events.amazonaws.com"})
    target = {"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": queue}}
    new_rule(aws, "not-to-machine", target)
    send(aws, "not-to-machine")
    letter = received_by(aws, url)
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert told["RULE_ARN"] == "arn:aws:events:us-east-1:111111111111:rule/not-to-machine"
    assert told["TARGET_ARN"] == machine
    assert told["ERROR_CODE"] == "AccessDeniedException"
    assert "states:StartExecution" in told["ERROR_MESSAGE"]
    assert json.loads(letter["Body"])["source"] == "test.not-to-machine"
    assert not aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]


def test_a_queue_and_a_topic_whose_policies_do_not_let_events_get_none(aws: Any) -> None:
    letters, dead = new_queue(aws, "events.amazonaws.com")
    closed_url, closed = new_queue(aws, "sns.amazonaws.com")
    sns = aws.client("sns")
    topic = sns.create_topic(Name="closed-topic")["TopicArn"]
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    for name, target in (("to-closed-queue", closed), ("to-closed-topic", topic)):
        new_rule(aws, name, {"Arn": target, "DeadLetterConfig": {"Arn": dead}})
        send(aws, name)
        letter = received_by(aws, letters)
        told = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
        assert told["TARGET_ARN"] == target
        assert "events.amazonaws.com is not authorized" in told["ERROR_MESSAGE"]
        aws.client("sqs").delete_message(QueueUrl=letters, ReceiptHandle=letter["ReceiptHandle"])
    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=closed_url)


def test_an_event_reaches_the_bus_of_another_account_that_lets_it(aws: Any) -> None:
    other = aws.session("222222222222")
    theirs = aws.client("events", other)
    bus = "arn:aws:events:us-east-1:222222222222:event-bus/registry"
    policy = {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "registry"}},
        "Lets": {
            "Type": "AWS::Events::EventBusPolicy",
            "Properties": {
                "EventBusName": {"Ref": "Bus"},
                "StatementId": "lets",
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                    "Action": "events:PutEvents",
                    "Resource": bus,
                },
            },
        },
    }
    cloudformation = aws.client("cloudformation", other)
    made = aws.deploy("registry-bus", policy, client=cloudformation)
    assert made["StackStatus"] == "CREATE_COMPLETE", made["Reasons"]
    assert "lets" in theirs.describe_event_bus(Name="registry")["Policy"]
    sqs = aws.client("sqs", other)
    url = sqs.create_queue(QueueName="theirs")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:222222222222:theirs"
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    pattern = json.dumps({"account": ["111111111111"]})
    theirs.put_rule(Name="received", EventBusName="registry", EventPattern=pattern)
    theirs.put_targets(
        Rule="received", EventBusName="registry", Targets=[{"Id": "q", "Arn": queue}]
    )
    letters, dead = new_queue(aws, "events.amazonaws.com")
    allowed = {"Action": "events:PutEvents", "Resource": bus}
    role = aws.role("forwards", {"Service": "events.amazonaws.com"}, allowed)
    new_rule(aws, "forward", {"Arn": bus, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}})
    send(aws, "forward")
    received = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert json.loads(received[0]["Body"])["source"] == "test.forward"
    theirs.remove_permission(EventBusName="registry", StatementId="lets")
    send(aws, "forward")
    letter = received_by(aws, letters)
    assert (
        "no resource-based policy allows"
        in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    )
