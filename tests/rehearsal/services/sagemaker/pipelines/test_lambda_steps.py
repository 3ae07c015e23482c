"""Lambda steps invoke a function with the role of the pipeline and read its outputs."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    Eventually,
    Run,
    condition,
    definition,
    processing,
    runner,
    start_and_wait,
    steps_of,
)

ARN = "arn:aws:lambda:us-east-1:111111111111:function:notify"
OUTPUTS = [
    {"OutputName": "count", "OutputType": "Integer"},
    {"OutputName": "score", "OutputType": "Float"},
    {"OutputName": "good", "OutputType": "Boolean"},
    {"OutputName": "image", "OutputType": "String"},
]
RETURNED = {"count": 3, "score": "0.95", "good": True, "image": "s3://b/k", "other": [1]}
DEPTH = {"Name": "Depth", "Type": "Integer", "DefaultValue": 7}


class Functions:
    """Lambda, whose function returns `returned` or fails."""

    def __init__(self) -> None:
        self.returned: Any = RETURNED
        self.failure: str | None = None
        self.invoked: list[dict[str, Any]] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.invoked.append({**request, "Payload": json.loads(request["Payload"])})
        if self.failure == "denied":
            error = {"Code": "AccessDeniedException", "Message": "may not lambda:InvokeFunction"}
            raise ClientError({"Error": error}, "Invoke")  # type: ignore[typeddict-item]
        body = self.returned if isinstance(self.returned, bytes) else json.dumps(self.returned)
        payload = io.BytesIO(body if isinstance(body, bytes) else body.encode())
        failed = {"FunctionError": "Unhandled"} if self.failure else {}
        return {"StatusCode": 200, "Payload": payload, **failed}


@pytest.fixture
def functions(platform: FakePlatform) -> Functions:
    platform.clients["lambda"] = Functions()
    functions: Functions = platform.clients["lambda"]
    return functions


@pytest.fixture
def run(sagemaker: Any, eventually: Eventually, functions: Functions) -> Run:
    return runner(sagemaker, eventually)


def notify(**changes: Any) -> dict[str, Any]:
    return {
        "Name": "Notify",
        "Type": "Lambda",
        "FunctionArn": ARN,
        "Arguments": {"depth": {"Get": "Parameters.Depth"}, "nested": {"list": [1, "a"]}},
        "OutputParameters": OUTPUTS,
        **changes,
    }


def output(name: str) -> dict[str, str]:
    return {"Get": f"Steps.Notify.OutputParameters['{name}']"}


def test_its_outputs_reach_later_steps_with_their_types(
    sagemaker: Any, data_plane: FakeDataPlane, functions: Functions, run: Run
) -> None:
    later = processing("Later")
    later["Arguments"]["Environment"] = {
        "IMAGE": output("image"),
        "ALL": {"Std:Join": {"On": ",", "Values": [output("count"), output("good")]}},
    }
    check = condition("Check", output("score"), [later], [])

    execution = run(definition(notify(), check, parameters=(DEPTH,)))

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    (invoked,) = functions.invoked
    assert invoked["FunctionName"] == ARN
    assert invoked["InvocationType"] == "RequestResponse"
    assert invoked["Payload"] == {"depth": 7, "nested": {"list": [1, "a"]}}
    assert data_plane.runs[0].request["Environment"] == {"IMAGE": "s3://b/k", "ALL": "3,true"}
    metadata = steps_of(sagemaker, execution)["Notify"]["Metadata"]["Lambda"]
    assert metadata["Arn"] == ARN
    assert {entry["Name"]: entry["Value"] for entry in metadata["OutputParameters"]} == {
        "count": "3",
        "score": "0.95",
        "good": "true",
        "image": "s3://b/k",
    }


@pytest.mark.parametrize(
    ("returned", "failure", "reason"),
    [
        (RETURNED, "denied", "Failed to invoke lambda:Invoke. Error Details: may not"),
        (
            {"errorType": "KeyError", "errorMessage": "'depth'"},
            "Unhandled",
            f"Function {ARN} failed: KeyError: 'depth'",
        ),
        ([1, 2], None, "must return an object with the output parameters of the step"),
        (b"<html>", None, "did not return JSON"),
        ({**RETURNED, "count": None}, None, "count must be of type Integer; got None"),
        ({**RETURNED, "count": "many"}, None, "count must be of type Integer; got 'many'"),
        ({**RETURNED, "count": 3.5}, None, "count must be of type Integer; got 3.5"),
        ({**RETURNED, "image": {"a": 1}}, None, "image must be of type String"),
        ({**RETURNED, "image": "x" * 1025}, None, "image has 1025 characters, allowed are 1024"),
        ({"count": 3}, None, "there is no output parameter score; got count"),
    ],
)
def test_a_function_that_fails_or_returns_something_else_fails_the_step(
    sagemaker: Any, functions: Functions, run: Run, returned: Any, failure: str | None, reason: str
) -> None:
    functions.returned, functions.failure = returned, failure

    execution = run(definition(notify(), parameters=(DEPTH,)))

    assert execution["PipelineExecutionStatus"] == "Failed"
    step = steps_of(sagemaker, execution)["Notify"]
    assert reason in step["FailureReason"]
    assert step["Metadata"]["Lambda"]["Arn"] == ARN


def test_without_outputs_it_may_return_anything(functions: Functions, run: Run) -> None:
    functions.returned = None

    execution = run(definition(notify(OutputParameters=[]), parameters=(DEPTH,)))

    assert execution["PipelineExecutionStatus"] == "Succeeded"


def test_a_cached_step_is_not_invoked_again_until_its_arguments_change(
    sagemaker: Any, functions: Functions, run: Run, eventually: Eventually
) -> None:
    cached = notify(CacheConfig={"Enabled": True, "ExpireAfter": "PT1H"})
    run(definition(cached, parameters=(DEPTH,)))

    again = start_and_wait(sagemaker, eventually, {})
    assert steps_of(sagemaker, again)["Notify"]["CacheHitResult"]
    start_and_wait(sagemaker, eventually, {"Depth": "8"})

    assert [invoked["Payload"]["depth"] for invoked in functions.invoked] == [7, 8]
