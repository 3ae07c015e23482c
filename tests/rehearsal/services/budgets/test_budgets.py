"""Budgets of accounts in which nothing is ever spent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.budgets import Budgets
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient

TOPIC = f"arn:aws:sns:us-east-1:{SCOPE.account}:alarms"
ARN = f"arn:aws:budgets::{SCOPE.account}:budget/churn"
TO_TOPIC = {"SubscriptionType": "SNS", "Address": TOPIC}
NAMED = {"AccountId": SCOPE.account, "BudgetName": "churn"}
AT_80 = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
BELOW_1 = {**AT_80, "ComparisonOperator": "LESS_THAN", "Threshold": 1.0}


def mail(name: str) -> dict[str, str]:
    return {"SubscriptionType": "EMAIL", "Address": f"{name}@example.com"}


def budget(**given: Any) -> dict[str, Any]:
    return {
        "BudgetName": "churn",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "500", "Unit": "USD"},
        **given,
    }


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path)


@pytest.fixture
def client(platform: FakePlatform) -> Any:
    """A client of a service with one budget that notifies a topic and a user."""
    made = ServiceClient(Budgets(platform), CALLER)
    made.create_budget(
        AccountId=SCOPE.account,
        Budget=budget(CostFilters={"TagKeyValue": ["user:team$ml"]}),
        NotificationsWithSubscribers=[
            {"Notification": AT_80, "Subscribers": [TO_TOPIC, mail("ada")]}
        ],
        ResourceTags=[{"Key": "team", "Value": "ml"}],
    )
    return made


def states(client: Any) -> list[tuple[str, str]]:
    found = client.describe_notifications_for_budget(**NAMED)["Notifications"]
    return [(one["ComparisonOperator"], one["NotificationState"]) for one in found]


def addresses(client: Any, notification: dict[str, Any]) -> list[str]:
    found = client.describe_subscribers_for_notification(**NAMED, Notification=notification)
    return [one["Address"] for one in found["Subscribers"]]


def test_nothing_is_spent_so_no_alert_is_sent(client: Any, platform: FakePlatform) -> None:
    found = client.describe_budget(**NAMED)["Budget"]
    assert found["CalculatedSpend"] == {"ActualSpend": {"Amount": "0", "Unit": "USD"}}
    assert found["CostFilters"] == {"TagKeyValue": ["user:team$ml"]}
    assert found["TimePeriod"]["Start"].day == 1
    assert states(client) == [("GREATER_THAN", "OK")]
    assert platform.published == []


def test_an_alert_below_a_threshold_is_sent_once(
    client: Any, platform: FakePlatform, caplog: pytest.LogCaptureFixture
) -> None:
    client.create_notification(**NAMED, Notification=BELOW_1, Subscribers=[TO_TOPIC, mail("ada")])

    assert states(client) == [("GREATER_THAN", "OK"), ("LESS_THAN", "ALARM")]
    ((topic, text),) = platform.published
    assert topic == TOPIC
    assert "Alert Threshold: less than 5.00 USD" in text
    assert "ACTUAL Amount: 0.00 USD" in text
    assert "sends no mail to ada@example.com" in caplog.text
    assert ("budgets.amazonaws.com", "sns:Publish", TOPIC) in platform.asked
    client.update_budget(AccountId=SCOPE.account, NewBudget=budget())
    assert len(platform.published) == 1
    client.create_notification(
        **NAMED, Notification={**BELOW_1, "NotificationType": "FORECASTED"}, Subscribers=[TO_TOPIC]
    )
    assert states(client)[-1] == ("LESS_THAN", "OK"), "there is no forecast"


def test_a_topic_whose_policy_does_not_let_budgets_publish_stays_silent(
    client: Any, platform: FakePlatform, caplog: pytest.LogCaptureFixture
) -> None:
    platform.denied.add(("sns:Publish", TOPIC))
    client.create_notification(**NAMED, Notification=BELOW_1, Subscribers=[TO_TOPIC])
    assert platform.published == []
    assert f"{ARN} did not reach {TOPIC}" in caplog.text


def test_a_budget_is_changed_shown_in_pages_and_deleted(client: Any) -> None:
    changed = budget(BudgetLimit={"Amount": "9", "Unit": "USD"})
    client.update_budget(AccountId=SCOPE.account, NewBudget=changed)
    assert client.describe_budget(**NAMED)["Budget"]["BudgetLimit"]["Amount"] == "9"
    assert "CostFilters" not in client.describe_budget(**NAMED)["Budget"]
    filtered = budget(BudgetName="all", FilterExpression={"Not": {}}, Metrics=["UnblendedCost"])
    client.create_budget(AccountId=SCOPE.account, Budget=filtered)
    first = client.describe_budgets(AccountId=SCOPE.account, MaxResults=1)
    rest = client.describe_budgets(
        AccountId=SCOPE.account, NextToken=first["NextToken"], ShowFilterExpression=True
    )
    assert first["Budgets"][0]["BudgetName"] == "all"
    assert "FilterExpression" not in first["Budgets"][0]
    assert [one["BudgetName"] for one in rest["Budgets"]] == ["churn"]
    with pytest.raises(ClientError, match="InvalidNextToken"):
        client.describe_budgets(AccountId=SCOPE.account, NextToken="x")
    client.delete_budget(**NAMED)
    with pytest.raises(ClientError, match="NotFoundException"):
        client.describe_budget(**NAMED)


def test_notifications_and_subscribers_come_and_go(client: Any) -> None:
    at_90 = {**AT_80, "Threshold": 90.0}
    client.update_notification(**NAMED, OldNotification=AT_80, NewNotification=at_90)
    assert addresses(client, at_90) == [TOPIC, "ada@example.com"]
    client.create_subscriber(**NAMED, Notification=at_90, Subscriber=mail("bob"))
    client.update_subscriber(
        **NAMED, Notification=at_90, OldSubscriber=mail("ada"), NewSubscriber=mail("eve")
    )
    assert addresses(client, at_90) == [TOPIC, "bob@example.com", "eve@example.com"]
    for one in (TO_TOPIC, mail("bob"), mail("eve")):
        client.delete_subscriber(**NAMED, Notification=at_90, Subscriber=one)
    assert states(client) == [], "with its last subscriber a notification goes"
    client.create_notification(**NAMED, Notification=AT_80, Subscribers=[TO_TOPIC])
    client.delete_notification(**NAMED, Notification=AT_80)
    with pytest.raises(ClientError, match="no such notification"):
        addresses(client, AT_80)


def test_tags_are_kept_and_need_a_permission_of_their_own(
    client: Any, platform: FakePlatform
) -> None:
    client.tag_resource(ResourceARN=ARN, ResourceTags=[{"Key": "stage", "Value": "prod"}])
    client.untag_resource(ResourceARN=ARN, ResourceTagKeys=["team"])
    tags = client.list_tags_for_resource(ResourceARN=ARN)["ResourceTags"]
    assert tags == [{"Key": "stage", "Value": "prod"}]
    other = ARN.replace("churn", "other")
    platform.denied.add(("budgets:TagResource", other))
    with pytest.raises(ClientError, match="budgets:TagResource"):
        client.create_budget(
            AccountId=SCOPE.account, Budget=budget(BudgetName="other"), ResourceTags=tags
        )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"Budget": budget()}, "the budget already exists"),
        ({"AccountId": "222222222222"}, "has no access to 222222222222"),
        ({"Budget": budget(PlannedBudgetLimits={})}, "does not support PlannedBudgetLimits"),
        ({"Budget": budget(BudgetType="RI_COVERAGE")}, "no RI_COVERAGE budget"),
        (
            {"Budget": budget(BudgetLimit={"Amount": "5", "Unit": "AUD"})},
            "AUD is not in the supported unit set",
        ),
        ({"Budget": budget(TimeUnit="DAILY")}, "TimeUnit DAILY is not valid here"),
        (
            {
                "Budget": {
                    **budget(),
                    "BudgetType": "USAGE",
                    "FilterExpression": {"Dimensions": {"Key": "SERVICE", "Values": ["S3"]}},
                    "CostFilters": {"Service": ["S3"]},
                }
            },
            "take the place of CostFilters",
        ),
        ({"notifications": [AT_80, {**AT_80, "ThresholdType": "PERCENTAGE"}]}, "Duplicate notific"),
        (
            {"notifications": [{**AT_80, "Threshold": float(at)} for at in range(11)]},
            "only have 10",
        ),
        (
            {"subscribers": [TO_TOPIC, {**TO_TOPIC, "Address": f"{TOPIC}2"}]},
            "one notification can only have 1 subscribers with type of SNS",
        ),
        (
            {"subscribers": [mail(f"p{at}") for at in range(11)]},
            "10 subscribers with type of EMAIL",
        ),
        ({"subscribers": [mail("ada"), mail("ada")]}, "Duplicate subscriber"),
        ({"subscribers": [{**TO_TOPIC, "Address": "alarms"}]}, "format of SNS topic ARNs"),
        (
            {"subscribers": [{**TO_TOPIC, "Address": TOPIC.replace("1" * 12, "2" * 12)}]},
            "of another account than the budget",
        ),
    ],
)
def test_what_aws_rejects_is_rejected(client: Any, given: dict[str, Any], problem: str) -> None:
    subscribers = given.pop("subscribers", [TO_TOPIC])
    notifications = given.pop("notifications", [AT_80])
    request = {
        "AccountId": SCOPE.account,
        "Budget": budget(BudgetName="new"),
        "NotificationsWithSubscribers": [
            {"Notification": one, "Subscribers": subscribers} for one in notifications
        ],
        **given,
    }
    with pytest.raises(ClientError, match=problem):
        client.create_budget(**request)


def test_a_cost_budget_has_a_limit(client: Any) -> None:
    without = budget(BudgetName="new")
    del without["BudgetLimit"]
    with pytest.raises(ClientError, match="BudgetLimit is required for a COST budget"):
        client.create_budget(AccountId=SCOPE.account, Budget=without)
