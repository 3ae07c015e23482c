"""Topics, queues, their policies and subscriptions in stacks."""

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "111111111111"


def _name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def _key(aws: Any) -> str:
    arn: str = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def _policy(action: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["cloudwatch.amazonaws.com", "sns.amazonaws.com"]},
        "Action": action,
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _resources(topic_key: str, queue_key: str, **topic: Any) -> dict[str, Any]:
    return {
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"KmsMasterKeyId": topic_key, "DisplayName": "alarms", **topic},
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"KmsMasterKeyId": queue_key}},
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": _policy("sns:Publish"),
            },
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": _policy("sqs:SendMessage"),
            },
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
                "RawMessageDelivery": True,
            },
        },
    }


OUTPUTS = {
    "Topic": {"Value": {"Ref": "Topic"}},
    "Queue": {"Value": {"Ref": "Queue"}},
    "Subscription": {"Value": {"Ref": "Subscription"}},
}


def _deploy(aws: Any, stack: str, resources: dict[str, Any], *, update: bool) -> dict[str, str]:
    done = aws.deploy(stack, resources, outputs=OUTPUTS, update=update)
    assert done["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), done["Reasons"]
    return {output["OutputKey"]: output["OutputValue"] for output in done["Outputs"]}


def test_a_stack_makes_changes_replaces_and_unmakes_them(aws: Any) -> None:
    sns, sqs, stack = aws.client("sns"), aws.client("sqs"), _name("topics")
    first, second = _key(aws), _key(aws)
    made = _deploy(aws, stack, _resources(first, first), update=False)

    def topic(arn: str) -> dict[str, str]:
        found: dict[str, str] = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        return found

    def queue(url: str) -> dict[str, str]:
        found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ]
        return found

    assert topic(made["Topic"])["KmsMasterKeyId"] == first
    assert "cloudwatch.amazonaws.com" in topic(made["Topic"])["Policy"]
    assert queue(made["Queue"])["KmsMasterKeyId"] == first
    assert "sqs:SendMessage" in queue(made["Queue"])["Policy"]
    changed = _deploy(aws, stack, _resources(second, second, DisplayName="more"), update=True)
    assert changed == made
    assert topic(made["Topic"])["KmsMasterKeyId"] == second
    assert topic(made["Topic"])["DisplayName"] == "more"
    assert queue(made["Queue"])["KmsMasterKeyId"] == second
    replaced = _deploy(aws, stack, _resources(second, second, TopicName=_name("t")), update=True)
    assert replaced["Topic"] != made["Topic"]
    assert replaced["Subscription"] != made["Subscription"]
    assert replaced["Queue"] == made["Queue"]
    with pytest.raises(ClientError, match="NotFound"):
        topic(made["Topic"])
    without = _resources(second, second, TopicName=replaced["Topic"].rpartition(":")[2])
    del without["TopicPolicy"]
    _deploy(aws, stack, without, update=True)
    assert "AWS:SourceOwner" in topic(replaced["Topic"])["Policy"]
    aws.client("cloudformation").delete_stack(StackName=stack)
    deadline = time.monotonic() + 60
    while replaced["Topic"] in [t["TopicArn"] for t in sns.list_topics()["Topics"]]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with pytest.raises(ClientError, match=r"NonExistentQueue|does not exist"):
        queue(made["Queue"])


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("SNS::Topic", {"ArchivePolicy": {"MessageRetentionPeriod": "30"}}, "ArchivePolicy"),
        (
            "SNS::Subscription",
            {
                "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:nothing",
                "Protocol": "email",
                "Endpoint": "a@example.org",
            },
            "nothing does not exist",
        ),
        (
            "SNS::TopicPolicy",
            {"Topics": [f"arn:aws:sns:us-east-1:{ACCOUNT}:nothing"], "PolicyDocument": {}},
            "nothing does not exist",
        ),
        ("SQS::QueuePolicy", {"Queues": ["nothing"], "PolicyDocument": {}}, "nothing does not"),
    ],
)
def test_an_unsupported_property_is_rejected(
    aws: Any, kind: str, properties: dict[str, Any], expected: str
) -> None:
    resource = {"Type": f"AWS::{kind}", "Properties": properties}
    done = aws.deploy(_name("dropped"), {"It": resource})
    assert done["StackStatus"] == "ROLLBACK_COMPLETE"
    assert expected in json.dumps(done["Reasons"])
