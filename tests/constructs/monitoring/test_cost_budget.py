"""Budgets: filters, notifications and validation."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from mlops_constructs.monitoring import BudgetThreshold, CostBudget, CostFilters
from tests.constructs.monitoring.conftest import stack_in

ACCOUNT = "111111111111"


def own_topic(stack: cdk.Stack) -> sns.Topic:
    return sns.Topic(stack, "Topic", master_key=kms.Key(stack, "Key"))


def define(stack: cdk.Stack, construct_id: str = "Budget", **given: Any) -> CostBudget:
    settings: dict[str, Any] = {
        "monthly_limit": 500,
        "cost_filters": CostFilters.of_project("churn"),
        "email_addresses": ["owner@example.com"],
    }
    return CostBudget(stack, construct_id, **{**settings, **given})


def test_complaint_9_a_budget_counts_the_project_and_notifies_topic_and_addresses() -> None:
    stack = stack_in("eu-west-1")
    define(stack, topic=own_topic(stack))

    (budget,) = Template.from_stack(stack).find_resources("AWS::Budgets::Budget").values()
    assert budget["Properties"]["Budget"] == {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": 500, "Unit": "USD"},
        "CostFilters": {"TagKeyValue": ["user:sagemaker:project-name$churn"]},
    }
    told = budget["Properties"]["NotificationsWithSubscribers"]
    assert [
        (one["Notification"]["NotificationType"], one["Notification"]["Threshold"]) for one in told
    ] == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert {one["Notification"]["ComparisonOperator"] for one in told} == {"GREATER_THAN"}
    for one in told:
        kinds = [subscriber["SubscriptionType"] for subscriber in one["Subscribers"]]
        assert kinds == ["SNS", "EMAIL"]
    # AWS would have nobody to ask before the policy is there.
    assert any("TopicPolicy" in name for name in budget["DependsOn"])


def test_budgets_of_the_account_alone_may_publish_and_use_the_key() -> None:
    stack = stack_in("eu-west-1")
    topic = own_topic(stack)
    define(stack, topic=topic)
    define(stack, "Another", topic=topic, cost_filters=CostFilters.of_services("Amazon SageMaker"))

    template = Template.from_stack(stack)
    (policy,) = template.find_resources("AWS::SNS::TopicPolicy").values()
    (key,) = template.find_resources("AWS::KMS::Key").values()
    (publish,) = policy["Properties"]["PolicyDocument"]["Statement"]
    (use,) = [
        statement
        for statement in key["Properties"]["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "budgets.amazonaws.com"}
    ]
    assert publish["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert publish["Action"] == "sns:Publish"
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    for statement in (publish, use):
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
        source = statement["Condition"]["ArnLike"]["aws:SourceArn"]
        assert f":budgets::{ACCOUNT}:*" in str(source)


def test_an_imported_topic_is_notified_and_its_policy_unchanged(
    stack: cdk.Stack, resources: Any
) -> None:
    arn = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"
    define(stack, topic=sns.Topic.from_topic_arn(stack, "Topic", arn), email_addresses=[])

    (budget,) = resources("AWS::Budgets::Budget")
    told = budget["NotificationsWithSubscribers"]
    assert all(one["Subscribers"] == [{"SubscriptionType": "SNS", "Address": arn}] for one in told)
    assert not resources("AWS::SNS::TopicPolicy")


def test_tag_service_and_thresholds_are_the_users_choice(stack: cdk.Stack, resources: Any) -> None:
    limit = cdk.CfnParameter(stack, "Limit", type="Number")
    define(
        stack,
        monthly_limit=limit.value_as_number,
        cost_filters=CostFilters.of_tag("cost-center", "4711", services=["Amazon SageMaker"]),
        thresholds=[BudgetThreshold.forecasted(120)],
    )

    (budget,) = resources("AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"]["Amount"] == {"Ref": "Limit"}
    assert budget["Budget"]["CostFilters"] == {
        "TagKeyValue": ["user:cost-center$4711"],
        "Service": ["Amazon SageMaker"],
    }
    (only,) = budget["NotificationsWithSubscribers"]
    assert (only["Notification"]["NotificationType"], only["Notification"]["Threshold"]) == (
        "FORECASTED",
        120,
    )


def test_bills_of_china_are_in_yuan_and_its_arns_of_its_partition() -> None:
    stack = stack_in("cn-north-1")
    define(stack, topic=sns.Topic(stack, "Topic"))

    template = Template.from_stack(stack)
    (budget,) = template.find_resources("AWS::Budgets::Budget").values()
    assert budget["Properties"]["Budget"]["BudgetLimit"]["Unit"] == "CNY"
    (policy,) = template.find_resources("AWS::SNS::TopicPolicy").values()
    (publish,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert publish["Principal"] == {"Service": "budgets.amazonaws.com"}
    source = publish["Condition"]["ArnLike"]["aws:SourceArn"]
    assert source["Fn::Join"][1][1] == {"Ref": "AWS::Partition"}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"monthly_limit": 0}, "monthly_limit: got 0; allowed is more than 0"),
        ({"cost_filters": CostFilters.of_services()}, "got no tag and no service"),
        (
            {"cost_filters": CostFilters.of_tag("aws:createdBy", "x")},
            "got the tag key 'aws:createdBy'",
        ),
        ({"cost_filters": CostFilters.of_tag("a$b", "x")}, "got the tag key 'a$b'"),
        ({"cost_filters": CostFilters.of_project("")}, "got 0 characters as value"),
        ({"thresholds": []}, "thresholds: got 0; allowed are 1 to 5"),
        (
            {"thresholds": [BudgetThreshold.actual(percent) for percent in range(10, 70, 10)]},
            "thresholds: got 6; allowed are 1 to 5",
        ),
        ({"thresholds": [BudgetThreshold.actual(80)] * 2}, "got the same one twice"),
        ({"thresholds": [BudgetThreshold.actual(0)]}, "got 0 percent"),
        ({"thresholds": [BudgetThreshold.forecasted(1_000_001)]}, "up to 1,000,000"),
        ({"email_addresses": []}, "got neither; give a topic or an address"),
        ({"email_addresses": [f"p{i}@example.com" for i in range(11)]}, "got 11; allowed are 10"),
        ({"email_addresses": ["a@example.com"] * 2}, "got the same one twice"),
        ({"email_addresses": ["nobody"]}, "got 'nobody'; allowed is an address"),
    ],
)
def test_what_aws_would_reject_is_rejected(
    stack: cdk.Stack, given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match="CostBudget S/Budget cannot be defined") as refused:
        define(stack, **given)
    assert problem in str(refused.value)


def test_topics_of_another_account_and_regions_without_budgets_are_rejected_together() -> None:
    stack = stack_in("eu-north-1")
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-north-1:222222222222:alarms")

    with pytest.raises(ValueError, match="topic: got one of account 222222222222") as refused:
        define(stack, topic=topic)
    assert "got eu-north-1, where CloudFormation has no AWS::Budgets::Budget" in str(refused.value)
