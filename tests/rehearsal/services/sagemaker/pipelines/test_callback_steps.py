"""Callback steps send a message and end with a call that has its token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    Eventually,
    definition,
    processing,
    steps_of,
    wait_for,
)

QUEUE = "https://sqs.us-east-1.amazonaws.com/111111111111/review"
REVIEW = {
    "Name": "Review",
    "Type": "Callback",
    "SqsQueueUrl": QUEUE,
    "Arguments": {"image": "churn", "depth": {"Get": "Parameters.Depth"}},
    "OutputParameters": [
        {"OutputName": "verdict", "OutputType": "String"},
        {"OutputName": "score", "OutputType": "Float"},
    ],
}
LATER = processing("Later")
LATER["Arguments"]["Environment"] = {"V": {"Get": "Steps.Review.OutputParameters['verdict']"}}
GOOD = [{"Name": "verdict", "Value": "good"}, {"Name": "score", "Value": "0.9"}]
DEPTH = {"Name": "Depth", "Type": "Integer", "DefaultValue": 7}

Start = Callable[[], tuple[str, dict[str, Any]]]


class Queues:
    """SQS, which keeps messages."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.denied = False

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, Any]:  # noqa: N803
        if self.denied:
            error = {"Code": "AccessDenied", "Message": "may not sqs:SendMessage"}
            raise ClientError({"Error": error}, "SendMessage")  # type: ignore[typeddict-item]
        self.sent.append({**json.loads(MessageBody), "queue": QueueUrl})
        return {"MessageId": "1"}


@pytest.fixture
def queues(platform: FakePlatform) -> Queues:
    platform.clients["sqs"] = Queues()
    queues: Queues = platform.clients["sqs"]
    return queues


@pytest.fixture
def start(sagemaker: Any, queues: Queues, eventually: Eventually) -> Start:
    """Starts an execution; returns its ARN and the first message."""

    def started() -> tuple[str, dict[str, Any]]:
        sagemaker.create_pipeline(
            PipelineName="review",
            PipelineDefinition=definition(REVIEW, LATER, parameters=(DEPTH,)),
            RoleArn=ROLE,
            ClientRequestToken="a" * 32,
        )
        arn = sagemaker.start_pipeline_execution(
            PipelineName="review", ClientRequestToken="b" * 32
        )["PipelineExecutionArn"]
        eventually(lambda: queues.sent)
        return arn, queues.sent[0]

    return started


def succeed(sagemaker: Any, token: str, outputs: list[dict[str, str]], call: str = "c") -> Any:
    return sagemaker.send_pipeline_execution_step_success(
        CallbackToken=token, OutputParameters=outputs, ClientRequestToken=call * 32
    )


def test_its_message_has_the_token_that_ends_it(
    sagemaker: Any, data_plane: FakeDataPlane, start: Start, eventually: Eventually
) -> None:
    arn, message = start()

    assert message == {
        "token": message["token"],
        "pipelineExecutionArn": arn,
        "arguments": {"image": "churn", "depth": 7},
        "status": "Executing",
        "queue": QUEUE,
    }
    assert len(message["token"]) == 10
    response = succeed(sagemaker, message["token"], GOOD)
    assert response == {"PipelineExecutionArn": arn}
    execution = wait_for(sagemaker, eventually, arn)
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert data_plane.runs[0].request["Environment"] == {"V": "good"}
    assert steps_of(sagemaker, execution)["Review"]["Metadata"]["Callback"] == {
        "CallbackToken": message["token"],
        "SqsQueueUrl": QUEUE,
        "OutputParameters": GOOD,
    }


