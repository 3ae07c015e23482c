"""SageMaker after the end of the server: what ran has failed, and what serves starts again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.framework.persistence import KeptState
from rehearsal.framework.service import INTERRUPTED
from rehearsal.services.sagemaker.hosting.runtime import SageMakerRuntime
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import CALLER, ROLE, FakePlatform, ServiceClient
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane, runs_until_stopped
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    definition,
    processing,
    steps_of,
    wait_for,
)

Eventually = Callable[[Callable[[], Any]], Any]


class Next:
    """A SageMaker that starts with the state of an earlier one."""

    def __init__(self, earlier: SageMaker, folder: Path) -> None:
        file = folder / "state"
        KeptState({"sagemaker": earlier}, earlier.platform).save(file)
        self.platform, self.data_plane = FakePlatform(folder / "next"), FakeDataPlane()
        self.service = SageMaker(self.platform, self.data_plane)
        self.platform.services["sagemaker"] = self.service
        KeptState({"sagemaker": self.service}, self.platform).load(file)
        self.client: Any = ServiceClient(self.service, CALLER)
        self.interrupted: list[str] = []

    def resume(self) -> None:
        self.interrupted = list(self.service.resume())


@pytest.fixture
def restart(service: SageMaker, tmp_path: Path) -> Any:
    made: list[Next] = []

    def begin() -> Next:
        made.append(Next(service, tmp_path))
        return made[-1]

    yield begin
    for one in made:
        one.service.close()


def test_an_endpoint_serves_again(
    endpoint: dict[str, Any], restart: Callable[[], Next], eventually: Eventually
) -> None:
    found = restart()
    found.resume()

    def shown() -> Any:
        return found.client.describe_endpoint(EndpointName="live")

    eventually(lambda: shown()["EndpointStatus"] == "InService")
    assert shown()["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert shown()["DataCaptureConfig"] == endpoint["DataCaptureConfig"]
    runtime = SageMakerRuntime(found.platform)
    response = ServiceClient(runtime, CALLER).invoke_endpoint(EndpointName="live", Body=b"1")
    assert response["Body"] == b"AllTraffic"
    runtime.close()
    states = found.platform.events_of("SageMaker Endpoint State Change")
    assert [one["EndpointStatus"] for one in states] == ["SYSTEM_UPDATING", "IN_SERVICE"]


@pytest.mark.usefixtures("endpoint")
def test_an_endpoint_keeps_its_capacity_and_a_deleted_configuration(
    sagemaker: Any, settle: Any, restart: Callable[[], Next], eventually: Eventually
) -> None:
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="live",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    settle("live")
    sagemaker.delete_endpoint_config(EndpointConfigName="config")
    found = restart()
    found.resume()

    def variant() -> Any:
        shown = found.client.describe_endpoint(EndpointName="live")
        return shown["EndpointStatus"] == "InService" and shown["ProductionVariants"][0]

    assert eventually(variant)["CurrentInstanceCount"] == 3


@pytest.mark.usefixtures("endpoint")
def test_an_endpoint_that_does_not_start_again_has_failed_with_the_reason(
    restart: Callable[[], Next], eventually: Eventually
) -> None:
    found = restart()
    found.data_plane.server_failure = "The port is taken."
    found.resume()

    def failed() -> Any:
        shown = found.client.describe_endpoint(EndpointName="live")
        return shown["EndpointStatus"] == "Failed" and shown

    assert "not started again: The port is taken." in eventually(failed)["FailureReason"]


@pytest.mark.usefixtures("fleet")
def test_the_components_of_an_endpoint_serve_again(
    sagemaker: Any, ready: Any, restart: Callable[[], Next], eventually: Eventually
) -> None:
    sagemaker.create_inference_component(**requests.component())
    ready("churn-a")
    found = restart()
    found.resume()

    def served() -> bool:
        shown = found.client.describe_inference_component(InferenceComponentName="churn-a")
        return bool(shown["InferenceComponentStatus"] == "InService")

    eventually(served)
    assert [server.run.variant for server in found.data_plane.servers] == ["AllTraffic"]


def test_a_job_that_ran_has_failed_and_one_that_was_stopped_is_stopped(
    sagemaker: Any,
    data_plane: FakeDataPlane,
    restart: Callable[[], Next],
    eventually: Eventually,
) -> None:
    release = threading.Event()

    def work(run: Any) -> dict[str, Any]:
        release.wait(60)
        return {}

    data_plane.behaviour = {"works": work, "stops": work}
    for name in ("works", "stops"):
        sagemaker.create_processing_job(**requests.processing_job(name))
    eventually(lambda: len(data_plane.runs) == 2)
    sagemaker.stop_processing_job(ProcessingJobName="stops")
    found = restart()
    found.resume()
    release.set()

    works = found.client.describe_processing_job(ProcessingJobName="works")
    assert works["ProcessingJobStatus"] == "Failed"
    assert works["FailureReason"] == "InternalServerError: The local AWS ended while this ran."
    assert works["ProcessingEndTime"] >= works["CreationTime"]
    stops = found.client.describe_processing_job(ProcessingJobName="stops")
    assert stops["ProcessingJobStatus"] == "Stopped"
    assert "processing job works: Failed" in found.interrupted
    states = found.platform.events_of("SageMaker Processing Job State Change")
    assert {one["ProcessingJobStatus"] for one in states} == {"Failed", "Stopped"}


def test_a_pipeline_execution_that_ran_has_failed_and_can_be_retried(
    sagemaker: Any,
    data_plane: FakeDataPlane,
    restart: Callable[[], Next],
    eventually: Eventually,
) -> None:
    data_plane.behaviour["Second"] = runs_until_stopped
    sagemaker.create_pipeline(
        PipelineName="train",
        PipelineDefinition=definition(
            processing("First"), processing("Second", DependsOn=["First"])
        ),
        RoleArn=ROLE,
        ClientRequestToken="a" * 32,
    )
    arn = sagemaker.start_pipeline_execution(PipelineName="train", ClientRequestToken="d" * 32)[
        "PipelineExecutionArn"
    ]
    eventually(lambda: len(data_plane.runs) == 2)
    found = restart()
    found.resume()

    shown = found.client.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert shown["PipelineExecutionStatus"] == "Failed"
    assert shown["FailureReason"] == INTERRUPTED
    steps = steps_of(found.client, shown)
    assert steps["First"]["StepStatus"] == "Succeeded"
    assert (steps["Second"]["StepStatus"], steps["Second"]["FailureReason"]) == (
        "Failed",
        INTERRUPTED,
    )
    found.client.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="f" * 32)
    assert wait_for(found.client, eventually, arn)["PipelineExecutionStatus"] == "Succeeded"
    assert len(found.data_plane.runs) == 1
