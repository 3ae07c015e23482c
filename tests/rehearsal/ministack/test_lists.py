"""Lists of CloudWatch Logs and CloudFormation that clients read."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT, REGION, Aws


@pytest.fixture(scope="module")
def logs(aws: Aws) -> Any:
    client = aws.client("logs")
    for name in ("/lists/one", "/lists/two", "/lists/three", "/other/lists/four"):
        client.create_log_group(logGroupName=name)
    return client


def names(logs: Any, **request: Any) -> list[str]:
    return [one["logGroupName"] for one in logs.list_log_groups(**request)["logGroups"]]


def test_log_groups_are_listed_by_a_pattern_in_pages(logs: Any) -> None:
    own = ["/lists/one", "/lists/three", "/lists/two"]
    assert names(logs, logGroupNamePattern="^/lists/") == own
    assert names(logs, logGroupNamePattern="lists/one|four") == ["/lists/one", "/other/lists/four"]
    assert names(logs, logGroupNamePattern="^/lists/", logGroupClass="INFREQUENT_ACCESS") == []
    first = logs.list_log_groups(logGroupNamePattern="^/lists/", limit=2)
    rest = names(logs, logGroupNamePattern="^/lists/", limit=2, nextToken=first["nextToken"])
    assert rest == own[2:]
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/lists/one"
    assert first["logGroups"][0]["logGroupArn"] == arn


def test_queries_are_listed_by_their_group(logs: Any) -> None:
    group = {"logGroupName": "/lists/one"}
    started = logs.start_query(**group, startTime=0, endTime=1, queryString="fields @message")[
        "queryId"
    ]

    (query,) = logs.describe_queries(**group)["queries"]

    assert (query["queryId"], query["status"]) == (started, "Complete")
    assert logs.describe_queries(logGroupName="/lists/two")["queries"] == []


@pytest.fixture(scope="module")
def events(logs: Any) -> Any:
    """Streams of two jobs with five messages, whose times alternate."""
    group = "/lists/jobs"
    logs.create_log_group(logGroupName=group)
    for stream, times in (("count-1/algo-1", (1, 3, 5)), ("other-1/algo-1", (2, 4))):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        now = int(time.time() * 1000)
        sent = [{"timestamp": now + each, "message": f"FOUND {each}"} for each in times]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=sent)
    return logs


def messages(found: Any) -> list[str]:
    return [one["message"] for one in found["events"]]


def test_events_are_filtered_by_a_prefix_of_their_stream(events: Any) -> None:
    group = {"logGroupName": "/lists/jobs"}
    found = events.filter_log_events(**group, logStreamNamePrefix="count-", filterPattern="FOUND")
    assert messages(found) == ["FOUND 1", "FOUND 3", "FOUND 5"]
    assert {one["logStreamName"] for one in found["events"]} == {"count-1/algo-1"}
    assert messages(events.filter_log_events(**group, logStreamNamePrefix="none-")) == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        events.filter_log_events(logGroupName="/lists/missing", logStreamNamePrefix="count-")


def test_events_are_filtered_in_pages(events: Any) -> None:
    pages = events.get_paginator("filter_log_events").paginate(
        logGroupName="/lists/jobs", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["events"]) for page in pages] == [2, 2, 1]


def test_log_streams_are_listed_by_the_identifier_of_their_group(events: Any) -> None:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/lists/jobs"
    found = events.describe_log_streams(logGroupIdentifier=arn, logStreamNamePrefix="other")
    assert [one["logStreamName"] for one in found["logStreams"]] == ["other-1/algo-1"]


def test_lists_need_a_permission(aws: Aws) -> None:
    client = aws.client("logs", aws.person("lister", {"Action": "logs:DescribeLogGroups"}))

    with pytest.raises(ClientError, match="logs:ListLogGroups"):
        client.list_log_groups()


def test_the_public_resource_types_are_those_that_stacks_can_have(aws: Aws) -> None:
    client = aws.client("cloudformation")

    def types(**request: Any) -> list[str]:
        pages = client.get_paginator("list_types").paginate(**request)
        return [one["TypeName"] for page in pages for one in page["TypeSummaries"]]

    budgets = types(Visibility="PUBLIC", Filters={"TypeNamePrefix": "AWS::Budgets"})
    assert "AWS::Budgets::Budget" in budgets
    assert all(name.startswith("AWS::Budgets") for name in budgets)
    assert {"AWS::SNS::Topic", "AWS::IAM::AccessKey"} <= set(types(Visibility="PUBLIC"))
    assert types() == [], "there are no private types"
    assert types(Visibility="PUBLIC", Type="HOOK") == []


def test_there_are_no_stack_sets(aws: Aws) -> None:
    assert aws.client("cloudformation").list_stack_sets()["Summaries"] == []
