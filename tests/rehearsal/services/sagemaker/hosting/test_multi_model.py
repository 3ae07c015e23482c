"""Multi-model containers and containers that are invoked directly."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.containers.images.registry import publish
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.hosting.serving.model_server import (
    ModelServer,
    TargetContainerError,
)
from rehearsal.services.sagemaker.hosting.serving.multi_model import TARGET_MODEL, TargetModelError
from tests.rehearsal.job_fixtures import ACCOUNT, REGION, JobSurroundings

LABEL = "LABEL com.amazonaws.sagemaker.capabilities.multi-models=true\n"
# Holds one model at a time, and reports its requests.
SERVER = """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

assert os.environ["SAGEMAKER_MULTI_MODEL"] == "true"
loaded, calls = {}, []

class Handler(BaseHTTPRequestHandler):
    def response(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.response(200)
    def do_DELETE(self):
        calls.append("unload")
        del loaded[self.path.split("/")[2]]
        self.response(200)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/models":
            request = json.loads(body)
            if loaded:
                return self.response(507)
            calls.append("load")
            loaded[request["model_name"]] = open(request["url"] + "/model.txt").read()
            return self.response(200)
        name = self.path.split("/")[2]
        if body == b"forget":
            loaded.clear()
            return self.response(200)
        if name not in loaded:
            return self.response(404)
        target = self.headers["X-Amzn-SageMaker-Target-Model"]
        self.response(200, json.dumps([loaded[name], target, calls]).encode())

ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""
PLAIN = SERVER.replace('assert os.environ["SAGEMAKER_MULTI_MODEL"] == "true"', "").replace(
    'if self.path == "/models":',
    'if self.path == "/models": return self.response(404, b"no")\n        if 0:',
)

Start = Callable[..., ModelServer]


@pytest.fixture
def start(job_surroundings: JobSurroundings) -> Iterator[Start]:
    """Starts a multi-model server with models a and b."""
    servers: list[ModelServer] = []

    def begin(program: str = SERVER, label: str = LABEL, **more: Any) -> ModelServer:
        for name in ("a", "b"):
            job_surroundings.put(f"models/{name}.tar.gz", archive(name))
        definition = {
            "Image": image(job_surroundings, program, label),
            "Mode": "MultiModel",
            "ModelDataUrl": f"s3://{job_surroundings.bucket}/models",
            **more,
        }
        server = job_surroundings.server(
            definition,
            name="e",
        )
        servers.append(server)
        server.start()
        return server

    yield begin
    for server in servers:
        server.stop(grace=0)


def archive(text: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        member = tarfile.TarInfo("model.txt")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


def image(surroundings: JobSurroundings, program: str, label: str) -> str:
    context = surroundings.directory / "multi-model"
    context.mkdir(exist_ok=True)
    (context / "main.py").write_text(program)
    (context / "Dockerfile").write_text(
        f"FROM python:3.11-slim\n{label}COPY main.py /opt/program/\n"
        'ENTRYPOINT ["python3", "-u", "/opt/program/main.py"]\n'
    )
    name = f"r-{surroundings.bucket[-8:]}"
    surroundings.session.client("ecr").create_repository(repositoryName=name)
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"
    publish(surroundings.session, uri, ["v1"], surroundings.image_store.build(context))
    return f"{uri}:v1"


def ask(server: ModelServer, model: str, body: bytes = b"1") -> Any:
    headers = {TARGET_MODEL: f"{model}.tar.gz"}
    status, _, response = server.invoke(body, "text/csv", "*/*", headers)
    return json.loads(response) if response else status


def test_a_model_is_loaded_once_and_unloaded_for_another(start: Start) -> None:
    server = start()

    assert ask(server, "a") == ["a", "a.tar.gz", ["load"]]
    assert ask(server, "a")[2] == ["load"]
    assert ask(server, "b") == ["b", "b.tar.gz", ["load", "unload", "load"]]
    assert ask(server, "a")[2] == ["load", "unload", "load", "unload", "load"]


def test_a_model_that_the_container_dropped_is_loaded_again(start: Start) -> None:
    server = start()
    ask(server, "a")

    ask(server, "a", b"forget")

    assert ask(server, "a")[2] == ["load", "load"]


def test_without_cache_a_model_is_unloaded_after_its_response(start: Start) -> None:
    server = start(MultiModelConfig={"ModelCacheSetting": "Disabled"})
    ask(server, "a")

    assert ask(server, "a")[2] == ["load", "unload", "load"]


def test_a_request_must_name_a_model_that_exists(start: Start) -> None:
    server = start()

    with pytest.raises(TargetModelError, match="name one of them in TargetModel"):
        server.invoke(b"1")
    with pytest.raises(TargetModelError, match=r"Failed to download model data \(bucket: .*, key"):
        ask(server, "none")


def test_the_response_of_a_container_without_the_contract_is_returned(start: Start) -> None:
    server = start(PLAIN)

    response = server.invoke(b"1", "text/csv", "*/*", {TARGET_MODEL: "a.tar.gz"})

    assert response[::2] == (404, b"no")


def test_an_image_must_say_that_it_takes_several_models(start: Start) -> None:
    with pytest.raises(ExecutionFailedError, match="multi-models=true Docker label"):
        start(label="")


def test_only_direct_containers_are_addressed(start: Start) -> None:
    server = start()

    with pytest.raises(TargetContainerError, match="remove TargetContainerHostname"):
        server.invoke(b"1", headers={"X-Amzn-SageMaker-Target-Container-Hostname": "first"})
