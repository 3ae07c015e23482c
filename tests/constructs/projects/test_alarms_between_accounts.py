"""Alarms of a stage in another account reach the project, with IAM enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mlops_constructs.delivery import ProjectStage
from mlops_constructs.projects import ProjectMonitoring, RetrainingLimits
from tests.constructs.projects.company import PROD, TOOLING, Company, company_in
from tests.constructs.projects.deployed_project import DESTROY, REGION

RETRAINS = "churn-prod-drift-retrain"
BUS = f"arn:aws:events:{REGION}:{TOOLING}:event-bus/default"
QUEUE = f"arn:aws:sqs:{REGION}:{TOOLING}:notified"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A project whose only stage is in another account."""
    limits = RetrainingLimits(cooldown_days=0, max_runs_per_month=9)
    with company_in(tmp_path_factory.mktemp("company")) as started:
        started.deploy(
            DESTROY,
            stages=[ProjectStage(name="prod", account=PROD)],
            monitoring=ProjectMonitoring(retraining=limits),
        )
        started.wait("the first build", lambda: not training(started))
        notify_queue(started)
        yield started


def notify_queue(company: Company) -> None:
    """Subscribes a queue to the topic of the project's reviewers."""
    topic, sqs = company.outputs()["ApprovalTopicArn"], company.client("sqs")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.create_queue(QueueName="notified", Attributes={"Policy": policy})
    company.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)


def builds(company: Company) -> list[dict[str, Any]]:
    """Returns the executions of the pipeline that trains, the newest first."""
    listed = company.client("codepipeline").list_pipeline_executions(
        pipelineName="churn-model-build"
    )
    found: list[dict[str, Any]] = listed["pipelineExecutionSummaries"]
    return found


def training(company: Company) -> bool:
    found = builds(company)
    return not found or any(one["status"] in ("InProgress", "Stopping") for one in found)


def go_off(company: Company, name: str, account: str) -> None:
    """Defines an alarm on a metric in an account, and lets it go off."""
    cloudwatch = company.client("cloudwatch", account)
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="MLOps/DriftMonitor",
        MetricName=name,
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    cloudwatch.put_metric_data(
        Namespace="MLOps/DriftMonitor",
        MetricData=[{"MetricName": name, "Value": 3, "Timestamp": datetime.now(UTC)}],
    )


def notifications(company: Company) -> list[str]:
    """Returns the texts that arrived since the last call, each a JSON string."""
    sqs = company.client("sqs")
    url = sqs.get_queue_url(QueueName="notified")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for one in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return [str(json.loads(json.loads(one["Body"])["Message"])) for one in found]


def retrainings(company: Company) -> list[dict[str, Any]]:
    """Returns the outputs of the ended executions of the state machine."""
    functions = company.client("stepfunctions")
    (machine,) = functions.list_state_machines()["stateMachines"]
    listed = functions.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    described = [functions.describe_execution(executionArn=one["executionArn"]) for one in listed]
    assert not [one for one in described if one["status"] not in ("RUNNING", "SUCCEEDED")]
    return [json.loads(one["output"]) for one in described if one["status"] == "SUCCEEDED"]


def test_an_alarm_of_the_stage_notifies_the_project_and_starts_one_retraining(
    company: Company,
) -> None:
    before, received = builds(company), list[str]()

    # Neither an alarm of another endpoint of the account, nor one with the stage's name elsewhere.
    go_off(company, "other-prod-drift-retrain", PROD)
    go_off(company, RETRAINS, TOOLING)
    go_off(company, RETRAINS, PROD)

    company.wait("the retraining", lambda: retrainings(company))
    company.wait("the end of the training", lambda: not training(company))

    def alarms() -> list[str]:
        received.extend(notifications(company))
        return [one for one in received if " is ALARM: " in one]

    company.wait("the notification", alarms)
    assert len(alarms()) == 1
    others = [one for one in received if not one.startswith(f"{RETRAINS} ")]
    # The seed of these tests trains nothing: the retraining fails, and the project is notified.
    assert all(one.startswith("The retraining ") and " failed. " in one for one in others), others
    assert [one["Retraining"] for one in retrainings(company)] == ["started"]
    new = [one for one in builds(company) if one not in before]
    assert [one["trigger"]["triggerType"] for one in new] == ["StartPipelineExecution"]


@pytest.mark.parametrize(
    ("before", "after", "notifies"),
    [
        ("OK", "ALARM", True),
        ("INSUFFICIENT_DATA", "ALARM", True),
        ("ALARM", "OK", True),
        ("INSUFFICIENT_DATA", "OK", False),  # a new alarm
        ("ALARM", "INSUFFICIENT_DATA", False),
    ],
)
@pytest.mark.parametrize("account", [TOOLING, PROD])
def test_alarms_that_go_off_or_recover_notify_the_project(
    company: Company, account: str, before: str, after: str, notifies: bool
) -> None:
    events = company.client("events", account)
    event = {
        "id": "1",
        "account": PROD,
        "source": "aws.cloudwatch",
        "time": "2026-11-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail-type": "CloudWatch Alarm State Change",
        "detail": {
            "alarmName": RETRAINS,
            "state": {"value": after},
            "previousState": {"value": before},
        },
    }
    matched = [
        one["Description"]
        for one in events.list_rules()["Rules"]
        if "notify" in one.get("Description", "")
        and events.test_event_pattern(EventPattern=one["EventPattern"], Event=json.dumps(event))[
            "Result"
        ]
    ]
    assert len(matched) == notifies


def test_no_other_role_of_the_account_puts_events_on_the_bus_of_the_project(
    company: Company,
) -> None:
    events = company.acting_as(company.role("sender", PROD, "events:PutEvents"))("events")
    forged = {
        "Source": "test",
        "DetailType": "CloudWatch Alarm State Change",
        "Detail": json.dumps({"alarmName": RETRAINS, "state": {"value": "ALARM"}}),
        "EventBusName": BUS,
    }
    response = events.put_events(Entries=[forged])
    assert [one["ErrorCode"] for one in response["Entries"]] == ["AccessDeniedException"]


def test_a_stage_that_is_removed_from_the_project_no_longer_reaches_it(company: Company) -> None:
    known = len(retrainings(company))
    company.client("events").remove_permission(StatementId="churn-prod")

    cloudwatch = company.client("cloudwatch", PROD)
    for state in ("OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName=RETRAINS, StateValue=state, StateReason="again")

    sqs = company.client("sqs", PROD)

    def dead_letters() -> list[dict[str, Any]]:
        urls = sqs.list_queues(QueueNamePrefix="ProjectTarget-churn-prod")["QueueUrls"]
        (url,) = (one for one in urls if "NotForwarded" in one)
        return list(sqs.receive_message(QueueUrl=url).get("Messages", []))

    company.wait("the events that were not forwarded", dead_letters)
    assert not [one for one in notifications(company) if one.endswith(": again")]
    assert len(retrainings(company)) == known
