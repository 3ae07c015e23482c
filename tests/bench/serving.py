"""Measures the model server beside Flask, gunicorn and pandas, with the same model and requests.

    make bench
    python tests/bench/serving.py --rounds 3 --seconds 3

Both servers run at the same time with two workers each, and their rounds alternate, so that other
work on the machine slows down both. The results go to docs/benchmarks/serving.json and serving.md.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import http.client
import importlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import uvloop
from sklearn import datasets

from mlops_jobs.table import preprocess
from mlops_jobs.table.schema import Schema
from mlops_jobs.training import job

ROOT = Path(__file__).parents[2]
SEED = ROOT / "seed_code/model_build"
RESULTS = ROOT / "docs/benchmarks"
WORKERS = 2
CONNECTIONS = 8
PATIENCE = 120  # seconds until a server accepts requests
TARGETS = {1: 8.0, 100: 3.5}  # requests per second in relation to Flask
TARGET_P99 = 5.0  # milliseconds, for one row


@dataclass(frozen=True, kw_only=True)
class Load:
    """One round; latencies in milliseconds, CPU time of the server in milliseconds a request."""

    requests_per_second: float
    p50: float
    p99: float
    cpu: float


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The medians of both servers for requests of one size, and the median ratio of the rounds."""

    rows: int
    ours: Load
    flask: Load
    ratio: float
    ratio_of_cpu: float


class Connection(asyncio.Protocol):
    """Sends the same request again as soon as it has the response, and records the time."""

    def __init__(self, request: bytes, latencies: list[float]) -> None:
        self._request, self._latencies = request, latencies
        self._received = b""
        self._sent = 0.0
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of uvloop are no subclass of asyncio.Transport.
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(f"a server responded: {head.decode()} {body.decode()}")
        self._latencies.append(time.perf_counter() - self._sent)
        self._received = b""
        if b"connection: close" not in head.lower():
            self._send()

    def connection_lost(self, exception: Exception | None) -> None:
        self.closed.set()  # synchronous workers of gunicorn close each connection

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


async def _drive(port: int, request: bytes, seconds: float) -> tuple[list[float], float]:
    latencies: list[float] = []

    async def connect_again_and_again() -> None:
        loop = asyncio.get_running_loop()
        while True:
            _, connection = await loop.create_connection(
                lambda: Connection(request, latencies), "127.0.0.1", port
            )
            await connection.closed.wait()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(connect_again_and_again()) for _ in range(CONNECTIONS)]
        await asyncio.sleep(seconds)
        took = time.perf_counter() - began
        measured = list(latencies)
        for task in tasks:
            task.cancel()
    return measured, took


