"""Model servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.hosting.serving.model_server import (
    InvocationError,
    ModelServer,
    PayloadTooLargeError,
)
from tests.rehearsal.job_fixtures import JobSurroundings
from tests.rehearsal.services.sagemaker.hosting.serving import definition


@pytest.fixture
def server(job_surroundings: JobSurroundings) -> Iterator[ModelServer]:
    made = job_surroundings.server(
        definition(job_surroundings),
        name="e",
    )
    made.start()
    yield made
    made.stop(grace=0)


def test_a_server_responds(server: ModelServer, job_surroundings: JobSurroundings) -> None:
    assert server.running
    assert server.ping()
    status, headers, body = server.invoke(b"1,2", "text/csv", "text/csv")
    assert (status, headers["content-type"], body) == (200, "text/csv", b"m:1,2")
    _, _, sent = server.invoke(
        b"headers", "a/b", "c/d", {"X-Amzn-SageMaker-Custom-Attributes": "x"}
    )
    for expected in (b'"a/b"', b'"c/d"', b'"X-Amzn-SageMaker-Custom-Attributes": "x"'):
        assert expected in sent
    _, _, environment = server.invoke(b"environment")
    assert b'"GIVEN": "yes"' in environment
    assert b'"AWS_REGION": "us-east-1"' in environment
    used = server.usage()
    assert used.cpu_seconds > 0
    assert used.memory > 2**20
    assert used.disk > 0
    server.stop(grace=0)
    assert "request /invocations" in job_surroundings.log_lines("/aws/sagemaker/Endpoints/e")
    assert not server.running
    assert list(job_surroundings.image_store.work_directory.iterdir()) == []


def test_an_error_of_the_program_is_its_response(server: ModelServer) -> None:
    assert server.invoke(b"fail")[::2] == (500, b"it broke")


def test_a_slow_response_times_out(job_surroundings: JobSurroundings) -> None:
    made = job_surroundings.server(
        definition(job_surroundings),
        name="e",
        invocation_timeout=1,
    )
    made.start()
    try:
        with pytest.raises(InvocationError, match="timed out while waiting for a response"):
            made.invoke(b"sleep")
    finally:
        made.stop(grace=0)


def test_a_server_that_died_is_reported(server: ModelServer) -> None:
    with pytest.raises(InvocationError, match="Container primary does not respond"):
        server.invoke(b"die")
    deadline = time.monotonic() + 60
    while server.running and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not server.running
    assert not server.ping()
    with pytest.raises(InvocationError):
        server.invoke(b"x")


def test_a_payload_has_a_limit(server: ModelServer) -> None:
    with pytest.raises(PayloadTooLargeError, match="6291457 bytes"):
        server.invoke(b"x" * (6 * 1024 * 1024 + 1))


def test_a_server_responds_to_many_requests_at_once(server: ModelServer) -> None:
    responses: list[bytes] = []
    threads = [
        threading.Thread(target=lambda n=n: responses.append(server.invoke(b"%d" % n)[2]))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(responses) == sorted(b"m:%d" % n for n in range(20))


def test_two_servers_have_a_port_8080_each(
    server: ModelServer, job_surroundings: JobSurroundings
) -> None:
    other = job_surroundings.server(
        definition(job_surroundings, text="other"),
        name="f",
    )
    other.start()
    try:
        assert (server.invoke(b"1")[2], other.invoke(b"1")[2]) == (b"m:1", b"other:1")
    finally:
        other.stop(grace=0)


def test_containers_form_a_pipeline(job_surroundings: JobSurroundings) -> None:
    containers = [definition(job_surroundings, text=text) for text in ("a", "b")]
    made = job_surroundings.server(
        *containers,
        name="p",
    )
    made.start()
    try:
        assert made.invoke(b"1")[2] == b"b:a:1"
    finally:
        made.stop(grace=0)


@pytest.mark.parametrize(
    ("program", "startup_timeout", "message"),
    [
        ("raise ValueError('no model')", 60, r"ended with exit code 1.*ValueError: no model"),
        ("import time; print('waiting'); time.sleep(60)", 5, r"no response in time.*waiting"),
    ],
)
def test_a_server_that_does_not_respond_to_ping_is_an_error(
    job_surroundings: JobSurroundings, program: str, startup_timeout: float, message: str
) -> None:
    made = job_surroundings.server(
        definition(job_surroundings, program), startup_timeout=startup_timeout
    )
    with pytest.raises(ExecutionFailedError, match=message) as caught:
        made.start()
    assert "did not pass the ping health check" in caught.value.reason
    assert not made.running


def test_missing_model_data_is_reported(job_surroundings: JobSurroundings) -> None:
    given = definition(job_surroundings) | {"ModelDataUrl": f"s3://{job_surroundings.bucket}/none"}
    made = job_surroundings.server(given)
    with pytest.raises(ExecutionFailedError, match=r"Failed to download model data.*NoSuchKey"):
        made.start()


def test_uncompressed_model_data_is_a_prefix(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("plain/model.txt", "plain")
    source = {
        "S3Uri": f"s3://{job_surroundings.bucket}/plain/",
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
    }
    given = definition(job_surroundings)
    del given["ModelDataUrl"]
    made = job_surroundings.server(given | {"ModelDataSource": {"S3DataSource": source}})
    made.start()
    try:
        assert made.invoke(b"1")[2] == b"plain:1"
    finally:
        made.stop(grace=0)
