"""Actions of alarms on the running server, and the policies that allow them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.rehearsal.conftest import ACCOUNT
from tests.rehearsal.deliveries import eventually, lets, new_queue, unique
from tests.rehearsal.services.cloudwatch.alarms import new_alarm


def ring(aws: Any, name: str) -> None:
    datum = {
        "MetricName": name,
        "Value": 9.0,
        "Dimensions": [{"Name": "Endpoint", "Value": "churn"}],
    }
    aws.client("cloudwatch").put_metric_data(Namespace="Own", MetricData=[datum])


def reported_action(aws: Any, name: str) -> str:
    """Returns the action in the history of an alarm."""
    history = aws.client("cloudwatch").describe_alarm_history
    found = eventually(
        lambda: history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    )
    told: str = found[0]["HistorySummary"]
    return told


def test_an_alarm_notifies_a_topic_and_puts_an_event(aws: Any) -> None:
    topic = aws.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    url, queue = new_queue(aws, "sns.amazonaws.com", "events.amazonaws.com")
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    name = new_alarm(aws, topic)
    events = aws.client("events")
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": queue}])
    ring(aws, name)
    received: list[dict[str, Any]] = []

    def both() -> bool:
        found = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        received.extend(json.loads(m["Body"]) for m in found.get("Messages", []))
        return len(received) >= 2

    eventually(both)
    envelope = next(m for m in received if "Message" in m)
    event = next(m for m in received if "detail" in m)
    message = json.loads(envelope["Message"])
    assert envelope["Subject"] == f'ALARM: "{name}" in US East (N. Virginia)'
    assert (message["OldStateValue"], message["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert message["Trigger"]["Dimensions"] == [{"value": "churn", "name": "Endpoint"}]
    assert message["Trigger"]["Statistic"] == "SUM"
    assert event["resources"] == [message["AlarmArn"]]
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert reported_action(aws, name) == f"Successfully executed action {topic}"


def test_a_topic_whose_policy_does_not_let_cloudwatch_is_not_reached(aws: Any) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    statement = lets(["events.amazonaws.com"], "sns:Publish", topic)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    name = new_alarm(aws, topic)
    ring(aws, name)
    told = reported_action(aws, name)
    assert told.startswith("Failed to execute action")
    assert "cloudwatch.amazonaws.com is not authorized to perform: sns:Publish" in told


@pytest.mark.parametrize("let", [True, False])
def test_an_encrypted_topic_needs_the_policy_of_its_key(aws: Any, let: bool) -> None:
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    cloudwatch = lets(["cloudwatch.amazonaws.com"], ["kms:Decrypt", "kms:GenerateDataKey*"], "*")
    document = {"Version": "2012-10-17", "Statement": [root, *([cloudwatch] if let else [])]}
    key = aws.client("kms").create_key(Policy=json.dumps(document))["KeyMetadata"]["Arn"]
    attributes = {"KmsMasterKeyId": key}
    topic = aws.client("sns").create_topic(Name=unique("topic"), Attributes=attributes)["TopicArn"]
    name = new_alarm(aws, topic)
    ring(aws, name)
    told = reported_action(aws, name)
    assert told.startswith("Successfully" if let else "Failed")
    assert let or "does not have authorization to access the encryption key" in told


def test_an_alarm_invokes_a_function_that_lets_it(aws: Any) -> None:
    url, queue = new_queue(aws, "sns.amazonaws.com")
    send = {"Action": "sqs:SendMessage", "Resource": queue}
    role = aws.role(unique("role"), {"Service": "lambda.amazonaws.com"}, send)
    code = (
        "import boto3, json\n"
        "def handle(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl='{url}', MessageBody=json.dumps(event))\n"
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("index.py", code)
    function = unique("function")
    arn = aws.client("lambda").create_function(
        FunctionName=function,
        Role=role,
        Runtime="python3.12",
        Handler="index.handle",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    denied = new_alarm(aws, arn)
    ring(aws, denied)
    assert "lambda.alarms.cloudwatch.amazonaws.com is not authorized" in reported_action(
        aws, denied
    )
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    name = new_alarm(aws, arn)
    ring(aws, name)
    received = eventually(lambda: aws.client("sqs").receive_message(QueueUrl=url).get("Messages"))
    event = json.loads(received[0]["Body"])
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmData"]["alarmName"] == name
    assert event["alarmData"]["state"]["value"] == "ALARM"
    # Lambda counts its invocations.
    of_function = [{"Name": "FunctionName", "Value": function}]
    listed = aws.client("cloudwatch").list_metrics
    eventually(
        lambda: listed(Namespace="AWS/Lambda", MetricName="Invocations", Dimensions=of_function)[
            "Metrics"
        ]
    )
