"""Alarms on the running server: their actions, the policies that let them, and their types."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

ACCOUNT = "111111111111"


def _name(prefix: str = "alarm") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def _eventually(check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := check()):
        if time.monotonic() > deadline:
            pytest.fail("It did not happen within 20 seconds")
        time.sleep(0.1)
    return found


def _queue(aws: Any, *principals: str) -> tuple[str, str]:
    """A queue that services may send to: its URL and ARN."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=_name("queue"))["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[-1]}"
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [_lets(list(principals), "sqs:SendMessage", arn)]}
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def _lets(principals: list[str], action: str | list[str], resource: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": principals},
        "Action": action,
        "Resource": resource,
    }


def _alarm(aws: Any, *actions: str, **changes: Any) -> str:
    name = _name()
    aws.client("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": name,
            "AlarmDescription": "too many",
            "Namespace": "Own",
            "MetricName": name,
            "Dimensions": [{"Name": "Endpoint", "Value": "churn"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": list(actions),
            **changes,
        }
    )
    return name


def _ring(aws: Any, name: str) -> None:
    datum = {
        "MetricName": name,
        "Value": 9.0,
        "Dimensions": [{"Name": "Endpoint", "Value": "churn"}],
    }
    aws.client("cloudwatch").put_metric_data(Namespace="Own", MetricData=[datum])


def _action(aws: Any, name: str) -> str:
    """What the history tells of the alarm's action."""
    history = aws.client("cloudwatch").describe_alarm_history
    found = _eventually(
        lambda: history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    )
    told: str = found[0]["HistorySummary"]
    return told


def test_an_alarm_notifies_a_topic_and_puts_an_event(aws: Any) -> None:
    topic = aws.client("sns").create_topic(Name=_name("topic"))["TopicArn"]
    url, queue = _queue(aws, "sns.amazonaws.com", "events.amazonaws.com")
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    name = _alarm(aws, topic)
    events = aws.client("events")
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": queue}])
    _ring(aws, name)
    received: list[dict[str, Any]] = []

    def both() -> bool:
        found = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        received.extend(json.loads(m["Body"]) for m in found.get("Messages", []))
        return len(received) >= 2

    _eventually(both)
    envelope = next(m for m in received if "Message" in m)
    event = next(m for m in received if "detail" in m)
    message = json.loads(envelope["Message"])
    assert envelope["Subject"] == f'ALARM: "{name}" in US East (N. Virginia)'
    assert (message["OldStateValue"], message["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert message["Trigger"]["Dimensions"] == [{"value": "churn", "name": "Endpoint"}]
    assert message["Trigger"]["Statistic"] == "SUM"
    assert event["resources"] == [message["AlarmArn"]]
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert _action(aws, name) == f"Successfully executed action {topic}"


def test_a_topic_whose_policy_does_not_let_cloudwatch_is_not_reached(aws: Any) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name=_name("topic"))["TopicArn"]
    statement = _lets(["events.amazonaws.com"], "sns:Publish", topic)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    name = _alarm(aws, topic)
    _ring(aws, name)
    told = _action(aws, name)
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
    cloudwatch = _lets(["cloudwatch.amazonaws.com"], ["kms:Decrypt", "kms:GenerateDataKey*"], "*")
    document = {"Version": "2012-10-17", "Statement": [root, *([cloudwatch] if let else [])]}
    key = aws.client("kms").create_key(Policy=json.dumps(document))["KeyMetadata"]["Arn"]
    attributes = {"KmsMasterKeyId": key}
    topic = aws.client("sns").create_topic(Name=_name("topic"), Attributes=attributes)["TopicArn"]
    name = _alarm(aws, topic)
    _ring(aws, name)
    told = _action(aws, name)
    assert told.startswith("Successfully" if let else "Failed")
    assert let or "does not have authorization to access the encryption key" in told


def test_an_alarm_invokes_a_function_that_lets_it(aws: Any) -> None:
    url, queue = _queue(aws, "sns.amazonaws.com")
    send = {"Action": "sqs:SendMessage", "Resource": queue}
    role = aws.role(_name("role"), {"Service": "lambda.amazonaws.com"}, send)
    code = (
        "import boto3, json\n"
        "def handle(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl='{url}', MessageBody=json.dumps(event))\n"
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("index.py", code)
    function = _name("function")
    arn = aws.client("lambda").create_function(
        FunctionName=function,
        Role=role,
        Runtime="python3.12",
        Handler="index.handle",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    refused = _alarm(aws, arn)
    _ring(aws, refused)
    assert "lambda.alarms.cloudwatch.amazonaws.com is not authorized" in _action(aws, refused)
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    name = _alarm(aws, arn)
    _ring(aws, name)
    received = _eventually(lambda: aws.client("sqs").receive_message(QueueUrl=url).get("Messages"))
    event = json.loads(received[0]["Body"])
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmData"]["alarmName"] == name
    assert event["alarmData"]["state"]["value"] == "ALARM"
    # Lambda counts its invocations.
    of_function = [{"Name": "FunctionName", "Value": function}]
    listed = aws.client("cloudwatch").list_metrics
    _eventually(
        lambda: listed(Namespace="AWS/Lambda", MetricName="Invocations", Dimensions=of_function)[
            "Metrics"
        ]
    )


def test_a_stack_creates_updates_replaces_and_deletes_alarms_and_dashboards(aws: Any) -> None:
    stack, cloudwatch = _name("stack"), aws.client("cloudwatch")

    def resources(threshold: float, **named: str) -> dict[str, Any]:
        metric = {"Namespace": "Own", "MetricName": "m"}
        stat = {"Metric": metric, "Period": 60, "Stat": "Average"}
        alarm = {
            "EvaluationPeriods": "2",
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "Metrics": [
                {"Id": "m", "MetricStat": stat, "ReturnData": "false"},
                {"Id": "e", "Expression": "FILL(m, 0) * 2", "ReturnData": True},
            ],
            "Tags": [{"Key": "team", "Value": "a"}],
            **named,
        }
        rule = {"Fn::Sub": 'ALARM("${Alarm}")'}
        body = {
            "Fn::Sub": '{"widgets": [{"type": "text", "properties": {"markdown": "${Alarm}"}}]}'
        }
        return {
            "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
            "Any": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": rule}},
            "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}},
        }

    outputs = {
        "Alarm": {"Value": {"Ref": "Alarm"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Alarm", "Arn"]}},
        "Any": {"Value": {"Ref": "Any"}},
        "AnyArn": {"Value": {"Fn::GetAtt": ["Any", "Arn"]}},
        "Board": {"Value": {"Ref": "Board"}},
    }

    def deploy(given: dict[str, Any], update: bool) -> dict[str, str]:
        done = aws.deploy(stack, given, outputs=outputs, update=update)
        assert done["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), done["Reasons"]
        return {output["OutputKey"]: output["OutputValue"] for output in done["Outputs"]}

    made = deploy(resources(1.0), update=False)
    assert made["Arn"] == f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{made['Alarm']}"
    assert made["AnyArn"].endswith(made["Any"])
    assert made["Alarm"] in cloudwatch.get_dashboard(DashboardName=made["Board"])["DashboardBody"]
    tags = cloudwatch.list_tags_for_resource(ResourceARN=made["Arn"])["Tags"]
    assert {"Key": "team", "Value": "a"} in tags
    assert deploy(resources(2.0), update=True) == made
    found = cloudwatch.describe_alarms(AlarmNames=[made["Alarm"]])["MetricAlarms"][0]
    assert found["Threshold"] == 2.0
    assert found["Metrics"][1]["Expression"] == "FILL(m, 0) * 2"
    replaced = deploy(resources(2.0, AlarmName=_name("named")), update=True)
    assert replaced["Alarm"] != made["Alarm"]
    assert not cloudwatch.describe_alarms(AlarmNames=[made["Alarm"]])["MetricAlarms"]
    aws.client("cloudformation").delete_stack(StackName=stack)
    _eventually(
        lambda: (
            not cloudwatch.describe_alarms(
                AlarmNames=[replaced["Alarm"], made["Any"]],
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            )["MetricAlarms"]
        )
    )
    with pytest.raises(ClientError, match="does not exist"):
        cloudwatch.get_dashboard(DashboardName=made["Board"])


def test_iam_judges_namespaces_and_alarms(aws: Any) -> None:
    allow = {
        "Action": ["cloudwatch:PutMetricData"],
        "Condition": {"StringEquals": {"cloudwatch:namespace": "Own"}},
    }
    client = aws.client("cloudwatch", aws.person(_name("person"), allow))
    client.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "m", "Value": 1.0}])
    with pytest.raises(ClientError, match="PutMetricData"):
        client.put_metric_data(Namespace="Other", MetricData=[{"MetricName": "m", "Value": 1.0}])
    with pytest.raises(ClientError, match="DescribeAlarms"):
        client.describe_alarms()


def test_a_client_of_the_query_protocol_is_served(aws: Any) -> None:
    name = _alarm(aws)
    form = (
        "Action=DescribeAlarms&Version=2010-08-01"
        f"&AlarmNames.member.1={name}&AlarmTypes.member.1=MetricAlarm"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", aws.endpoint["url"] + "/", headers, form.encode())
    SigV4Auth(Credentials(ACCOUNT, "any"), "monitoring", "us-east-1").add_auth(request)
    answer = URLLib3Session(verify=aws.endpoint["ca_bundle"]).send(request.prepare())
    assert answer.status_code == 200
    assert f"<AlarmName>{name}</AlarmName>" in answer.text
    assert "<Threshold>5.0</Threshold>" in answer.text


def test_what_detects_anomalies_is_refused_by_name(aws: Any) -> None:
    with pytest.raises(ClientError, match="does not support cloudwatch PutAnomalyDetector"):
        aws.client("cloudwatch").put_anomaly_detector(
            Namespace="Own", MetricName="m", Stat="Average"
        )
    detector = {
        "Type": "AWS::CloudWatch::AnomalyDetector",
        "Properties": {"Namespace": "Own", "MetricName": "m", "Stat": "Average"},
    }
    with pytest.raises(ClientError, match="AWS::CloudWatch::AnomalyDetector"):
        aws.deploy(_name("stack"), {"Detector": detector})
