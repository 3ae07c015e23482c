from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane

Eventually = Callable[[Callable[[], Any]], Any]

SUCCESS = "arn:aws:sns:us-east-1:111111111111:done"
ERROR = "arn:aws:sns:us-east-1:111111111111:failed"
OUTPUT = {
    "S3OutputPath": "s3://bucket/responses/",
    "S3FailurePath": "s3://bucket/failures",
    "KmsKeyId": "alias/responses",
    "NotificationConfig": {"SuccessTopic": SUCCESS, "ErrorTopic": ERROR},
}


class FakeTopics:
    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.attributes: dict[str, str] = {}

    def get_topic_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": self.attributes}

    def publish(self, *, TopicArn: str, Message: str) -> None:  # noqa: N803
        self.messages.append((TopicArn, json.loads(Message)))


@pytest.fixture
def topics(platform: FakePlatform) -> FakeTopics:
    platform.clients["sns"] = FakeTopics()
    topics: FakeTopics = platform.clients["sns"]
    return topics


@pytest.fixture
def deploy(sagemaker: Any, settle: Callable[[str], dict[str, Any]]) -> Callable[..., Any]:
    """Deploys an asynchronous endpoint `batch`."""

    def make(output: dict[str, Any] = OUTPUT, **client: Any) -> dict[str, Any]:
        sagemaker.create_model(**requests.model())
        config = {"OutputConfig": output, "ClientConfig": client}
        sagemaker.create_endpoint_config(**requests.endpoint_config(AsyncInferenceConfig=config))
        sagemaker.create_endpoint(EndpointName="batch", EndpointConfigName="config")
        return settle("batch")

    return make


def scale(sagemaker: Any, settle: Any, count: int) -> None:
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="batch",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": count}],
    )
    assert settle("batch")["ProductionVariants"][0]["CurrentInstanceCount"] == count