def test_a_failure_fails_the_step_with_its_reason(
    sagemaker: Any, start: Start, eventually: Eventually
) -> None:
    arn, message = start()

    sagemaker.send_pipeline_execution_step_failure(
        CallbackToken=message["token"], FailureReason="too old", ClientRequestToken="c" * 32
    )

    execution = wait_for(sagemaker, eventually, arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert steps_of(sagemaker, execution)["Review"]["FailureReason"] == "too old"
    assert "Later" not in steps_of(sagemaker, execution)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (GOOD[:1], "there is no output parameter score; got verdict"),
        ([GOOD[0], {"Name": "score", "Value": "high"}], "score must be of type Float; got 'high'"),
        ([*GOOD, {"Name": "colour", "Value": "red"}], "verdict, score, each once; got colour"),
        ([*GOOD, GOOD[0]], "each once; got verdict"),
    ],
)
def test_wrong_outputs_are_rejected_and_change_nothing(
    sagemaker: Any,
    start: Start,
    eventually: Eventually,
    outputs: list[dict[str, str]],
    message: str,
) -> None:
    arn, sent = start()

    with pytest.raises(ClientError, match=message) as caught:
        succeed(sagemaker, sent["token"], outputs)

    assert caught.value.response["Error"]["Code"] == "ValidationException"
    succeed(sagemaker, sent["token"], GOOD, call="d")
    assert wait_for(sagemaker, eventually, arn)["PipelineExecutionStatus"] == "Succeeded"


def test_a_token_is_used_once_and_must_exist(sagemaker: Any, start: Start) -> None:
    arn, message = start()
    succeed(sagemaker, message["token"], GOOD)

    assert succeed(sagemaker, message["token"], GOOD) == {"PipelineExecutionArn": arn}
    with pytest.raises(ClientError, match="has ended") as conflict:
        succeed(sagemaker, message["token"], GOOD, call="d")
    assert conflict.value.response["Error"]["Code"] == "ConflictException"
    with pytest.raises(ClientError, match="'abcdefghij' does not exist") as missing:
        succeed(sagemaker, "abcdefghij", [])
    assert missing.value.response["Error"]["Code"] == "ResourceNotFound"


def test_an_execution_that_stops_waits_for_its_callback_step(
    sagemaker: Any, queues: Queues, start: Start, eventually: Eventually
) -> None:
    arn, message = start()

    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="e" * 32)
    eventually(lambda: len(queues.sent) == 2)

    assert queues.sent[1] == {**message, "status": "Stopping"}
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert described["PipelineExecutionStatus"] == "Stopping"
    assert steps_of(sagemaker, described)["Review"]["StepStatus"] == "Stopping"
    succeed(sagemaker, message["token"], GOOD)
    execution = wait_for(sagemaker, eventually, arn)
    assert execution["PipelineExecutionStatus"] == "Stopped"
    assert steps_of(sagemaker, execution)["Review"]["StepStatus"] == "Stopped"


def test_a_role_that_may_not_send_fails_the_step(
    sagemaker: Any, queues: Queues, eventually: Eventually
) -> None:
    queues.denied = True
    sagemaker.create_pipeline(
        PipelineName="review",
        PipelineDefinition=definition(REVIEW, parameters=(DEPTH,)),
        RoleArn=ROLE,
        ClientRequestToken="a" * 32,
    )

    arn = sagemaker.start_pipeline_execution(PipelineName="review", ClientRequestToken="b" * 32)

    execution = wait_for(sagemaker, eventually, arn["PipelineExecutionArn"])
    reason = steps_of(sagemaker, execution)["Review"]["FailureReason"]
    assert reason == (
        "ClientError: Failed to invoke sqs:SendMessage. Error Details: may not sqs:SendMessage"
    )


def test_iam_evaluates_the_execution_of_a_token(service: SageMaker, start: Start) -> None:
    arn, message = start()
    scope = Scope("111111111111", "us-east-1")

    operation = "SendPipelineExecutionStepSuccess"
    assert service.resource_arns(operation, {"CallbackToken": message["token"]}, scope) == [arn]
    assert service.resource_arns(operation, {"CallbackToken": "abcdefghij"}, scope) == ["*"]
