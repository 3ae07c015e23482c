"""Condition keys of the tags with which a resource is created.

Source: "Actions, resources, and condition keys" of each service in the service authorization
reference; PutMetricAlarm and PutCompositeAlarm in CloudWatch's API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rehearsal.framework.service import Service
from rehearsal.services.application_autoscaling import ApplicationAutoScaling
from rehearsal.services.budgets import Budgets
from rehearsal.services.chatbot import Chatbot
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.codebuild import CodeBuild
from rehearsal.services.codecommit import CodeCommit
from rehearsal.services.codeconnections import CodeConnections
from rehearsal.services.codepipeline import CodePipeline
from rehearsal.services.codestar_notifications import CodeStarNotifications
from rehearsal.services.scheduler import Scheduler
from rehearsal.services.servicecatalog import ServiceCatalog
from tests.rehearsal.fakes import CALLER, ROLE, SCOPE, FakePlatform
from tests.rehearsal.in_process import InProcess
from tests.rehearsal.services.application_autoscaling.conftest import VARIANT, FakeSageMaker
from tests.rehearsal.services.codepipeline.declarations import PIPELINE

KEYS = {"aws:TagKeys": ["team"], "aws:RequestTag/team": "ml"}
ALARM = {
    "EvaluationPeriods": 1,
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 1.0,
    "Namespace": "Churn",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
}
BUDGET = {
    "BudgetName": "churn",
    "BudgetType": "COST",
    "TimeUnit": "MONTHLY",
    "BudgetLimit": {"Amount": "500", "Unit": "USD"},
}
PROJECT = {
    "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/standard:7.0",
        "computeType": "BUILD_GENERAL1_SMALL",
    },
    "serviceRole": ROLE,
}
RULE = {
    "DetailType": "FULL",
    "EventTypeIds": ["codepipeline-pipeline-pipeline-execution-failed"],
    "Resource": SCOPE.arn("codepipeline", "churn"),
    "Targets": [{"TargetType": "SNS", "TargetAddress": SCOPE.arn("sns", "alarms")}],
}
PORTFOLIO = {"DisplayName": "ml", "ProviderName": "ml", "IdempotencyToken": "1"}
CHANNEL = {"SlackTeamId": "T0123456789", "SlackChannelId": "C0123456789", "IamRoleArn": ROLE}


class Creation(NamedTuple):
    """A request that creates a resource.

    `second` is the action that AWS evaluates beside the creation; empty without one.
    """

    service: Callable[[FakePlatform], Service]
    operation: str
    request: Mapping[str, Any]
    tags: Mapping[str, Any]
    second: str = ""


UPPER = [{"Key": "team", "Value": "ml"}]
LOWER = [{"key": "team", "value": "ml"}]
CREATIONS = [
    Creation(
        Scheduler,
        "create_schedule_group",
        {"Name": "nightly"},
        {"Tags": UPPER},
        "scheduler:TagResource",
    ),
    Creation(
        Budgets,
        "create_budget",
        {"AccountId": SCOPE.account, "Budget": BUDGET},
        {"ResourceTags": UPPER},
        "budgets:TagResource",
    ),
    Creation(
        ApplicationAutoScaling,
        "register_scalable_target",
        {**VARIANT, "MinCapacity": 1, "MaxCapacity": 2},
        {"Tags": {"team": "ml"}},
        "application-autoscaling:TagResource",
    ),
    Creation(
        CloudWatch,
        "put_metric_alarm",
        {"AlarmName": "errors", **ALARM},
        {"Tags": UPPER},
        "cloudwatch:TagResource",
    ),
    Creation(
        CloudWatch,
        "put_composite_alarm",
        {"AlarmName": "any", "AlarmRule": "FALSE"},
        {"Tags": UPPER},
        "cloudwatch:TagResource",
    ),
    Creation(
        Chatbot,
        "create_slack_channel_configuration",
        CHANNEL | {"ConfigurationName": "ml"},
        {"Tags": [{"TagKey": "team", "TagValue": "ml"}]},
    ),
    Creation(CodeBuild, "create_project", {"name": "demo", **PROJECT}, {"tags": LOWER}),
    Creation(CodeCommit, "create_repository", {"repositoryName": "demo"}, {"tags": {"team": "ml"}}),
    Creation(
        CodeConnections,
        "create_connection",
        {"ConnectionName": "github", "ProviderType": "GitHub"},
        {"Tags": UPPER},
    ),
    Creation(CodePipeline, "create_pipeline", {"pipeline": PIPELINE}, {"tags": LOWER}),
    Creation(
        CodeStarNotifications,
        "create_notification_rule",
        {"Name": "failed", **RULE},
        {"Tags": {"team": "ml"}},
    ),
    Creation(ServiceCatalog, "create_portfolio", PORTFOLIO, {"Tags": UPPER}),
]
NAMES = [creation.operation for creation in CREATIONS]


class FakeRoles:
    """IAM in which every role exists."""

    def get_role(self, **_: Any) -> dict[str, Any]:
        return {}


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    made = FakePlatform(tmp_path)
    made.clients |= {"sagemaker": FakeSageMaker(), "iam": FakeRoles()}
    return made


def tagging(platform: FakePlatform) -> list[tuple[str, dict[str, Any]]]:
    """The evaluations of tagging that a service asked for, with their condition keys."""
    asked = zip(platform.asked, platform.keys_asked, strict=True)
    return [(action, keys) for (_, action, _), keys in asked if action.endswith(":TagResource")]


@pytest.mark.parametrize("creation", CREATIONS, ids=NAMES)
def test_iam_sees_the_tags_of_a_creation(creation: Creation, platform: FakePlatform) -> None:
    served = InProcess(creation.service(platform))

    getattr(served.client(), creation.operation)(**creation.request, **creation.tags)

    (evaluation,) = served.evaluations
    assert KEYS.items() <= evaluation.keys.items()


@pytest.mark.parametrize("creation", CREATIONS, ids=NAMES)
def test_the_evaluation_of_tagging_gets_them_too(
    creation: Creation, platform: FakePlatform
) -> None:
    service = creation.service(platform)

    getattr(InProcess(service).client(), creation.operation)(**creation.request, **creation.tags)

    expected = [creation.second] if creation.second else []
    assert [action for action, _ in tagging(platform)] == expected
    assert all(KEYS.items() <= keys.items() for _, keys in tagging(platform))


@pytest.mark.parametrize("creation", CREATIONS, ids=NAMES)
def test_a_creation_without_tags_is_evaluated_once(
    creation: Creation, platform: FakePlatform
) -> None:
    served = InProcess(creation.service(platform))

    getattr(served.client(), creation.operation)(**creation.request)

    assert len(served.evaluations) == 1
    assert not tagging(platform)
    assert not [key for key in served.evaluations[0].keys if key.startswith("aws:RequestTag")]


@pytest.mark.parametrize("creation", CREATIONS, ids=NAMES)
def test_the_tags_of_a_creation_are_those_of_the_resource(
    creation: Creation, platform: FakePlatform
) -> None:
    service = creation.service(platform)
    served = InProcess(service)

    made = getattr(served.client(), creation.operation)(**creation.request, **creation.tags)

    arns = [*_arns(made), *service.resource_arns(_name(creation), dict(creation.request), SCOPE)]
    assert {"team": "ml"} in [service.resource_tags(arn, CALLER.scope) for arn in arns]


def _name(creation: Creation) -> str:
    return "".join(word.capitalize() for word in creation.operation.split("_"))


def _arns(response: Any) -> list[str]:
    """All ARNs in a response."""
    if isinstance(response, Mapping):
        return [arn for value in response.values() for arn in _arns(value)]
    return [response] if isinstance(response, str) and response.startswith("arn:") else []
