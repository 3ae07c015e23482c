"""Stacks that meet a resource of the account: the stack fails, the resource stays."""

import json
from typing import Any

import pytest

TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
TOPIC = {"Type": "AWS::SNS::Topic"}


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def _role(aws: Any) -> Any:
    iam = aws.client("iam")
    iam.create_role(RoleName="met-role", AssumeRolePolicyDocument=json.dumps(TRUST))
    trust = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Action": "sts:TagSession"}]}
    made = _resource("AWS::IAM::Role", RoleName="met-role", AssumeRolePolicyDocument=trust)
    return made, lambda: iam.get_role(RoleName="met-role")["Role"]["AssumeRolePolicyDocument"]


def _log_group(aws: Any) -> Any:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="met-group")
    made = _resource("AWS::Logs::LogGroup", LogGroupName="met-group", RetentionInDays=1)
    return made, lambda: logs.describe_log_groups(logGroupNamePrefix="met-group")["logGroups"]


def _repository(aws: Any) -> Any:
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="met-repository")
    made = _resource(
        "AWS::ECR::Repository", RepositoryName="met-repository", ImageTagMutability="IMMUTABLE"
    )
    return made, lambda: ecr.describe_repositories(repositoryNames=["met-repository"])[
        "repositories"
    ]


def _queue(aws: Any) -> Any:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="met-queue")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    made = _resource("AWS::SQS::Queue", QueueName="met-queue", DelaySeconds=5)
    return made, lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]


def _rule(aws: Any) -> Any:
    events = aws.client("events")
    events.put_rule(Name="met-rule", ScheduleExpression="rate(5 minutes)")
    made = _resource("AWS::Events::Rule", Name="met-rule", ScheduleExpression="rate(1 hour)")
    return made, lambda: events.describe_rule(Name="met-rule")["ScheduleExpression"]


def _table(aws: Any) -> Any:
    dynamodb = aws.client("dynamodb")
    keys = {
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TableName": "met-table",
    }
    dynamodb.create_table(**keys)
    dynamodb.put_item(TableName="met-table", Item={"key": {"S": "kept"}})
    return _resource("AWS::DynamoDB::Table", **keys), lambda: dynamodb.scan(TableName="met-table")[
        "Items"
    ]


def _alarm(aws: Any) -> Any:
    cloudwatch = aws.client("cloudwatch")
    alarm = {
        "AlarmName": "met-alarm",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "MetricName": "any",
        "Namespace": "any",
        "Period": 60,
        "Statistic": "Sum",
        "Threshold": 1,
    }
    cloudwatch.put_metric_alarm(**alarm)
    made = _resource("AWS::CloudWatch::Alarm", **{**alarm, "Threshold": 2})
    return made, lambda: cloudwatch.describe_alarms(AlarmNames=["met-alarm"])["MetricAlarms"][0][
        "Threshold"
    ]


@pytest.mark.parametrize(
    "given",
    [_role, _log_group, _repository, _queue, _rule, _table, _alarm],
    ids=lambda given: given.__name__.strip("_"),
)
def test_a_resource_of_the_account_fails_the_stack_and_survives_it(aws: Any, given: Any) -> None:
    made, read = given(aws)
    before = read()
    name = f"meets-{given.__name__.strip('_').replace('_', '-')}"

    resources = {"Topic": TOPIC, "It": {**made, "DependsOn": "Topic"}}
    stack = aws.deploy(name, resources, Capabilities=["CAPABILITY_NAMED_IAM"])

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already exist" in stack["Reasons"][-1]
    assert read() == before
    aws.client("cloudformation").delete_stack(StackName=name)
    assert aws.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert read() == before


def test_a_resource_of_another_stack_is_named_with_the_stack(aws: Any) -> None:
    topic = {"Topic": _resource("AWS::SNS::Topic", TopicName="owned-topic")}
    owner = aws.deploy("owner", topic)
    stack = aws.deploy("intruder", topic)
    assert f"owned-topic already exists in stack {owner['StackId']}" in stack["Reasons"]
    aws.client("cloudformation").delete_stack(StackName="intruder")
    assert aws.deploy("owner", {**topic, "Other": TOPIC}, update=True)["StackStatus"] == (
        "UPDATE_COMPLETE"
    )


def test_an_update_does_not_take_over_a_resource_under_its_new_name(aws: Any) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="renamed-2")
    logs.put_retention_policy(logGroupName="renamed-2", retentionInDays=30)
    resource = {"Group": _resource("AWS::Logs::LogGroup", LogGroupName="renamed-1")}
    aws.deploy("renames", resource)

    changed = {"Group": _resource("AWS::Logs::LogGroup", LogGroupName="renamed-2")}
    stack = aws.deploy("renames", changed, update=True)

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    groups = logs.describe_log_groups(logGroupNamePrefix="renamed-")["logGroups"]
    assert [one["logGroupName"] for one in groups] == ["renamed-1", "renamed-2"]
    assert groups[1]["retentionInDays"] == 30


def test_a_stack_of_the_same_name_does_not_take_over_what_was_retained(aws: Any) -> None:
    resource = {"Group": {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain"}}
    outputs = {"Name": {"Value": {"Ref": "Group"}}}

    def deploy() -> tuple[str, str]:
        stack = aws.deploy("again", resource, outputs=outputs)
        return stack["StackId"], stack["Outputs"][0]["OutputValue"]

    stack_id, first = deploy()
    aws.client("cloudformation").delete_stack(StackName="again")
    aws.settled(stack_id)
    _, second = deploy()

    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix="again-Group-")["logGroups"]
    assert {one["logGroupName"] for one in groups} == {first, second}
    assert first != second
