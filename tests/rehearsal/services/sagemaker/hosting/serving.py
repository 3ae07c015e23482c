"""A program that predicts rows, and its model data, for tests of model servers."""

from __future__ import annotations

import io
import tarfile
from typing import Any

from tests.rehearsal.job_fixtures import JobSurroundings

SERVER = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
assert sys.argv[1:] == ["serve"], sys.argv
model = open("/opt/ml/model/model.txt").read()

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def response(self, status, body, kind="text/csv"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.response(200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"sleep":
            time.sleep(5)
        if body == b"die":
            os._exit(3)
        if body == b"fail":
            return self.response(500, b"it broke")
        if body == b"headers":
            return self.response(200, json.dumps(dict(self.headers)).encode(), "application/json")
        if body == b"environment":
            return self.response(200, json.dumps(dict(os.environ)).encode())
        if body == b"survey":  # of a program that begins with SURVEY
            return self.response(200, json.dumps(survey("/opt/ml/model")).encode())
        lines = [model.encode() + b":" + line for line in body.splitlines()]
        self.response(200, b"\\n".join(lines))
    def log_message(self, *_):
        # In one write: requests are served by threads, and print writes each part by itself.
        print(f"request {self.path}\\n", end="", flush=True)

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
