"""Invocations of variants, shadow variants and serverless variants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane, FakeServer
from tests.rehearsal.services.sagemaker.requests import serverless, variant

Settle = Callable[[str], dict[str, Any]]
Deploy = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def deploy(sagemaker: Any, settle: Settle) -> Deploy:
    """Deploys a configuration as endpoint `live`."""

    def make(config: dict[str, Any]) -> dict[str, Any]:
        sagemaker.create_model(**requests.model())
        sagemaker.create_endpoint_config(EndpointConfigName="config", **config)
        sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="config")
        return settle("live")

    return make


def named(data_plane: FakeDataPlane, name: str) -> FakeServer:
    return next(server for server in data_plane.servers if server.run.variant == name)


def metrics_of(service: SageMaker, platform: FakePlatform, name: str) -> dict[str, float]:
    """The metrics of a variant, summed up."""
    service.registry.metrics.flush()
    found: dict[str, float] = {}
    expected = [{"Name": "EndpointName", "Value": "live"}, {"Name": "VariantName", "Value": name}]
    for datum in platform.metrics:
        if datum["Dimensions"] == expected:
            found[datum["MetricName"]] = found.get(datum["MetricName"], 0.0) + datum["Value"]
    return found


def test_traffic_follows_weights_and_targets(
    deploy: Deploy, runtime: Any, sagemaker: Any, settle: Settle
) -> None:
    deploy(
        {
            "ProductionVariants": [
                variant("A"),
                variant("B", InitialVariantWeight=0.0),
            ]
        }
    )

    def ask(**more: Any) -> bytes:
        response = runtime.invoke_endpoint(EndpointName="live", Body=b"1", **more)
        body: bytes = response["Body"]
        return body

    assert {ask() for _ in range(20)} == {b"A"}
    assert ask(TargetVariant="B") == b"B"
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="live",
        DesiredWeightsAndCapacities=[
            {"VariantName": "A", "DesiredWeight": 0.0},
            {"VariantName": "B", "DesiredWeight": 1.0, "DesiredInstanceCount": 3},
        ],
    )
    described = settle("live")["ProductionVariants"]
    assert {ask() for _ in range(20)} == {b"B"}
    assert [v["CurrentWeight"] for v in described] == [0.0, 1.0]
    assert [v["CurrentInstanceCount"] for v in described] == [1, 3]


def test_metrics_count_per_instance(
    deploy: Deploy, runtime: Any, service: SageMaker, platform: FakePlatform
) -> None:
    deploy({"ProductionVariants": [variant("A", InitialInstanceCount=4)]})

    runtime.invoke_endpoint(EndpointName="live", Body=b"1")

    found = metrics_of(service, platform, "A")
    assert (found["Invocations"], found["InvocationsPerInstance"]) == (1.0, 0.25)
    assert found["ConcurrentRequestsPerModel"] == 0.25


def test_each_fleet_has_separate_metrics(
    deploy: Deploy, runtime: Any, service: SageMaker, platform: FakePlatform
) -> None:
    """Source: "Monitor model latency on the new fleet": the other fleet is not in them."""
    deploy({"ProductionVariants": [variant("A")]})

    runtime.invoke_endpoint(EndpointName="live", Body=b"1")
    service.registry.metrics.flush()

    dimension = {"Name": "EndpointConfigName", "Value": "config"}
    of_fleet = {d["MetricName"] for d in platform.metrics if dimension in d["Dimensions"]}
    assert of_fleet == {
        "Invocations",
        "Invocation4XXErrors",
        "Invocation5XXErrors",
        "InvocationModelErrors",
        "ModelLatency",
        "OverheadLatency",
        "InvocationsPerInstance",
        "ConcurrentRequestsPerModel",
    }
    ((name, variant_name, _),) = {
        tuple(entry["Value"] for entry in datum["Dimensions"])
        for datum in platform.metrics
        if dimension in datum["Dimensions"]
    }
    assert (name, variant_name) == ("live", "A")


def test_a_shadow_receives_its_share_and_its_response_is_dropped(
    deploy: Deploy,
    runtime: Any,
    service: SageMaker,
    platform: FakePlatform,
    data_plane: FakeDataPlane,
    eventually: Any,
) -> None:
    described = deploy(
        {
            "ProductionVariants": [variant("Live", InitialVariantWeight=2.0)],
            "ShadowProductionVariants": [variant("Shadow", InitialVariantWeight=1.0)],
        }
    )
    named(data_plane, "Shadow").response = (500, {}, b"the candidate is broken")

    responses = {
        runtime.invoke_endpoint(EndpointName="live", Body=b"1")["Body"] for _ in range(100)
    }

    def mirrored() -> int:
        return len(named(data_plane, "Shadow").requests)

    eventually(lambda: mirrored() > 0)
    assert described["ShadowProductionVariants"][0]["VariantName"] == "Shadow"
    assert responses == {b"Live"}
    assert 20 < mirrored() < 80
    found = metrics_of(service, platform, "Shadow")
    assert found["Invocation5XXErrors"] > 0
    assert metrics_of(service, platform, "Live")["Invocation5XXErrors"] == 0


def test_a_serverless_variant_throttles_above_its_concurrency(
    deploy: Deploy,
    runtime: Any,
    sagemaker: Any,
    settle: Settle,
    data_plane: FakeDataPlane,
    service: SageMaker,
    platform: FakePlatform,
) -> None:
    deploy({"ProductionVariants": [serverless(ProvisionedConcurrency=1)]})
    entered, leave = threading.Event(), threading.Event()
    server = data_plane.servers[0]

    def slow(*_: Any, **__: Any) -> tuple[int, Mapping[str, str], bytes]:
        entered.set()
        leave.wait(5)
        return 200, {}, b"late"

    server.invoke = slow  # type: ignore[method-assign]
    first = threading.Thread(target=lambda: runtime.invoke_endpoint(EndpointName="live", Body=b"1"))
    first.start()
    entered.wait(5)
    with pytest.raises(ClientError, match="Rate exceeded") as caught:
        runtime.invoke_endpoint(EndpointName="live", Body=b"1")
    leave.set()
    first.join()

    assert caught.value.response["Error"]["Code"] == "ThrottlingException"
    assert server.run.max_payload == 4 * 1024 * 1024
    found = metrics_of(service, platform, "AllTraffic")
    # "Any metric not listed below is not published": the guide on serverless endpoints.
    assert set(found) == {
        "Invocations",
        "Invocation4XXErrors",
        "Invocation5XXErrors",
        "ModelLatency",
        "OverheadLatency",
        "ServerlessConcurrentExecutionsUtilization",
        "ServerlessProvisionedConcurrencyExecutions",
        "ServerlessProvisionedConcurrencyInvocations",
        "ServerlessProvisionedConcurrencySpilloverInvocations",
        "ServerlessProvisionedConcurrencyUtilization",
    }
    assert found["ServerlessProvisionedConcurrencyUtilization"] == 1.0
    assert found["ServerlessProvisionedConcurrencySpilloverInvocations"] == 0.0
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="live",
        DesiredWeightsAndCapacities=[
            {
                "VariantName": "AllTraffic",
                "ServerlessUpdateConfig": {"MaxConcurrency": 5, "ProvisionedConcurrency": 2},
            }
        ],
    )
    current = settle("live")["ProductionVariants"][0]["CurrentServerlessConfig"]
    assert (current["MaxConcurrency"], current["ProvisionedConcurrency"]) == (5, 2)


def test_headers_choose_the_model_and_the_container(
    deploy: Deploy, runtime: Any, data_plane: FakeDataPlane
) -> None:
    deploy({"ProductionVariants": [variant("A")]})

    runtime.invoke_endpoint(
        EndpointName="live", Body=b"1", TargetModel="a.tar.gz", TargetContainerHostname="first"
    )

    assert data_plane.servers[0].requests[0][3] == {
        "X-Amzn-SageMaker-Target-Model": "a.tar.gz",
        "X-Amzn-SageMaker-Target-Container-Hostname": "first",
    }


def test_a_rolling_update_has_one_variant_with_instances(deploy: Deploy, sagemaker: Any) -> None:
    deploy({"ProductionVariants": [variant("A"), variant("B")]})
    rolling = {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 0,
    }

    with pytest.raises(ClientError, match="RollingUpdatePolicy is not supported for serverless"):
        sagemaker.update_endpoint(
            EndpointName="live",
            EndpointConfigName="config",
            DeploymentConfig={"RollingUpdatePolicy": rolling},
        )
