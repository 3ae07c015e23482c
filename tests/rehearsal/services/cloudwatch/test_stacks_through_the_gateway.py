"""Stacks of alarms and dashboards, IAM, and other clients on the running server."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from tests.rehearsal.conftest import ACCOUNT
from tests.rehearsal.deliveries import eventually, unique
from tests.rehearsal.services.cloudwatch.alarms import new_alarm


def test_a_stack_creates_updates_replaces_and_deletes_alarms_and_dashboards(aws: Any) -> None:
    stack, cloudwatch = unique("stack"), aws.client("cloudwatch")

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
    replaced = deploy(resources(2.0, AlarmName=unique("named")), update=True)
    assert replaced["Alarm"] != made["Alarm"]
    assert not cloudwatch.describe_alarms(AlarmNames=[made["Alarm"]])["MetricAlarms"]
    aws.client("cloudformation").delete_stack(StackName=stack)
    eventually(
        lambda: (
            not cloudwatch.describe_alarms(
                AlarmNames=[replaced["Alarm"], made["Any"]],
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            )["MetricAlarms"]
        )
    )
    with pytest.raises(ClientError, match="does not exist"):
        cloudwatch.get_dashboard(DashboardName=made["Board"])


def test_iam_evaluates_namespaces_and_alarms(aws: Any) -> None:
    allow = {
        "Action": ["cloudwatch:PutMetricData"],
        "Condition": {"StringEquals": {"cloudwatch:namespace": "Own"}},
    }
    client = aws.client("cloudwatch", aws.person(unique("person"), allow))
    client.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "m", "Value": 1.0}])
    with pytest.raises(ClientError, match="PutMetricData"):
        client.put_metric_data(Namespace="Other", MetricData=[{"MetricName": "m", "Value": 1.0}])
    with pytest.raises(ClientError, match="DescribeAlarms"):
        client.describe_alarms()


def test_a_client_of_the_query_protocol_is_served(aws: Any) -> None:
    name = new_alarm(aws)
    form = (
        "Action=DescribeAlarms&Version=2010-08-01"
        f"&AlarmNames.member.1={name}&AlarmTypes.member.1=MetricAlarm"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", aws.endpoint["url"] + "/", headers, form.encode())
    SigV4Auth(Credentials(ACCOUNT, aws.root_secret()), "monitoring", "us-east-1").add_auth(request)
    answer = URLLib3Session(verify=aws.endpoint["ca_bundle"]).send(request.prepare())
    assert answer.status_code == 200
    assert f"<AlarmName>{name}</AlarmName>" in answer.text
    assert "<Threshold>5.0</Threshold>" in answer.text


def test_what_detects_anomalies_is_rejected_by_name(aws: Any) -> None:
    with pytest.raises(ClientError, match="does not support cloudwatch PutAnomalyDetector"):
        aws.client("cloudwatch").put_anomaly_detector(
            Namespace="Own", MetricName="m", Stat="Average"
        )
    detector = {
        "Type": "AWS::CloudWatch::AnomalyDetector",
        "Properties": {"Namespace": "Own", "MetricName": "m", "Stat": "Average"},
    }
    with pytest.raises(ClientError, match="AWS::CloudWatch::AnomalyDetector"):
        aws.deploy(unique("stack"), {"Detector": detector})