def test_the_response_is_written_and_the_topic_notified(
    deploy: Any,
    runtime: Any,
    platform: FakePlatform,
    topics: FakeTopics,
    data_plane: FakeDataPlane,
    eventually: Eventually,
) -> None:
    described = deploy()
    platform.objects["s3://bucket/rows.csv"] = b"1,2"

    response = runtime.invoke_endpoint_async(
        EndpointName="batch",
        InputLocation="s3://bucket/rows.csv",
        ContentType="text/csv",
        InferenceId="row-1",
        InvocationTimeoutSeconds=120,
    )
    topic, message = eventually(lambda: topics.messages)[0]

    assert described["AsyncInferenceConfig"]["OutputConfig"] == OUTPUT
    assert response["InferenceId"] == "row-1"
    assert response["OutputLocation"].startswith("s3://bucket/responses/")
    assert response["OutputLocation"].endswith(".out")
    assert platform.objects[response["OutputLocation"]] == b"AllTraffic"
    assert data_plane.servers[0].requests[0][:2] == (b"1,2", "text/csv")
    assert data_plane.servers[0].timeouts == [120]
    assert topic == SUCCESS
    del message["eventTime"], message["receivedTime"]
    assert message == {
        "awsRegion": "us-east-1",
        "invocationStatus": "Completed",
        "requestParameters": {
            "contentType": "text/csv",
            "endpointName": "batch",
            "inputLocation": "s3://bucket/rows.csv",
        },
        "responseParameters": {
            "contentType": "text/csv",
            "outputLocation": response["OutputLocation"],
        },
        "inferenceId": "row-1",
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def test_only_the_documented_metrics_are_published(
    deploy: Any,
    runtime: Any,
    platform: FakePlatform,
    topics: FakeTopics,
    service: SageMaker,
    eventually: Eventually,
) -> None:
    deploy()
    platform.objects["s3://bucket/rows.csv"] = b"1,2"

    runtime.invoke_endpoint_async(EndpointName="batch", InputLocation="s3://bucket/rows.csv")
    eventually(lambda: topics.messages)

    def published() -> dict[str, str]:
        service.registry.metrics.flush()
        return {datum["MetricName"]: datum["Unit"] for datum in platform.metrics}

    eventually(lambda: "TotalProcessingTime" in published())
    # "Any metric not listed below is not published": the guide on asynchronous endpoints.
    assert published() == {
        "Invocation4XXErrors": "Count",
        "Invocation5XXErrors": "Count",
        "ModelLatency": "Microseconds",
        "ApproximateBacklogSize": "Count",
        "ApproximateBacklogSizePerInstance": "Count",
        "ApproximateAgeOfOldestRequest": "Seconds",
        "HasBacklogWithoutCapacity": "Count",
        "InvocationsProcessed": "Count",
        "RequestDownloadLatency": "Microseconds",
        "ResponseUploadLatency": "Microseconds",
        "TimeInBacklog": "Microseconds",
        "TotalProcessingTime": "Milliseconds",
    }


def test_a_topic_whose_key_the_role_may_not_use_is_not_notified(
    deploy: Any,
    runtime: Any,
    platform: FakePlatform,
    topics: FakeTopics,
    service: SageMaker,
    eventually: Eventually,
) -> None:
    class Keys:
        def generate_data_key(self, **_: Any) -> None:
            error: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(error, "GenerateDataKey")

    deploy()
    topics.attributes["KmsMasterKeyId"] = "alias/topic"
    platform.clients["kms"] = Keys()

    runtime.invoke_endpoint_async(EndpointName="batch", Body=b"1")

    def failures() -> list[Any]:
        service.registry.metrics.flush()
        return [d for d in platform.metrics if d["MetricName"] == "NotificationFailures"]

    assert len(eventually(failures)) == 1
    assert topics.messages == []


def test_an_error_of_the_container_goes_to_the_failure_path_and_the_error_topic(
    deploy: Any,
    runtime: Any,
    platform: FakePlatform,
    topics: FakeTopics,
    data_plane: FakeDataPlane,
    eventually: Eventually,
) -> None:
    deploy(
        {
            **OUTPUT,
            "NotificationConfig": {
                "ErrorTopic": ERROR,
                "IncludeInferenceResponseIn": ["ERROR_NOTIFICATION_TOPIC"],
            },
        }
    )
    data_plane.servers[0].response = (500, {"Content-Type": "text/plain"}, b"no column age")

    response = runtime.invoke_endpoint_async(EndpointName="batch", Body=b"1,2")
    topic, message = eventually(lambda: topics.messages)[0]

    assert topic == ERROR
    assert message["invocationStatus"] == "Failed"
    assert "Received server error (500) from model" in message["failureReason"]
    assert message["responseParameters"]["outputLocation"] == response["FailureLocation"]
    assert base64.b64decode(message["responseBody"]["content"]) == b"no column age"
    assert platform.objects[response["FailureLocation"]] == b"no column age"
    assert response["FailureLocation"].endswith("-error.out")
    assert response["OutputLocation"] not in platform.objects


def test_an_input_that_is_not_there_fails_the_request(
    deploy: Any, runtime: Any, topics: FakeTopics, eventually: Eventually
) -> None:
    deploy()

    runtime.invoke_endpoint_async(EndpointName="batch", InputLocation="s3://bucket/none")
    topic, message = eventually(lambda: topics.messages)[0]

    assert topic == ERROR
    assert "Failed to download the input from s3://bucket/none" in message["failureReason"]


def test_requests_wait_while_there_is_no_instance(
    deploy: Any,
    runtime: Any,
    sagemaker: Any,
    settle: Any,
    service: SageMaker,
    platform: FakePlatform,
    topics: FakeTopics,
    data_plane: FakeDataPlane,
    eventually: Eventually,
) -> None:
    deploy()
    scale(sagemaker, settle, 0)
    assert data_plane.servers[0].stopped

    runtime.invoke_endpoint_async(EndpointName="batch", Body=b"1")
    service.registry.metrics.flush()

    assert topics.messages == []
    backlog = {
        datum["MetricName"]: datum["Value"]
        for datum in platform.metrics
        if datum["Dimensions"] == [{"Name": "EndpointName", "Value": "batch"}]
    }
    assert backlog["ApproximateBacklogSize"] == 1
    assert backlog["HasBacklogWithoutCapacity"] == 1
    assert backlog["ApproximateBacklogSizePerInstance"] == 1
    scale(sagemaker, settle, 2)
    eventually(lambda: topics.messages)
    service.registry.metrics.flush()
    assert len(data_plane.servers) == 2
    latest = [d for d in platform.metrics if d["MetricName"] == "HasBacklogWithoutCapacity"][-1]
    assert latest["Value"] == 0


def test_a_request_expires_in_the_queue(
    deploy: Any,
    runtime: Any,
    sagemaker: Any,
    settle: Any,
    topics: FakeTopics,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deploy()
    scale(sagemaker, settle, 0)
    runtime.invoke_endpoint_async(EndpointName="batch", Body=b"1", RequestTTLSeconds=60)
    monkeypatch.setattr("rehearsal.services.sagemaker.hosting.async_queue.AsyncRequest.age", 61.0)

    scale(sagemaker, settle, 1)
    topic, message = eventually(lambda: topics.messages)[0]

    assert topic == ERROR
    assert "more than 60 seconds (RequestTTLSeconds)" in message["failureReason"]


def test_an_endpoint_is_asynchronous_or_not(deploy: Any, runtime: Any, sagemaker: Any) -> None:
    deploy()
    sagemaker.create_endpoint_config(**requests.endpoint_config("real-time"))

    with pytest.raises(ClientError, match="asynchronous: use InvokeEndpointAsync"):
        runtime.invoke_endpoint(EndpointName="batch", Body=b"1")
    with pytest.raises(ClientError, match="an update cannot make it a real-time one"):
        sagemaker.update_endpoint(EndpointName="batch", EndpointConfigName="real-time")


def test_a_real_time_endpoint_takes_no_asynchronous_requests(
    runtime: Any, endpoint: dict[str, Any], sagemaker: Any
) -> None:
    with pytest.raises(ClientError, match="Endpoint live is not asynchronous"):
        runtime.invoke_endpoint_async(EndpointName="live", Body=b"1")
    with pytest.raises(ClientError, match="DesiredInstanceCount of variant AllTraffic must be at"):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="live",
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}],
        )


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "Exactly one of InputLocation, Body"),
        ({"Body": b"1", "InputLocation": "s3://b/k"}, "Exactly one of InputLocation, Body"),
    ],
)
def test_a_wrong_request_is_rejected(
    deploy: Any, runtime: Any, request_: dict[str, Any], message: str
) -> None:
    deploy()

    with pytest.raises(ClientError, match=message):
        runtime.invoke_endpoint_async(EndpointName="batch", **request_)
