"""Model servers and batch transform."""

from __future__ import annotations

import io
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.execution import transform_job
from rehearsal.execution.job_failure import JobFailedError
from rehearsal.execution.model_server import (
    InvocationError,
    ModelServer,
    ModelServerError,
    PayloadTooLargeError,
)
from tests.rehearsal.execution.conftest import JobSurroundings

SERVER = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
assert sys.argv[1:] == ["serve"], sys.argv
model = open("/opt/ml/model/model.txt").read()
open("/opt/ml/model/scratch", "w").write("a model directory can be written")

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, status, body, kind="text/csv"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"sleep":
            time.sleep(5)
        if body == b"die":
            os._exit(3)
        if body == b"fail":
            return self.answer(500, b"it broke")
        if body == b"headers":
            return self.answer(200, json.dumps(dict(self.headers)).encode(), "application/json")
        if body == b"environment":
            return self.answer(200, json.dumps(dict(os.environ)).encode())
        lines = [model.encode() + b":" + line for line in body.splitlines()]
        self.answer(200, b"\\n".join(lines))
    def log_message(self, *_):
        print("request", self.path, flush=True)

ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


def model(surroundings: JobSurroundings, text: str = "m") -> str:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        member = tarfile.TarInfo("model.txt")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    return surroundings.put(f"models/{text}/model.tar.gz", content.getvalue())


def definition(
    surroundings: JobSurroundings, program: str = SERVER, text: str = "m"
) -> dict[str, Any]:
    return {
        "Image": surroundings.image(program),
        "ModelDataUrl": model(surroundings, text),
        "Environment": {"GIVEN": "yes"},
    }


@pytest.fixture
def server(job_surroundings: JobSurroundings) -> Iterator[ModelServer]:
    made = ModelServer(
        "e", [definition(job_surroundings)], invocation_timeout=2, **job_surroundings.arguments()
    )
    made.start()
    yield made
    made.stop(grace=0)


def test_a_server_answers(server: ModelServer, job_surroundings: JobSurroundings) -> None:
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


def test_an_error_of_the_program_is_its_answer(server: ModelServer) -> None:
    assert server.invoke(b"fail")[::2] == (500, b"it broke")


def test_a_slow_answer_is_given_up(server: ModelServer) -> None:
    with pytest.raises(InvocationError, match="timed out while waiting for a response"):
        server.invoke(b"sleep")


def test_a_server_that_died_is_told(server: ModelServer) -> None:
    with pytest.raises(InvocationError, match="Container primary does not answer"):
        server.invoke(b"die")
    deadline = time.monotonic() + 10
    while server.running and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not server.running
    assert not server.ping()
    with pytest.raises(InvocationError):
        server.invoke(b"x")


def test_a_payload_has_a_limit(server: ModelServer) -> None:
    with pytest.raises(PayloadTooLargeError, match="6291457 bytes"):
        server.invoke(b"x" * (6 * 1024 * 1024 + 1))


def test_many_requests_at_once_are_answered(server: ModelServer) -> None:
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(server.invoke(b"%d" % n)[2]))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(b"m:%d" % n for n in range(20))


def test_two_servers_have_a_port_8080_each(
    server: ModelServer, job_surroundings: JobSurroundings
) -> None:
    other = ModelServer(
        "f", [definition(job_surroundings, text="other")], **job_surroundings.arguments()
    )
    other.start()
    try:
        assert (server.invoke(b"1")[2], other.invoke(b"1")[2]) == (b"m:1", b"other:1")
    finally:
        other.stop(grace=0)


def test_containers_form_a_pipeline(job_surroundings: JobSurroundings) -> None:
    containers = [definition(job_surroundings, text=text) for text in ("a", "b")]
    made = ModelServer("p", containers, **job_surroundings.arguments())
    made.start()
    try:
        assert made.invoke(b"1")[2] == b"b:a:1"
    finally:
        made.stop(grace=0)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("raise ValueError('no model')", r"ended with exit code 1.*ValueError: no model"),
        ("import time; print('waiting'); time.sleep(60)", r"no answer in time.*waiting"),
    ],
)
def test_a_server_that_does_not_answer_ping_is_an_error(
    job_surroundings: JobSurroundings, program: str, message: str
) -> None:
    made = ModelServer(
        "e",
        [definition(job_surroundings, program)],
        startup_timeout=2,
        **job_surroundings.arguments(),
    )
    with pytest.raises(ModelServerError, match=message) as caught:
        made.start()
    assert "did not pass the ping health check" in caught.value.reason
    assert not made.running


