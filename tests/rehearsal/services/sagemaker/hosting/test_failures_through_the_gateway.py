"""Models that fail on the real server: canaries under load, and containers that are killed."""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import Aws, running_server
from tests.rehearsal.services.sagemaker.gateway import (
    BUCKET,
    STATEMENTS,
    TRUST,
    publish_program,
    wait,
)

SERVICES = (
    "rehearsal.services.cloudwatch:CloudWatch",
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.hosting.runtime:SageMakerRuntime",
)
# One request in FAILS fails; none if it is 0.
PROGRAM = """
import itertools, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
fails, numbers = int(os.environ["FAILS"]), itertools.count(1)

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def respond(self, status):
        body = os.environ["FAILS"].encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.respond(200)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.respond(500 if fails and next(numbers) % fails == 0 else 200)
    def log_message(self, *_):
        pass

ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    folder = tmp_path_factory.mktemp("failures")
    with running_server(folder / "state", SERVICES) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        image = publish_program(aws, tmp_path_factory.mktemp("program"), PROGRAM, "churn")
        role = aws.role("hosting", TRUST, *STATEMENTS)
        for name, fails in (("good", 0), ("bad", 5)):
            aws.client("sagemaker").create_model(
                ModelName=name,
                ExecutionRoleArn=role,
                PrimaryContainer={"Image": image, "Environment": {"FAILS": f"{fails}"}},
            )
        yield aws


@pytest.fixture
def endpoint(cloud: Aws, request: pytest.FixtureRequest) -> Iterator[str]:
    """An endpoint that serves the model `good`."""
    name, sagemaker = f"live-{abs(hash(request.node.name)) % 10**8}", cloud.client("sagemaker")
    configure(cloud, f"{name}-1", "good")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-1")
    settled(cloud, name)
    yield name
    sagemaker.delete_endpoint(EndpointName=name)


def configure(cloud: Aws, name: str, model: str) -> None:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
        "InitialVariantWeight": 1.0,
    }
    cloud.client("sagemaker").create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant]
    )


def settled(cloud: Aws, name: str) -> Any:
    describe = cloud.client("sagemaker").describe_endpoint

    def found() -> Any:
        described = describe(EndpointName=name)
        return described if described["EndpointStatus"] in ("InService", "Failed") else None

    return wait(found, 120)


@contextlib.contextmanager
def load(cloud: Aws, endpoint: str, pause: float) -> Iterator[None]:
    """Sends requests until the end of the block."""
    over, runtime = threading.Event(), cloud.client("sagemaker-runtime")

    def send() -> None:
        while not over.wait(pause):
            with contextlib.suppress(ClientError):
                runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1")

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def roll_out(cloud: Aws, endpoint: str, model: str, number: int = 2) -> Any:
    """Updates an endpoint under load by a canary of half of it, as the library does."""
    config = f"{endpoint}-{number}"
    configure(cloud, config, model)
    watch(cloud, endpoint, config)
    with load(cloud, endpoint, 0.005):
        cloud.client("sagemaker").update_endpoint(
            EndpointName=endpoint,
            EndpointConfigName=config,
            DeploymentConfig={
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {
                        "Type": "CANARY",
                        "WaitIntervalInSeconds": 60,
                        "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
                    }
                },
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": config}]},
            },
        )
        return settled(cloud, endpoint)


def watch(cloud: Aws, endpoint: str, config: str) -> None:
    """Defines an alarm on the errors of the fleet of a configuration, with its name."""
    dimensions = {
        "EndpointName": endpoint,
        "VariantName": "AllTraffic",
        "EndpointConfigName": config,
    }
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=config,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.05,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


def test_a_canary_that_fails_one_request_in_five_is_rolled_back(cloud: Aws, endpoint: str) -> None:
    described = roll_out(cloud, endpoint, "bad")

    assert described["EndpointConfigName"] == f"{endpoint}-1"
    assert f"endpoint deployment: {endpoint}-2" in described["FailureReason"]
    history = cloud.client("cloudwatch").describe_alarm_history(
        AlarmName=f"{endpoint}-2", HistoryItemType="StateUpdate"
    )["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == "Alarm updated from OK to ALARM"


def test_the_way_back_is_open_while_the_alarm_of_the_model_in_service_rings(
    cloud: Aws, endpoint: str
) -> None:
    """The bad model is in service, because nothing watched its rollout."""
    bad = f"{endpoint}-2"
    configure(cloud, bad, "bad")
    watch(cloud, endpoint, bad)
    cloud.client("sagemaker").update_endpoint(EndpointName=endpoint, EndpointConfigName=bad)
    settled(cloud, endpoint)
    with load(cloud, endpoint, 0.005):
        wait(lambda: state_of(cloud, bad) == "ALARM", 60)

    described = roll_out(cloud, endpoint, "good", 3)

    assert state_of(cloud, bad) == "ALARM"
    assert described["EndpointConfigName"] == f"{endpoint}-3"
    assert "FailureReason" not in described


def test_a_container_that_is_killed_is_restarted_while_its_endpoint_is_in_service(
    cloud: Aws, endpoint: str
) -> None:
    runtime, sagemaker = cloud.client("sagemaker-runtime"), cloud.client("sagemaker")
    found = containers(cloud)
    for pid in found:
        os.kill(pid, signal.SIGKILL)

    statuses: set[str] = set()
    failures: list[Any] = []

    def serves() -> bool:
        statuses.add(sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"])
        try:
            runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1")
        except ClientError as error:
            failures.append(error.response)
            return False
        return bool(failures)

    wait(serves, 60)

    assert found
    assert statuses == {"InService"}
    assert {failure["Error"]["Code"] for failure in failures} == {"ModelError"}
    assert {failure["OriginalStatusCode"] for failure in failures} == {0}
    assert "Received server error (0) from primary" in failures[0]["Error"]["Message"]
    wait(lambda: errors_of(cloud, endpoint) == len(failures), 30)


def state_of(cloud: Aws, alarm: str) -> Any:
    described = cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])
    return described["MetricAlarms"][0]["StateValue"]


def containers(cloud: Aws) -> list[int]:
    """The processes that the server has started for containers."""
    children = Path(f"/proc/{cloud.endpoint['pid']}/task").glob("*/children")
    started = [int(pid) for file in children for pid in file.read_text().split()]
    return [pid for pid in started if b"init_process" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def errors_of(cloud: Aws, endpoint: str) -> float:
    now = datetime.datetime.now(datetime.UTC)
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=now - datetime.timedelta(minutes=10),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))
