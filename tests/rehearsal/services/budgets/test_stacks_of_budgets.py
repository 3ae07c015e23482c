"""AWS::Budgets::Budget in stacks of the real server, with its policies."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "111111111111"
OF_THE_ACCOUNT = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
    "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:*"},
}


def _resources(threshold: int = 80, **budget: Any) -> dict[str, Any]:
    return {
        "Budget": {
            "Type": "AWS::Budgets::Budget",
            "Properties": {
                "Budget": {
                    "BudgetType": "COST",
                    "TimeUnit": "MONTHLY",
                    "BudgetLimit": {"Amount": 500, "Unit": "USD"},
                    **budget,
                },
                "NotificationsWithSubscribers": [
                    {
                        "Notification": {
                            "NotificationType": "ACTUAL",
                            "ComparisonOperator": "GREATER_THAN",
                            "Threshold": threshold,
                        },
                        "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "a@example.com"}],
                    }
                ],
                "ResourceTags": [{"Key": "team", "Value": "ml"}],
            },
        }
    }


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _names(budgets: Any) -> list[str]:
    found = budgets.describe_budgets(AccountId=ACCOUNT)["Budgets"]
    return [one["BudgetName"] for one in found]


def _deploy(aws: Any, stack: str, resources: dict[str, Any], **options: Any) -> str:
    outputs = {"Name": {"Value": {"Ref": "Budget"}}}
    done = aws.deploy(stack, resources, outputs=outputs, **options)
    assert done["StackStatus"].endswith("_COMPLETE"), done["Reasons"]
    assert "ROLLBACK" not in done["StackStatus"], done["Reasons"]
    name: str = done["Outputs"][0]["OutputValue"]
    return name


def test_a_stack_makes_changes_replaces_and_unmakes_a_budget(aws: Any) -> None:
    budgets, stack = aws.client("budgets"), f"budgets-{uuid.uuid4().hex[:10]}"
    name = _deploy(aws, stack, _resources())

    def found(budget: str) -> dict[str, Any]:
        answer = budgets.describe_budget(AccountId=ACCOUNT, BudgetName=budget)
        shown: dict[str, Any] = answer["Budget"]
        return shown

    assert found(name)["BudgetLimit"] == {"Amount": "500", "Unit": "USD"}
    changed = _resources(BudgetLimit={"Amount": 90.5, "Unit": "USD"})
    changed["Budget"]["Properties"]["ResourceTags"][0]["Value"] = "risk"
    assert _deploy(aws, stack, changed, update=True) == name
    assert found(name)["BudgetLimit"]["Amount"] == "90.5"
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/{name}"
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [
        {"Key": "team", "Value": "risk"}
    ]
    replaced = _deploy(aws, stack, _resources(threshold=90), update=True)
    assert replaced != name, "new subscribers replace the budget"
    with pytest.raises(ClientError, match="NotFoundException"):
        found(name)
    aws.client("cloudformation").delete_stack(StackName=stack)
    deadline = time.monotonic() + 60
    while replaced in _names(budgets):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_policies_of_topic_and_key_decide_whether_budgets_is_heard(aws: Any) -> None:
    sns, sqs, budgets = aws.client("sns"), aws.client("sqs"), aws.client("budgets")
    topic = sns.create_topic(Name=f"costs-{uuid.uuid4().hex[:10]}")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"costs-{uuid.uuid4().hex[:10]}")["QueueUrl"]
    queue_arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue.rpartition('/')[2]}"
    deliver = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}}
    deliver |= {"Action": "sqs:SendMessage", "Resource": queue_arn}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": _policy(deliver)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    name = f"heard-{uuid.uuid4().hex[:10]}"
    named = {"AccountId": ACCOUNT, "BudgetName": name}
    limit = {"Amount": "100", "Unit": "USD"}
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget={
            "BudgetName": name,
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": limit,
        },
    )

    def let_publish(service: str) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": OF_THE_ACCOUNT,
        }
        sns.set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=_policy(statement)
        )

    def heard(below: float) -> int:
        """Returns the number of messages in the topic's queue once a notification is in alarm."""
        budgets.create_notification(
            **named,
            Notification={
                "NotificationType": "ACTUAL",
                "ComparisonOperator": "LESS_THAN",
                "Threshold": below,
            },
            Subscribers=[{"SubscriptionType": "SNS", "Address": topic}],
        )
        return len(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []))

    let_publish("cloudwatch.amazonaws.com")
    assert heard(below=1) == 0
    let_publish("budgets.amazonaws.com")
    assert heard(below=2) == 1
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key)
    assert heard(below=3) == 0, "the key's policy has no AWS Budgets"


def test_who_may_only_view_budgets_makes_none(aws: Any) -> None:
    viewer = aws.person(
        f"viewer-{uuid.uuid4().hex[:8]}", {"Action": ["budgets:ViewBudget", "budgets:CreateBudget"]}
    )
    client = aws.client("budgets", viewer)
    assert "Budgets" in client.describe_budgets(AccountId=ACCOUNT)
    with pytest.raises(ClientError, match="budgets:ModifyBudget"):
        client.create_budget(
            AccountId=ACCOUNT,
            Budget={
                "BudgetName": "mine",
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": "1", "Unit": "USD"},
            },
        )
    with pytest.raises(ClientError, match="does not support budgets DescribeBudgetActions"):
        client.describe_budget_actions_for_account(AccountId=ACCOUNT)