def round_of(server: subprocess.Popen[bytes], port: int, body: bytes, seconds: float) -> Load:
    """Sends requests from several connections for some time."""
    request = (
        b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    before = _cpu_seconds(server.pid)
    latencies, took = uvloop.run(_drive(port, request, seconds))
    spent = _cpu_seconds(server.pid) - before
    ordered = sorted(one * 1000 for one in latencies)
    return Load(
        requests_per_second=round(len(ordered) / took, 1),
        p50=round(ordered[len(ordered) // 2], 2),
        p99=round(ordered[len(ordered) * 99 // 100], 2),
        cpu=round(spent * 1000 / len(ordered), 3),
    )


def _cpu_seconds(pid: int) -> float:
    """Returns the CPU time of a process and its children."""
    found = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    total = (int(found[11]) + int(found[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return total + sum(_cpu_seconds(int(child)) for child in children)


def fit(folder: Path) -> tuple[Path, list[str]]:
    """Trains 120 trees on a small table; returns the model and CSV rows of the table."""
    sys.path[:0] = [str(SEED), str(SEED / "src")]
    # mypy checks the seed apart, with its settings.
    model = importlib.import_module("tabular.model")

    (folder / "raw").mkdir()
    table = datasets.load_breast_cancer(as_frame=True).frame
    table.to_csv(folder / "raw/table.csv", index=False)
    arguments = ["--target=name:target", f"--input={folder / 'raw'}", f"--output={folder}"]
    preprocess.preprocess(preprocess.parser().parse_args(arguments))
    (folder / "ml/input/config").mkdir(parents=True)
    (folder / "ml/input/data").symlink_to(folder)
    given = {"num_round": "120", "early_stopping_rounds": "120", "max_depth": "5", "eta": "0.02"}
    (folder / "ml/input/config/hyperparameters.json").write_text(json.dumps(given))
    job.train(model.fit, model.load, model.HYPERPARAMETERS, folder / "ml")
    with (folder / "raw/table.csv").open(newline="") as stream:
        rows = [",".join(row[:-1]) for row in list(csv.reader(stream))[1:]]
    return folder / "ml/model", rows


@contextmanager
def serving(model: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Starts the server of the seed as SageMaker does."""
    port = _free_port()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(SEED / "src"), str(ROOT / "jobs")]),
        "SM_MODEL_DIR": str(model),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_MODEL_SERVER_WORKERS": str(WORKERS),
    }
    with _started([sys.executable, "-m", "tabular", "serve"], environment, port) as process:
        yield process, port


@contextmanager
def flask(model: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Starts Flask behind gunicorn."""
    port = _free_port()
    schema = Schema.from_json((model / "schema.json").read_bytes())
    environment = os.environ | {
        "SM_MODEL_DIR": str(model),
        "COLUMNS": ",".join(column.name for column in schema.columns),
        "LABELS": ",".join(schema.labels),
        "PYTHONPATH": str(Path(__file__).parent),
        "OMP_NUM_THREADS": "1",  # as for the other server: more threads would slow it down
    }
    command = [sys.executable, "-m", "gunicorn", "-w", str(WORKERS), "-b", f"127.0.0.1:{port}"]
    with _started([*command, "--log-level=warning", "flask_server:app"], environment, port) as run:
        yield run, port


@contextmanager
def _started(
    command: list[str], environment: dict[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _accepts(port):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{command} did not start")
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _accepts(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def measure(rounds: int, seconds: float) -> list[Measurement]:
    """Measures requests of each size."""
    measurements = []
    with tempfile.TemporaryDirectory() as folder:
        model, lines = fit(Path(folder))
        with serving(model) as (ours, our_port), flask(model) as (other, other_port):
            for rows in TARGETS:
                body = "\n".join(lines[:rows]).encode()
                loads: list[tuple[Load, Load]] = []
                for number in range(rounds + 1):
                    pair = (
                        round_of(ours, our_port, body, seconds),
                        round_of(other, other_port, body, seconds),
                    )
                    if number:  # the first one warms up
                        loads.append(pair)
                measurements.append(_measurement(rows, loads))
    return measurements


def _measurement(rows: int, loads: list[tuple[Load, Load]]) -> Measurement:
    def ratio(member: str) -> float:
        pairs: list[tuple[float, float]]
        pairs = [(getattr(ours, member), getattr(other, member)) for ours, other in loads]
        return round(statistics.median(ours / other for ours, other in pairs), 3)

    return Measurement(
        rows=rows,
        ours=_median([ours for ours, _ in loads]),
        flask=_median([other for _, other in loads]),
        ratio=ratio("requests_per_second"),
        ratio_of_cpu=round(1 / ratio("cpu"), 2),
    )


def _median(loads: list[Load]) -> Load:
    return Load(
        **{
            member: statistics.median(getattr(load, member) for load in loads)
            for member in ("requests_per_second", "p50", "p99", "cpu")
        }
    )


def table(measurements: list[Measurement]) -> str:
    """The results for readers."""
    lines = [
        "# The model server, measured",
        "",
        f"`make bench` on {os.cpu_count()} cores: {WORKERS} workers, {CONNECTIONS} connections, 30 "
        "columns, 120 trees of depth 5; medians of alternating rounds. The load generator shares "
        "the cores.",
        "",
        "| rows | server | requests/s | p50 (ms) | p99 (ms) | CPU (ms) |",
        "|---|---|---|---|---|---|",
    ]
    for one in measurements:
        for name, load in (
            ("mlops_jobs.serving", one.ours),
            ("Flask, gunicorn, pandas", one.flask),
        ):
            lines.append(
                f"| {one.rows} | {name} | {load.requests_per_second:.0f} | {load.p50:.2f} | "
                f"{load.p99:.2f} | {load.cpu:.2f} |"
            )
    lines += ["", "| rows | ratio of requests/s | target | ratio of CPU |", "|---|---|---|---|"]
    for one in measurements:
        lines.append(
            f"| {one.rows} | {one.ratio:.1f} | {TARGETS[one.rows]:g} | {one.ratio_of_cpu} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures and writes the results; ends with status 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    measurements = measure(options.rounds, options.seconds)
    document = {
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "measurements": [asdict(one) for one in measurements],
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "serving.json").write_text(json.dumps(document, indent=2) + "\n")
    (RESULTS / "serving.md").write_text(table(measurements))
    print((RESULTS / "serving.md").read_text())  # noqa: T201
    missed = [f"{one.rows} rows" for one in measurements if one.ratio < TARGETS[one.rows]]
    if measurements[0].ours.p99 > TARGET_P99:
        missed.append("p99 of one row")
    if missed:
        sys.exit(f"missed targets: {', '.join(missed)}")


if __name__ == "__main__":
    main()
