"""EndpointConfig and Endpoint steps deploy a model from a pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    Eventually,
    Run,
    definition,
    processing,
    runner,
    start_and_wait,
    steps_of,
)

CONFIG_NAME = {"Get": "Steps.Config.EndpointConfigName"}


def config(**members: Any) -> dict[str, Any]:
    arguments = requests.endpoint_config()
    del arguments["EndpointConfigName"]
    return {"Name": "Config", "Type": "EndpointConfig", "Arguments": {**arguments, **members}}


def deploy(**members: Any) -> dict[str, Any]:
    arguments = {"EndpointConfigName": CONFIG_NAME, **members}
    return {"Name": "Deploy", "Type": "Endpoint", "Arguments": arguments}


@pytest.fixture
def run(sagemaker: Any, eventually: Eventually) -> Run:
    sagemaker.create_model(**requests.model())
    return runner(sagemaker, eventually)


def test_an_endpoint_is_created_and_then_updated(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run, eventually: Eventually
) -> None:
    later = processing("Later")
    later["Arguments"]["Environment"] = {"ENDPOINT": {"Get": "Steps.Deploy.EndpointArn"}}

    first = run(definition(config(), deploy(EndpointName="live"), later))
    second = start_and_wait(sagemaker, eventually, {})

    assert first["PipelineExecutionStatus"] == "Succeeded"
    assert second["PipelineExecutionStatus"] == "Succeeded"
    described = sagemaker.describe_endpoint(EndpointName="live")
    steps = steps_of(sagemaker, second)
    assert steps["Deploy"]["Metadata"]["Endpoint"] == {"Arn": described["EndpointArn"]}
    used = steps["Config"]["Metadata"]["EndpointConfig"]["Arn"].rpartition("/")[2]
    assert described["EndpointConfigName"] == used
    assert data_plane.runs[0].request["Environment"] == {"ENDPOINT": described["EndpointArn"]}


def test_names_are_generated_or_those_of_the_step(sagemaker: Any, run: Run) -> None:
    execution = run(definition(config(EndpointConfigName="mine"), deploy()))

    identifier = execution["PipelineExecutionArn"].rpartition("/")[2]
    (endpoint,) = sagemaker.list_endpoints()["Endpoints"]
    assert endpoint["EndpointName"].startswith(f"pipelines-{identifier}-Deploy-")
    described = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
    assert described["EndpointConfigName"] == "mine"


def test_an_endpoint_that_does_not_start_fails_the_step_with_its_reason(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    data_plane.server_failure = "The primary container did not pass the ping health check."

    execution = run(definition(config(), deploy(EndpointName="live")))

    assert execution["PipelineExecutionStatus"] == "Failed"
    step = steps_of(sagemaker, execution)["Deploy"]
    assert "Endpoint live: " in step["FailureReason"]
    assert "did not pass the ping health check" in step["FailureReason"]


def test_an_update_that_is_rolled_back_fails_the_step(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run, eventually: Eventually
) -> None:
    run(definition(config(), deploy(EndpointName="live")))
    data_plane.server_failure = "out of memory"

    execution = start_and_wait(sagemaker, eventually, {})

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "out of memory" in steps_of(sagemaker, execution)["Deploy"]["FailureReason"]


def test_a_configuration_that_exists_fails_the_step(
    sagemaker: Any, run: Run, eventually: Eventually
) -> None:
    run(definition(config(EndpointConfigName="mine")))

    execution = start_and_wait(sagemaker, eventually, {})

    reason = steps_of(sagemaker, execution)["Config"]["FailureReason"]
    assert "Failed to invoke sagemaker:CreateEndpointConfig" in reason
    assert "already existing endpoint configuration" in reason
