"""EventBridge on the running server: our events, and the targets that start our services."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.deliveries import eventually
from tests.rehearsal.rules import new_rule, send

PIPELINE = "arn:aws:sagemaker:us-east-1:111111111111:pipeline/{}"


def new_pipeline(aws: Any, name: str) -> str:
    role = aws.role(f"{name}-role", {"Service": "sagemaker.amazonaws.com"})
    aws.client("sagemaker").create_pipeline(
        PipelineName=name, PipelineDefinition="{}", RoleArn=role, ClientRequestToken="t" * 32
    )
    return PIPELINE.format(name)


def executions_of(aws: Any, arn: str) -> list[dict[str, Any]]:
    found = aws.client("sagemaker").list_pipeline_executions(PipelineName=arn.rsplit("/", 1)[-1])
    return [e for e in found["PipelineExecutionSummaries"] if arn in e["PipelineExecutionArn"]]


def test_a_rule_starts_a_sagemaker_pipeline_with_the_role_of_its_target(aws: Any) -> None:
    arn = new_pipeline(aws, "started")
    allow = {"Action": "sagemaker:StartPipelineExecution", "Resource": arn}
    role = aws.role("starter", {"Service": "events.amazonaws.com"}, allow)
    parameters = {"PipelineParameterList": [{"Name": "a", "Value": "b"}]}
    new_rule(
        aws,
        "starting",
        {"Arn": arn, "RoleArn": role, "SageMakerPipelineParameters": parameters},
    )
    send(aws, "starting")
    execution = eventually(lambda: executions_of(aws, arn))[0]
    assert execution["PipelineExecutionDisplayName"] == "1"


def test_a_target_whose_role_may_not_is_counted_as_a_failed_invocation(aws: Any) -> None:
    arn = new_pipeline(aws, "forbidden")
    role = aws.role("powerless-starter", {"Service": "events.amazonaws.com"})
    new_rule(aws, "forbidden", {"Arn": arn, "RoleArn": role})
    send(aws, "forbidden")

    def failures() -> Any:
        found = aws.client("cloudwatch").list_metrics(Namespace="AWS/Events")["Metrics"]
        dimensions = [{"Name": "RuleName", "Value": "forbidden"}]
        return [m for m in found if m["Dimensions"] == dimensions]

    assert eventually(failures)[0]["MetricName"] == "FailedInvocations"
    assert not executions_of(aws, arn)
    assert "Rule forbidden did not reach" in (aws.state / "server.log").read_text()


def test_an_event_of_a_service_reaches_a_queue(aws: Any) -> None:
    arn = new_pipeline(aws, "emitting")
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
    received = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert arn in json.loads(received[0]["Body"])["execution"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("arn:aws:kinesis:us-east-1:111111111111:stream/s", "does not deliver events to kinesis"),
        ("arn:aws:codepipeline:us-east-1:111111111111:p", "RoleArn is required"),
    ],
)
def test_a_target_that_would_be_dropped_is_rejected_by_name(
    aws: Any, target: str, expected: str
) -> None:
    with pytest.raises(ClientError) as raised:
        new_rule(aws, "dropped", {"Arn": target})
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


def test_what_ministack_would_fake_is_rejected_by_name(aws: Any) -> None:
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
