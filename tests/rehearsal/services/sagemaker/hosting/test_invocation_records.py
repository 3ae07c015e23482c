"""What an invocation passes on, and what it leaves behind: errors, captures and metrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.hosting.runtime import SageMakerRuntime
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane

Eventually = Callable[[Callable[[], Any]], Any]


def test_an_invocation_reaches_the_container_with_its_headers(
    runtime: Any, endpoint: dict[str, Any], data_plane: FakeDataPlane
) -> None:
    runtime.invoke_endpoint(
        EndpointName="live",
        Body=b"1,2",
        ContentType="text/csv",
        Accept="application/json",
        CustomAttributes="trace=7",
        InferenceId="id-1",
    )

    body, content_type, accept, headers = data_plane.servers[0].requests[0]
    assert (body, content_type, accept) == (b"1,2", "text/csv", "application/json")
    assert headers == {
        "X-Amzn-SageMaker-Custom-Attributes": "trace=7",
        "X-Amzn-SageMaker-Inference-Id": "id-1",
    }


def test_an_error_of_the_container_is_a_model_error(
    service: SageMaker,
    platform: FakePlatform,
    endpoint: dict[str, Any],
    data_plane: FakeDataPlane,
) -> None:
    data_plane.servers[0].response = (400, {}, b"column age is missing")
    runtime = SageMakerRuntime(platform)

    with pytest.raises(AwsError) as caught:
        runtime.invoke_endpoint({"EndpointName": "live", "Body": b"x"}, CALLER)
    runtime.close()

    assert (caught.value.code, caught.value.status) == ("ModelError", 424)
    assert caught.value.members["OriginalStatusCode"] == 400
    assert caught.value.members["OriginalMessage"] == "column age is missing"
    assert "/aws/sagemaker/Endpoints/live" in caught.value.members["LogStreamArn"]
    assert 'Received client error (400) from primary with message "column' in str(caught.value)


def test_an_unknown_target_variant_is_rejected(runtime: Any, endpoint: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="Variant Other is not found for endpoint live"):
        runtime.invoke_endpoint(EndpointName="live", Body=b"1", TargetVariant="Other")


def test_captured_calls_are_json_lines_below_endpoint_variant_and_hour(
    service: SageMaker, runtime: Any, endpoint: dict[str, Any], platform: FakePlatform
) -> None:
    runtime.invoke_endpoint(
        EndpointName="live", Body=b"1,2", ContentType="text/csv", InferenceId="7"
    )
    live = service.registry.get(SCOPE, "live")
    assert live is not None
    assert live.fleet.capture is not None
    live.fleet.capture.flush()

    (uri,) = platform.objects
    line = json.loads(platform.objects[uri])
    assert uri.startswith("s3://bucket/capture/live/AllTraffic/2")
    assert uri.endswith(".jsonl")
    assert line["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "1,2",
        "encoding": "CSV",
    }
    assert line["captureData"]["endpointOutput"]["data"] == "AllTraffic"
    assert line["eventMetadata"]["inferenceId"] == "7"
    assert line["eventVersion"] == "0"


def test_invocations_are_metrics_of_the_variant(
    platform: FakePlatform, endpoint: dict[str, Any], service: SageMaker
) -> None:
    runtime = SageMakerRuntime(platform)
    runtime.invoke_endpoint({"EndpointName": "live", "Body": b"x"}, CALLER)
    runtime._metrics.flush()
    runtime.close()

    metrics = {
        datum["MetricName"]: datum for datum in platform.metrics if len(datum["Dimensions"]) == 2
    }
    assert metrics["Invocations"]["Value"] == 1
    assert metrics["Invocation4XXErrors"]["Value"] == 0
    assert metrics["ModelLatency"]["Unit"] == "Microseconds"
    assert metrics["Invocations"]["Dimensions"] == [
        {"Name": "EndpointName", "Value": "live"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]
