"""A SageMaker with a platform and a data plane in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.services.sagemaker.hosting.runtime import SageMakerRuntime
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import CALLER, SCOPE, FakeKms, FakePlatform, ServiceClient
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane
from tests.rehearsal.services.sagemaker.monitoring.monitoring import (
    DUE,
    call,
    config,
    definition,
)

Eventually = Callable[[Callable[[], Any]], Any]

Settle = Callable[[str], dict[str, Any]]


class ScalableTargets:
    """Application Auto Scaling, with the resources of `registered` as targets."""

    def __init__(self) -> None:
        self.registered: list[str] = []

    def describe_scalable_targets(self, *, ResourceIds: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        found = [resource for resource in ResourceIds if resource in self.registered]
        return {"ScalableTargets": [{"ResourceId": resource} for resource in found]}


@pytest.fixture
def platform() -> FakePlatform:
    platform = FakePlatform()
    platform.clients |= {"application-autoscaling": ScalableTargets(), "kms": FakeKms()}
    return platform


@pytest.fixture
def data_plane() -> FakeDataPlane:
    return FakeDataPlane()


@pytest.fixture
def service(platform: FakePlatform, data_plane: FakeDataPlane) -> Iterator[SageMaker]:
    service = SageMaker(platform, data_plane)
    platform.services["sagemaker"] = service
    yield service
    service.close()


@pytest.fixture
def sagemaker(service: SageMaker) -> Any:
    """A client of the service, as boto3's."""
    return ServiceClient(service, CALLER)


@pytest.fixture
def runtime(platform: FakePlatform, service: SageMaker) -> Iterator[Any]:
    runtime = SageMakerRuntime(platform)
    yield ServiceClient(runtime, CALLER)
    runtime.close()


@pytest.fixture
def eventually() -> Eventually:
    """Waits until a function returns something true, and returns that."""

    def wait(probe: Callable[[], Any], seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = probe()
            if value:
                return value
            time.sleep(0.01)
        raise AssertionError("it did not happen in time")

    return wait


@pytest.fixture
def settle(sagemaker: Any, eventually: Eventually) -> Callable[[str], dict[str, Any]]:
    """Waits until an endpoint has settled and returns its description."""

    def wait(name: str) -> dict[str, Any]:
        def settled() -> Any:
            response = sagemaker.describe_endpoint(EndpointName=name)
            return response if response["EndpointStatus"] in ("InService", "Failed") else None

        response: dict[str, Any] = eventually(settled)
        return response

    return wait


@pytest.fixture
def endpoint(sagemaker: Any, settle: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """An endpoint `live` that serves model `churn` with configuration `config`."""
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(**requests.endpoint_config(DataCaptureConfig=requests.CAPTURE))
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="config")
    return settle("live")


@pytest.fixture
def captured(sagemaker: Any, eventually: Eventually) -> None:
    """An endpoint that captures its data."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/capture",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(**requests.endpoint_config(DataCaptureConfig=capture))
    sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="config")
    describe = sagemaker.describe_endpoint
    eventually(lambda: describe(EndpointName="churn")["EndpointStatus"] == "InService")


@pytest.fixture
def monitored(
    captured: None, service: SageMaker, sagemaker: Any, eventually: Eventually
) -> Callable[..., dict[str, Any]]:
    """Runs a schedule once, at DUE; returns the execution."""

    def run(kind: str = "DataQuality", **changes: Any) -> dict[str, Any]:
        call(sagemaker, "create", kind, **definition(kind, **changes))
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName="watch", MonitoringScheduleConfig=config(kind)
        )
        record = service.backend.records.of(SCOPE, "monitoring-schedule")["watch"]
        service.monitoring_executions.run(SCOPE, record, DUE)
        listed = sagemaker.list_monitoring_executions(MonitoringScheduleName="watch")
        execution: dict[str, Any] = listed["MonitoringExecutionSummaries"][0]
        return execution

    return run


@pytest.fixture
def fleet(sagemaker: Any, settle: Settle) -> dict[str, Any]:
    """An endpoint `fleet` without models, of at most two ml.m5.large (2 CPUs, 8 GiB each)."""
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(**requests.fleet_config())
    sagemaker.create_endpoint(EndpointName="fleet", EndpointConfigName="fleet-config")
    return settle("fleet")


@pytest.fixture
def ready(sagemaker: Any, eventually: Any) -> Settle:
    """Waits until a component has settled and returns its description."""

    def wait(name: str) -> dict[str, Any]:
        def settled() -> Any:
            response = sagemaker.describe_inference_component(InferenceComponentName=name)
            return (
                response
                if response["InferenceComponentStatus"] in ("InService", "Failed")
                else None
            )

        response: dict[str, Any] = eventually(settled)
        return response

    return wait


@pytest.fixture
def trained(sagemaker: Any, eventually: Eventually) -> Callable[..., dict[str, Any]]:
    """Creates a training job, waits until it has ended and returns its description."""

    def train(name: str = "train", **changes: Any) -> dict[str, Any]:
        sagemaker.create_training_job(**requests.training_job(name), **changes)

        def ended() -> Any:
            job = sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        job: dict[str, Any] = eventually(ended)
        return job

    return train
