"""Alarms of a project's stages: a notification each, and one retraining within its limits."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mlops_constructs.projects import ProjectMonitoring, RetrainingLimits
from rehearsal.client.local_aws import LocalAws
from tests.constructs.projects.deployed_project import (
    DESTROY,
    Deployed,
    bootstrapped_aws,
    project_in,
)

NAME = "watched"
ALARM = f"{NAME}-prod-drift-retrain"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with bootstrapped_aws(tmp_path_factory.mktemp("watched") / "aws") as started:
        yield started


@pytest.fixture(scope="module")
def project(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    found = project_in(aws, tmp_path_factory.mktemp("project"), NAME)
    limits = RetrainingLimits(cooldown_days=7, max_runs_per_month=2)
    stack = found.deploy(DESTROY, monitoring=ProjectMonitoring(retraining=limits))
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Failures"]
    found.wait("the first build", lambda: not running(found))
    return found


def executions(project: Deployed) -> list[dict[str, Any]]:
    listed = project.client("codepipeline").list_pipeline_executions(
        pipelineName=f"{NAME}-model-build"
    )
    found: list[dict[str, Any]] = listed["pipelineExecutionSummaries"]
    return found


def deployed(project: Deployed) -> list[str]:
    """Returns the ids of the executions that deploy."""
    listed = project.client("codepipeline").list_pipeline_executions(
        pipelineName=f"{NAME}-model-deploy"
    )
    return [one["pipelineExecutionId"] for one in listed["pipelineExecutionSummaries"]]


def running(project: Deployed) -> bool:
    found = executions(project)
    return not found or any(one["status"] in ("InProgress", "Stopping") for one in found)


def runs(project: Deployed) -> list[dict[str, Any]]:
    """Returns the outputs of the state machine, oldest first."""
    functions = project.client("stepfunctions")
    (machine,) = functions.list_state_machines()["stateMachines"]
    assert machine["name"] == f"{NAME}-retraining"
    listed = functions.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    described = [functions.describe_execution(executionArn=one["executionArn"]) for one in listed]
    assert not [one for one in described if one["status"] not in ("RUNNING", "SUCCEEDED")]
    ended = [one for one in described if one["status"] == "SUCCEEDED"]
    return [json.loads(one["output"]) for one in sorted(ended, key=lambda one: one["startDate"])]


def go_off(project: Deployed, name: str, again: bool = False) -> None:
    """Defines an alarm on a metric, as the stack of a stage does, and lets it go off."""
    cloudwatch = project.client("cloudwatch")
    if again:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a new model")
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drift again")
        return
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


@pytest.fixture(scope="module")
def messages(project: Deployed) -> Callable[[str], list[str]]:
    """Returns the notifications of the project so far that contain a text."""
    sqs = project.client("sqs")
    queue = sqs.create_queue(QueueName="notified")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attributes["Attributes"]["QueueArn"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    project.client("sns").subscribe(
        TopicArn=project.outputs["ApprovalTopicArn"],
        Protocol="sqs",
        Endpoint=attributes["Attributes"]["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    received: list[str] = []

    def found(text: str) -> list[str]:
        while new := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for one in new:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
            received.extend(one["Body"] for one in new)
        return [one for one in received if text in one]

    return found


def test_an_alarm_starts_one_retraining_and_the_limits_stop_the_next_ones(
    project: Deployed, messages: Callable[[str], list[str]]
) -> None:
    before, deployments = executions(project), deployed(project)
    assert [one["status"] for one in before] == ["Failed"], "the repository has no Dockerfile"
    assert messages("The retraining") == [], "a push is no retraining"

    go_off(project, ALARM)
    project.wait("the retraining", lambda: len(runs(project)) == 1)

    (first,) = runs(project)
    assert first["Retraining"] == "started"
    new = [one for one in executions(project) if one not in before]
    started = next(one for one in new if one["pipelineExecutionId"] == first["PipelineExecutionId"])
    assert started["trigger"]["triggerType"] == "StartPipelineExecution"
    assert "Retraining" in started["trigger"]["triggerDetail"]

    # An alarm of another project, and one that does not ask for a retraining, start none.
    go_off(project, f"{NAME}-prod-drift-data-quality-warning")
    go_off(project, "another-prod-drift-retrain")
    project.wait("the end of the retraining", lambda: not running(project))
    failed = f"The retraining {first['PipelineExecutionId']} of {NAME}-model-build failed"
    project.wait("the notification", lambda: bool(messages(failed)))
    assert "continues to serve its model" in messages(failed)[0]
    go_off(project, ALARM, again=True)
    project.wait("the second run", lambda: len(runs(project)) == 2)
    assert runs(project)[1]["Retraining"] == "started", "a failed run has no cooldown"

    project.wait("the end of the retraining", lambda: not running(project))
    go_off(project, ALARM, again=True)
    project.wait("the third run", lambda: len(runs(project)) == 3)
    assert runs(project)[2] == {
        "Retraining": "not started",
        "Reason": "the maximum of retrainings in 30 days",
    }
    assert len(executions(project)) == len(before) + 2
    project.wait(
        "the notification of the maximum",
        lambda: bool(messages(f"retrainings in 30 days (2) is reached. The alarm {ALARM} went")),
    )
    assert len(messages("The retraining")) == 2, "one for each that failed"
    assert deployed(project) == deployments, "what serves is not deployed again"


def test_the_name_of_the_alarm_sets_a_tighter_limit(project: Deployed) -> None:
    known = len(runs(project))

    go_off(project, f"{ALARM}-30d-1")

    project.wait("the run", lambda: len(runs(project)) == known + 1)
    assert runs(project)[-1]["Retraining"] == "not started"


def test_an_execution_that_fails_notifies_the_project(
    project: Deployed, messages: Callable[[str], list[str]]
) -> None:
    functions = project.client("stepfunctions")
    (machine,) = functions.list_state_machines()["stateMachines"]

    functions.start_execution(
        stateMachineArn=machine["stateMachineArn"],
        name="malformed",
        input=json.dumps({"detail": {"alarmName": 5}}),
    )

    project.wait(
        "the notification",
        lambda: bool(messages("started no retraining: the execution malformed of the state mach")),
    )
