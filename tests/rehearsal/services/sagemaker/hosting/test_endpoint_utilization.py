from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.containers.process_usage import Usage
from rehearsal.services.sagemaker.hosting.endpoint_utilization import Utilization
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane


def test_cpu_memory_and_disk_of_a_variant_are_metrics(
    sagemaker: Any,
    settle: Callable[[str], dict[str, Any]],
    service: SageMaker,
    data_plane: FakeDataPlane,
    platform: FakePlatform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sagemaker.create_model(**requests.model())
    config = requests.endpoint_config()
    config["ProductionVariants"][0]["VolumeSizeInGB"] = 10
    sagemaker.create_endpoint_config(**config)
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="config")
    settle("live")
    clock = iter([100.0, 110.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    utilization = Utilization(service.registry.metrics)

    data_plane.servers[0].used = Usage(cpu_seconds=5.0)
    utilization.measure(service.registry.live())
    data_plane.servers[0].used = Usage(cpu_seconds=20.0, memory=2**32, disk=2**30)
    utilization.measure(service.registry.live())
    monkeypatch.undo()
    service.registry.metrics.flush()

    measured = {d["MetricName"]: d for d in platform.metrics}
    assert measured["CPUUtilization"]["Value"] == 150.0
    assert measured["MemoryUtilization"]["Value"] == 50.0
    assert measured["DiskUtilization"]["Value"] == 10.0
    assert measured["CPUUtilization"]["Namespace"] == "/aws/sagemaker/Endpoints"
    assert measured["CPUUtilization"]["Dimensions"] == [
        {"Name": "EndpointName", "Value": "live"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]


def test_a_serverless_variant_has_its_memory_as_a_metric_and_nothing_else(
    sagemaker: Any,
    settle: Callable[[str], dict[str, Any]],
    service: SageMaker,
    data_plane: FakeDataPlane,
    platform: FakePlatform,
) -> None:
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(
        EndpointConfigName="config",
        ProductionVariants=[requests.serverless(MemorySizeInMB=2048)],
    )
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="config")
    settle("live")
    utilization = Utilization(service.registry.metrics)

    data_plane.servers[0].used = Usage(cpu_seconds=5.0, memory=2**29, disk=2**30)
    for _ in range(2):
        utilization.measure(service.registry.live())
    service.registry.metrics.flush()

    assert {(d["MetricName"], d["Value"], d["Namespace"]) for d in platform.metrics} == {
        ("MemoryUtilization", 25.0, "/aws/sagemaker/Endpoints")
    }
