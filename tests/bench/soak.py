"""Runs the local AWS under load for a while, and measures what grows.

    make soak                            # 30 minutes: traffic with data capture, then 200 endpoints
    make soak ARGS="--minutes 5"         # a shorter run, with fewer endpoints
    make soak ARGS="--minutes 2 --no-record"

Requests to an endpoint that captures all of its data take half of the time; creation and deletion
of endpoints the other half. Caches and connections fill in the first half of each phase; the growth
is that of its second half. The results go to docs/benchmarks/soak.json and soak.md. The command
fails when a bound is exceeded.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from rehearsal.framework.root_keys import RootKeys

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/benchmarks"
ACCOUNT, REGION = "111111111111", "us-east-1"
BUCKET, ENDPOINT = "soak", "soak"
ROW = b"1,2,3,4,5,6,7,8\n"
MAX_CYCLES = 200
SAMPLE_SECONDS = 2.0


@dataclass(frozen=True)
class Bound:
    """A limit of growth: a number of a phase, its maximum and unit."""

    phase: str
    measure: str
    maximum: float
    unit: str


BOUNDS = (
    Bound("traffic", "memory", 6.0, "kB per captured request"),
    Bound("traffic", "threads", 5, "threads"),
    Bound("traffic", "descriptors", 20, "file descriptors"),
    Bound("traffic", "disk", 4.0, "kB per captured request"),
    Bound("cycles", "memory", 250.0, "kB per endpoint"),
    Bound("cycles", "threads", 5, "threads"),
    Bound("cycles", "descriptors", 20, "file descriptors"),
    Bound("cycles", "disk", 100.0, "kB per endpoint"),
)


@dataclass(frozen=True)
class Sample:
    """What the server uses at a time."""

    phase: str
    seconds: float
    done: int
    memory_kilobytes: int
    threads: int
    descriptors: int
    disk_kilobytes: int


@dataclass
class Server:
    """The server, its clients, and the samples of it."""

    process: subprocess.Popen[bytes]
    state: Path
    began: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)

    def client(self, name: str) -> Any:
        found = json.loads((self.state / "endpoint.json").read_text())
        return boto3.client(  # type: ignore[call-overload]
            name,
            endpoint_url=found["url"],
            verify=found["ca_bundle"],
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=RootKeys.read(self.state).secret_access_key(ACCOUNT),
            config=Config(retries={"max_attempts": 3}),
        )

    def sample(self, phase: str, done: int) -> None:
        """Adds a sample."""
        process = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        used = sum(
            file.lstat().st_blocks * 512
            for file in self.state.rglob("*")
            if not file.is_symlink() and file.is_file()
        )
        self.samples.append(
            Sample(
                phase,
                round(time.monotonic() - self.began, 1),
                done,
                int(status["VmRSS"].split()[0]),
                int(status["Threads"]),
                len(list((process / "fd").iterdir())),
                used // 1024,
            )
        )


def main() -> None:
    """Runs the load, writes the results and fails when something grew too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="length of the run")
    parser.add_argument("--no-record", action="store_true", help="writes no result files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, running(Path(folder)) as server:
        prepare(server)
        half = options.minutes * 30
        requests = traffic(server, half)
        cycles = endpoints(server, half)
    growth = {
        "traffic": grown(server.samples, "traffic"),
        "cycles": grown(server.samples, "cycles"),
    }
    failed = [bound for bound in BOUNDS if growth[bound.phase][bound.measure] > bound.maximum]
    text = table(growth, options.minutes, requests, cycles)
    print(text)  # noqa: T201
    if not options.no_record:
        document = {
            "minutes": options.minutes,
            "requests": requests,
            "endpoints": cycles,
            "growth": growth,
            "samples": [asdict(sample) for sample in server.samples],
        }
        (RESULTS / "soak.json").write_text(json.dumps(document) + "\n")
        (RESULTS / "soak.md").write_text(text)
    if failed:
        sys.exit("Too much growth: " + "; ".join(f"{b.phase} {b.measure}" for b in failed))


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Starts the server with all services, and ends it with the block."""
    state = folder / "state"
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "rehearsal.server.main", "--state-directory", str(state)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            while not (state / "endpoint.json").exists():
                if process.poll() is not None:
                    sys.exit((folder / "log").read_text()[-4000:])
                time.sleep(0.1)
            yield Server(process, state)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def prepare(server: Server) -> None:
    """Creates the bucket, the role, the model and its image."""
    server.client("s3").create_bucket(Bucket=BUCKET)
    server.client("ecr").create_repository(repositoryName=BUCKET)
    store = ImageStore(server.state / "images")
    repository = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{BUCKET}"

    class Session:
        region_name = REGION

        def client(self, name: str, **_: Any) -> Any:
            return server.client(name)

    image: Any = store.build(ROOT / "docs/examples/image")
    session: Any = Session()
    publish(session, repository, ["1"], image)
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["s3:*", "ecr:*", "logs:*", "cloudwatch:*"], "Resource": "*"}
    ]
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
    }
    iam = server.client("iam")
    role = iam.create_role(RoleName=BUCKET, AssumeRolePolicyDocument=policy([trust]))["Role"]["Arn"]
    iam.put_role_policy(RoleName=BUCKET, PolicyName="all", PolicyDocument=policy(statements))
    server.client("sagemaker").create_model(
        ModelName=BUCKET, ExecutionRoleArn=role, PrimaryContainer={"Image": f"{repository}:1"}
    )


def policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def traffic(server: Server, seconds: float) -> int:
    """Sends requests to an endpoint with capture; returns their number."""
    create(server, ENDPOINT, capture=True)
    runtime, done = server.client("sagemaker-runtime"), 0
    end, next_sample = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        invoke(runtime, ENDPOINT)
        done += 1
        if time.monotonic() >= next_sample:
            server.sample("traffic", done)
            next_sample = time.monotonic() + SAMPLE_SECONDS
    time.sleep(3)  # the last captures and metrics are written
    server.sample("traffic", done)
    delete(server, ENDPOINT)
    return done


def endpoints(server: Server, seconds: float) -> int:
    """Creates, invokes and deletes endpoints; returns their number."""
    runtime, done, end = server.client("sagemaker-runtime"), 0, time.monotonic() + seconds
    while done < MAX_CYCLES and time.monotonic() < end:
        name = f"soak-{done}"
        create(server, name, capture=True)
        invoke(runtime, name)
        delete(server, name)
        done += 1
        server.sample("cycles", done)
    time.sleep(3)
    server.sample("cycles", done)
    return done


def invoke(runtime: Any, endpoint: str) -> None:
    """Sends a request and reads the response, which frees the connection for the next one."""
    response = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=ROW)
    response["Body"].read()


def create(server: Server, name: str, *, capture: bool) -> None:
    """Creates a configuration and an endpoint of it."""
    sagemaker = server.client("sagemaker")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": BUCKET,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    options: dict[str, Any] = {}
    if capture:
        options["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{BUCKET}/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant], **options
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    while (status := _status(sagemaker, name)) != "InService":
        if status == "Failed":
            sys.exit(sagemaker.describe_endpoint(EndpointName=name)["FailureReason"])
        time.sleep(0.1)


def delete(server: Server, name: str) -> None:
    """Deletes an endpoint and its configuration."""
    sagemaker = server.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=name)
    while any(
        endpoint["EndpointName"] == name for endpoint in sagemaker.list_endpoints()["Endpoints"]
    ):
        time.sleep(0.05)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)


def _status(sagemaker: Any, name: str) -> str:
    status: str = sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
    return status


def grown(samples: list[Sample], phase: str) -> dict[str, float]:
    """The growth in a phase: per request or endpoint for memory and disk, in total for others."""
    own = [sample for sample in samples if sample.phase == phase]
    own = own[len(own) // 2 :]
    done = [float(sample.done) for sample in own]
    if len(set(done)) < 3:
        sys.exit(f"The run is too short: {len(own)} samples of {phase}. Use more --minutes.")

    def slope(values: list[float]) -> float:
        return statistics.linear_regression(done, values).slope

    return {
        "memory": round(growth_of_minima(own), 2),
        "threads": max(s.threads for s in own[-3:]) - own[0].threads,
        "descriptors": max(s.descriptors for s in own[-3:]) - own[0].descriptors,
        "disk": round(slope([float(s.disk_kilobytes) for s in own]), 2),
    }


def growth_of_minima(samples: list[Sample]) -> float:
    """The growth of memory between garbage collections, which the minima show."""
    middle = len(samples) // 2
    first, last = (
        min(part, key=lambda sample: sample.memory_kilobytes)
        for part in (samples[:middle], samples[middle:])
    )
    return (last.memory_kilobytes - first.memory_kilobytes) / max(last.done - first.done, 1)


def table(growth: dict[str, dict[str, float]], minutes: float, requests: int, cycles: int) -> str:
    """The results as Markdown."""
    lines = [
        "# Growth of the local AWS under load",
        "",
        f"`make soak` for {minutes:g} minutes on {os.cpu_count()} cores: {requests} captured "
        f"requests, then {cycles} endpoints that were created, invoked and deleted.",
        "",
        "| phase | measure | growth | bound | unit |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {b.phase} | {b.measure} | {growth[b.phase][b.measure]:g} | {b.maximum:g} | {b.unit} |"
        for b in BOUNDS
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