def test_missing_model_data_is_told(job_surroundings: JobSurroundings) -> None:
    given = definition(job_surroundings) | {"ModelDataUrl": f"s3://{job_surroundings.bucket}/none"}
    made = ModelServer("e", [given], **job_surroundings.arguments())
    with pytest.raises(ModelServerError, match=r"Failed to download model data.*NoSuchKey"):
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
    made = ModelServer(
        "e",
        [given | {"ModelDataSource": {"S3DataSource": source}}],
        **job_surroundings.arguments(),
    )
    made.start()
    try:
        assert made.invoke(b"1")[2] == b"plain:1"
    finally:
        made.stop(grace=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ImageConfig": {"RepositoryAccessMode": "Vpc"}}, "RepositoryAccessMode Vpc"),
        ({"Image": None}, "without Image"),
        ({"AdditionalModelDataSources": [{}]}, "AdditionalModelDataSources"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    job_surroundings: JobSurroundings, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(JobFailedError, match=message):
        ModelServer("e", [{"Image": "i"} | change], **job_surroundings.arguments())


def transform(surroundings: JobSurroundings, **changes: Any) -> dict[str, Any]:
    bucket = surroundings.bucket
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}
    return {
        "TransformJobName": "t",
        "ModelName": "m",
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out", "AssembleWith": "Line"},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        **changes,
    }


class TestTransformJob:
    @pytest.mark.parametrize(("strategy", "requests"), [("SingleRecord", 3), ("MultiRecord", 1)])
    def test_each_file_gets_its_predictions(
        self, job_surroundings: JobSurroundings, strategy: str, requests: int
    ) -> None:
        job_surroundings.put("in/deep/a.csv", "1\n2\n\n3\n")
        result = transform_job.run(
            transform(
                job_surroundings,
                TransformJobName=strategy,
                BatchStrategy=strategy,
                MaxConcurrentTransforms=2,
            ),
            containers=[definition(job_surroundings, text=strategy)],
            grace=0,
            **job_surroundings.arguments(),
        )
        assert result.status == "Completed"
        expected = "".join(f"{strategy}:{number}\n" for number in (1, 2, 3))
        assert job_surroundings.get("out/deep/a.csv.out").decode() == expected
        assert result.fields["TransformEndTime"] >= result.fields["TransformStartTime"]
        lines = job_surroundings.log_lines(transform_job.LOG_GROUP, strategy)
        assert lines.count("request /invocations") == requests

    def test_a_file_can_be_sent_whole(self, job_surroundings: JobSurroundings) -> None:
        job_surroundings.put("in/a.csv", "1\n2\n")
        job = transform(job_surroundings)
        del job["TransformInput"]["SplitType"], job["TransformOutput"]["AssembleWith"]
        transform_job.run(
            job,
            containers=[definition(job_surroundings)],
            grace=0,
            **job_surroundings.arguments(),
        )
        assert job_surroundings.get("out/a.csv.out") == b"m:1\nm:2"

    def test_a_refused_record_fails_the_job(self, job_surroundings: JobSurroundings) -> None:
        job_surroundings.put("in/a.csv", "fail")
        with pytest.raises(
            JobFailedError, match=r"AlgorithmError: a\.csv: Bad HTTP.* 500\. it broke"
        ):
            transform_job.run(
                transform(job_surroundings),
                containers=[definition(job_surroundings)],
                grace=0,
                **job_surroundings.arguments(),
            )
        assert job_surroundings.keys("out") == []

    def test_the_container_knows_that_it_is_a_batch(
        self, job_surroundings: JobSurroundings
    ) -> None:
        job_surroundings.put("in/a.csv", "environment")
        transform_job.run(
            transform(job_surroundings, BatchStrategy="MultiRecord", MaxPayloadInMB=3),
            containers=[definition(job_surroundings)],
            grace=0,
            **job_surroundings.arguments(),
        )
        seen = job_surroundings.get("out/a.csv.out").decode()
        assert '"SAGEMAKER_BATCH": "true"' in seen
        assert '"SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD"' in seen
        assert '"SAGEMAKER_MAX_PAYLOAD_IN_MB": "3"' in seen

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda job: job["TransformInput"].update(SplitType="RecordIO"), "SplitType RecordIO"),
            (lambda job: job["TransformInput"].update(CompressionType="Gzip"), "CompressionType"),
            (
                lambda job: job.update(DataProcessing={"JoinSource": "Input"}),
                "DataProcessing with Accept None",
            ),
            (
                lambda job: job["TransformResources"].update(InstanceCount=2),
                "2 transform instances",
            ),
            (lambda job: job.update(DataCaptureConfig={"x": 1}), "DataCaptureConfig"),
        ],
    )
    def test_what_is_not_supported_is_refused_by_name(
        self,
        job_surroundings: JobSurroundings,
        change: Callable[[dict[str, Any]], Any],
        message: str,
    ) -> None:
        job = transform(job_surroundings)
        change(job)
        with pytest.raises(JobFailedError, match=message):
            transform_job.run(job, containers=[], **job_surroundings.arguments())
