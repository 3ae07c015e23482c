"""The smallest container that SageMaker can serve: it answers with the sum of a CSV row.

`/opt/ml/model/model.json` may hold `{"intercept": 1.5}`, which is added to each sum.

Source: "Custom Inference Code with Hosting Services" of SageMaker's developer guide.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL = Path("/opt/ml/model/model.json")


class Handler(BaseHTTPRequestHandler):
    """Answers `/ping` and `/invocations`."""

    def do_GET(self) -> None:  # the name that http.server calls
        self.answer(200 if self.path == "/ping" else 404, "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        try:
            sums = [sum(map(float, row.split(","))) for row in body.split()]
        except ValueError as problem:
            self.answer(400, f"every row must be numbers, separated by commas: {problem}\n")
            return
        intercept = json.loads(MODEL.read_text())["intercept"] if MODEL.exists() else 0.0
        self.answer(200, "".join(f"{total + intercept:g}\n" for total in sums))

    def answer(self, status: int, text: str) -> None:
        """Sends a whole response."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()  # noqa: S104  # SageMaker asks
