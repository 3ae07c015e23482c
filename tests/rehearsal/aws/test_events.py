"""EventBridge on the running server: our events, and the targets that start our services."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

PIPELINE = "arn:aws:sagemaker:us-east-1:111111111111:pipeline/{}"


def _eventually(check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := check()):
        if time.monotonic() > deadline:
            pytest.fail("It did not happen within 20 seconds")
        time.sleep(0.1)
    return found


def _pipeline(aws: Any, name: str) -> str:
    role = aws.role(f"{name}-role", {"Service": "sagemaker.amazonaws.com"})
    aws.client("sagemaker").create_pipeline(
        PipelineName=name, PipelineDefinition="{}", RoleArn=role, ClientRequestToken="t" * 32
    )
    return PIPELINE.format(name)


def _rule(aws: Any, name: str, target: dict[str, Any]) -> None:
    events = aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [f"test.{name}"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "it", **target}])


def _send(aws: Any, name: str) -> None:
    entry = {"Source": f"test.{name}", "DetailType": "Test", "Detail": "{}"}
    answer = aws.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def _executions(aws: Any, arn: str) -> list[dict[str, Any]]:
    found = aws.client("sagemaker").list_pipeline_executions(PipelineName=arn.rsplit("/", 1)[-1])
    return [e for e in found["PipelineExecutionSummaries"] if arn in e["PipelineExecutionArn"]]


def test_a_rule_starts_a_sagemaker_pipeline_with_the_role_of_its_target(aws: Any) -> None:
    arn = _pipeline(aws, "started")
    allow = {"Action": "sagemaker:StartPipelineExecution", "Resource": arn}
    role = aws.role("starter", {"Service": "events.amazonaws.com"}, allow)
    parameters = {"PipelineParameterList": [{"Name": "a", "Value": "b"}]}
    _rule(
        aws,
        "starting",
        {"Arn": arn, "RoleArn": role, "SageMakerPipelineParameters": parameters},
    )
    _send(aws, "starting")
    execution = _eventually(lambda: _executions(aws, arn))[0]
    assert execution["PipelineExecutionDisplayName"] == "1"


def test_a_target_whose_role_may_not_is_counted_as_a_failed_invocation(aws: Any) -> None:
    arn = _pipeline(aws, "forbidden")
    role = aws.role("powerless-starter", {"Service": "events.amazonaws.com"})
    _rule(aws, "forbidden", {"Arn": arn, "RoleArn": role})
    _send(aws, "forbidden")

    def failures() -> Any:
        found = aws.client("cloudwatch").list_metrics(Namespace="AWS/Events")["Metrics"]
        dimensions = [{"Name": "RuleName", "Value": "forbidden"}]
        return [m for m in found if m["Dimensions"] == dimensions]

    assert _eventually(failures)[0]["MetricName"] == "FailedInvocations"
    assert not _executions(aws, arn)
    assert "Rule forbidden did not reach" in (aws.state / "server.log").read_text()


def test_an_event_of_a_service_reaches_a_queue(aws: Any) -> None:
    arn = _pipeline(aws, "emitting")
    sqs, events = aws.client("sqs"), aws.client("events")
    url = sqs.create_queue(QueueName="emitted")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
        },
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    pattern = {"source": ["aws.sagemaker"], "resources": [arn]}
    events.put_rule(Name="emitted", EventPattern=json.dumps(pattern))
    transformer = {
        "InputPathsMap": {"it": "$.detail.pipelineExecutionArn"},
        "InputTemplate": '{"execution": <it>}',
    }
    target = {"Id": "q", "Arn": queue["QueueArn"], "InputTransformer": transformer}
    events.put_targets(Rule="emitted", Targets=[target])
    aws.client("sagemaker").start_pipeline_execution(
        PipelineName="emitting", ClientRequestToken="t" * 32
    )
    received = _eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert arn in json.loads(received[0]["Body"])["execution"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("arn:aws:kinesis:us-east-1:111111111111:stream/s", "does not deliver events to kinesis"),
        ("arn:aws:codepipeline:us-east-1:111111111111:p", "RoleArn is required"),
    ],
)
def test_a_target_that_would_be_dropped_is_refused_by_name(
    aws: Any, target: str, expected: str
) -> None:
    with pytest.raises(ClientError) as raised:
        _rule(aws, "dropped", {"Arn": target})
    assert expected in raised.value.response["Error"]["Message"]
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": {"source": ["x"]},
            "Targets": [{"Id": "it", "Arn": target}],
        },
    }
    stack = aws.deploy(f"dropped-{len(target)}", {"Rule": rule})
    assert expected in stack["Reasons"][0]


def test_what_ministack_would_fake_is_refused_by_name(aws: Any) -> None:
    if importlib.util.find_spec("duckdb") is None:
        with pytest.raises(ClientError) as raised:
            aws.client("athena").start_query_execution(QueryString="select 1")
        assert "Athena" in raised.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as raised:
        aws.client("codebuild").start_build(projectName="p")
    assert "runs no builds" in raised.value.response["Error"]["Message"]


def test_handing_a_role_to_a_stock_service_needs_pass_role(aws: Any) -> None:
    role = aws.role("handed", {"Service": ["states.amazonaws.com", "lambda.amazonaws.com"]})
    person = aws.person("hander", {"Action": ["states:*", "lambda:*"]})
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    with pytest.raises(ClientError) as raised:
        aws.client("stepfunctions", person).create_state_machine(
            name="m", definition=json.dumps(definition), roleArn=role
        )
    assert "iam:PassRole" in raised.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as raised:
        aws.client("lambda", person).create_function(
            FunctionName="f",
            Role=role,
            Runtime="python3.12",
            Handler="i.h",
            Code={"ZipFile": b"PK\x05\x06" + b"\0" * 18},
        )
    assert "iam:PassRole" in raised.value.response["Error"]["Message"]


def _queue(aws: Any, name: str, *principals: str) -> tuple[str, str]:
    """A queue to which services may send, only those; its URL and ARN."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:111111111111:{name}"
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": list(principals)},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def _received(aws: Any, url: str) -> dict[str, Any]:
    sqs = aws.client("sqs")
    found: dict[str, Any] = _eventually(
        lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
    )[0]
    return found


