"""Models that fail on the real server: canaries under load, and containers that are killed."""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from rehearsal.client.local_aws import LocalAws
from rehearsal.story import rollouts
from rehearsal.story.summary import FleetSummary
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
THREADS = 4
# One request in FAILS fails; none if it is 0. Each response is the name of the model.
PROGRAM = """
import itertools, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
fails, numbers = int(os.environ["FAILS"]), itertools.count(1)
if os.environ["MODEL"] == "unloadable":
    raise SystemExit("the model cannot be loaded")

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def respond(self, status):
        body = os.environ["MODEL"].encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.respond(200)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.3 if os.environ["MODEL"] == "slow" else 0)
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
        for name, fails in (("good", 0), ("bad", 5), ("slow", 0), ("unloadable", 0)):
            aws.client("sagemaker").create_model(
                ModelName=name,
                ExecutionRoleArn=role,
                PrimaryContainer={
                    "Image": image,
                    "Environment": {"FAILS": f"{fails}", "MODEL": name},
                },
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


@dataclass
class Requests:
    """Numbers of requests by the model that responded; "" if no model did."""

    served: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    lock: Any = field(default_factory=threading.Lock, compare=False, repr=False)

    def send(self, runtime: Any, endpoint: str) -> None:
        """Sends a request and counts it."""
        try:
            response = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1")
        except ClientError as error:
            counter, model = self.failed, str(error.response.get("OriginalMessage", ""))
        else:
            counter, model = self.served, response["Body"].read().decode()
        with self.lock:
            counter[model] += 1


@contextlib.contextmanager
def load(cloud: Aws, endpoint: str, pause: float) -> Iterator[Requests]:
    """Sends requests in some threads until the end of the block."""
    over, runtime, requests = threading.Event(), cloud.client("sagemaker-runtime"), Requests()

    def send() -> None:
        while not over.wait(pause):
            requests.send(runtime, endpoint)

    threads = [threading.Thread(target=send) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield requests
    finally:
        over.set()
        for thread in threads:
            thread.join()


def roll_out(
    cloud: Aws, endpoint: str, model: str, number: int = 2, **alarm: Any
) -> tuple[Any, Requests]:
    """Updates an endpoint under load by a canary of half of it, as the library does.

    Returns:
        The endpoint after the update, and the requests during it.
    """
    config = f"{endpoint}-{number}"
    configure(cloud, config, model)
    watch(cloud, endpoint, config, **alarm)
    with load(cloud, endpoint, 0.005) as requests:
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
        return settled(cloud, endpoint), requests


def watch(cloud: Aws, endpoint: str, config: str, **alarm: Any) -> None:
    """Defines an alarm on the fleet of a configuration, with its name: on errors by default."""
    watched = {"MetricName": "Invocation5XXErrors", "Statistic": "Average", "Threshold": 0.05}
    dimensions = {
        "EndpointName": endpoint,
        "VariantName": "AllTraffic",
        "EndpointConfigName": config,
    }
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=config,
        Namespace="AWS/SageMaker",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        **(alarm or watched),
    )


def served_by_the_old_model_again(cloud: Aws, endpoint: str) -> bool:
    """Returns True if the next 50 requests succeed, all of them by the model `good`."""
    requests = Requests()
    for _ in range(50):
        requests.send(cloud.client("sagemaker-runtime"), endpoint)
    return requests == Requests(served=Counter(good=50))


def test_a_canary_that_fails_one_request_in_five_is_rolled_back(cloud: Aws, endpoint: str) -> None:
    described, requests = roll_out(cloud, endpoint, "bad")

    assert described["EndpointConfigName"] == f"{endpoint}-1"
    assert f"endpoint deployment: {endpoint}-2" in described["FailureReason"]
    history = cloud.client("cloudwatch").describe_alarm_history(
        AlarmName=f"{endpoint}-2", HistoryItemType="StateUpdate"
    )["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == "Alarm updated from OK to ALARM"
    assert set(requests.failed) == {"bad"}, "a request outside of the canary's share failed"
    # The report shows the requests of each fleet, which have the same variant.
    now = datetime.datetime.now(datetime.UTC)
    served, failed = requests.served, requests.failed["bad"]
    assert rollouts.fleets(
        cast(LocalAws, cloud),
        endpoint,
        f"{endpoint}-1",
        since=now - datetime.timedelta(minutes=10),
        until=now,
        requests=served.total() + failed,
    ) == [
        FleetSummary("before", f"{endpoint}-1", served["good"], 0),
        FleetSummary("new", f"{endpoint}-2", served["bad"] + failed, failed),
    ]
    assert 0 < requests.failed["bad"] < requests.served["bad"] < requests.served["good"] * 2
    assert served_by_the_old_model_again(cloud, endpoint)


def test_a_canary_that_is_slow_is_rolled_back_and_no_request_fails(
    cloud: Aws, endpoint: str
) -> None:
    described, requests = roll_out(
        cloud,
        endpoint,
        "slow",
        MetricName="ModelLatency",
        ExtendedStatistic="p99",
        Threshold=100_000,
    )

    assert described["EndpointConfigName"] == f"{endpoint}-1"
    assert f"endpoint deployment: {endpoint}-2" in described["FailureReason"]
    assert not requests.failed
    assert set(requests.served) == {"good", "slow"}
    assert served_by_the_old_model_again(cloud, endpoint)


def test_a_model_that_cannot_be_loaded_gets_no_request(cloud: Aws, endpoint: str) -> None:
    described, requests = roll_out(cloud, endpoint, "unloadable")

    assert described["EndpointConfigName"] == f"{endpoint}-1"
    assert described["FailureReason"]
    assert not requests.failed
    assert set(requests.served) == {"good"}
    assert served_by_the_old_model_again(cloud, endpoint)


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

    described, _ = roll_out(cloud, endpoint, "good", 3)

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