def _machine(aws: Any, name: str) -> str:
    role = aws.role(f"{name}-acts", {"Service": "states.amazonaws.com"})
    passing = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    arn: str = aws.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(passing), roleArn=role
    )["stateMachineArn"]
    return arn


def test_a_state_machine_is_started_with_the_role_of_its_target(aws: Any) -> None:
    machine = _machine(aws, "rule-machine")
    allow = {"Action": "states:StartExecution", "Resource": machine}
    role = aws.role("rule-starts", {"Service": "events.amazonaws.com"}, allow)
    _rule(aws, "to-machine", {"Arn": machine, "RoleArn": role})
    _send(aws, "to-machine")
    states = aws.client("stepfunctions")
    started = _eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    found = states.describe_execution(executionArn=started[0]["executionArn"])
    assert json.loads(found["input"])["source"] == "test.to-machine"


def test_a_state_machine_that_the_role_may_not_start_leaves_a_dead_letter(aws: Any) -> None:
    machine = _machine(aws, "unstarted-machine")
    url, queue = _queue(aws, "rule-letters", "events.amazonaws.com")
    role = aws.role("rule-starts-not", {"Service": "events.amazonaws.com"})
    target = {"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": queue}}
    _rule(aws, "not-to-machine", target)
    _send(aws, "not-to-machine")
    letter = _received(aws, url)
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert told["RULE_ARN"] == "arn:aws:events:us-east-1:111111111111:rule/not-to-machine"
    assert told["TARGET_ARN"] == machine
    assert told["ERROR_CODE"] == "AccessDeniedException"
    assert "states:StartExecution" in told["ERROR_MESSAGE"]
    assert json.loads(letter["Body"])["source"] == "test.not-to-machine"
    assert not aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]


def test_a_queue_and_a_topic_whose_policies_do_not_let_events_get_none(aws: Any) -> None:
    letters, dead = _queue(aws, "policy-letters", "events.amazonaws.com")
    closed_url, closed = _queue(aws, "closed-queue", "sns.amazonaws.com")
    sns = aws.client("sns")
    topic = sns.create_topic(Name="closed-topic")["TopicArn"]
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    for name, target in (("to-closed-queue", closed), ("to-closed-topic", topic)):
        _rule(aws, name, {"Arn": target, "DeadLetterConfig": {"Arn": dead}})
        _send(aws, name)
        letter = _received(aws, letters)
        told = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
        assert told["TARGET_ARN"] == target
        assert "events.amazonaws.com is not authorized" in told["ERROR_MESSAGE"]
        aws.client("sqs").delete_message(QueueUrl=letters, ReceiptHandle=letter["ReceiptHandle"])
    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=closed_url)


def test_an_event_reaches_the_bus_of_another_account_that_lets_it(aws: Any) -> None:
    other = aws.session("222222222222")
    theirs = aws.client("events", other)
    bus = "arn:aws:events:us-east-1:222222222222:event-bus/registry"
    policy = {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "registry"}},
        "Lets": {
            "Type": "AWS::Events::EventBusPolicy",
            "Properties": {
                "EventBusName": {"Ref": "Bus"},
                "StatementId": "lets",
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                    "Action": "events:PutEvents",
                    "Resource": bus,
                },
            },
        },
    }
    cloudformation = aws.client("cloudformation", other)
    made = aws.deploy("registry-bus", policy, client=cloudformation)
    assert made["StackStatus"] == "CREATE_COMPLETE", made["Reasons"]
    assert "lets" in theirs.describe_event_bus(Name="registry")["Policy"]
    sqs = aws.client("sqs", other)
    url = sqs.create_queue(QueueName="theirs")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:222222222222:theirs"
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    pattern = json.dumps({"account": ["111111111111"]})
    theirs.put_rule(Name="received", EventBusName="registry", EventPattern=pattern)
    theirs.put_targets(
        Rule="received", EventBusName="registry", Targets=[{"Id": "q", "Arn": queue}]
    )
    letters, dead = _queue(aws, "bus-letters", "events.amazonaws.com")
    allowed = {"Action": "events:PutEvents", "Resource": bus}
    role = aws.role("forwards", {"Service": "events.amazonaws.com"}, allowed)
    _rule(aws, "forward", {"Arn": bus, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}})
    _send(aws, "forward")
    received = _eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert json.loads(received[0]["Body"])["source"] == "test.forward"
    theirs.remove_permission(EventBusName="registry", StatementId="lets")
    _send(aws, "forward")
    letter = _received(aws, letters)
    assert (
        "no resource-based policy allows"
        in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    )


def test_a_permission_is_kept_as_a_statement(aws: Any) -> None:
    events = aws.client("events")
    events.put_permission(
        EventBusName="default",
        Action="events:PutEvents",
        Principal="333333333333",
        StatementId="them",
    )
    policy = json.loads(events.describe_event_bus()["Policy"])
    (statement,) = [one for one in policy["Statement"] if one["Sid"] == "them"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::333333333333:root"}
    events.remove_permission(EventBusName="default", StatementId="them")
    assert "them" not in events.describe_event_bus().get("Policy", "")
