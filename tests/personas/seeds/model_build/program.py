"""Trains, processes and serves a minimal model, so that a test takes seconds."""

# The output of a container is its log.
# ruff: noqa: T201

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ML = Path("/opt/ml")


def train() -> None:
    """Reads the rate, and writes a model."""
    given = json.loads((ML / "input/config/hyperparameters.json").read_text())
    rate = float(str(given.get("rate", "0.5")).strip('"'))
    print(f"training on {sorted(path.name for path in (ML / 'input/data').rglob('*.csv'))}")
    (ML / "model/model.json").write_text(json.dumps({"rate": rate}))
    print(f"loss={rate / 2};")


def process() -> None:
    """Counts the rows of its input."""
    rows = [
        line
        for file in sorted((ML / "processing/input").rglob("*.csv"))
        for line in file.read_text().splitlines()
    ]
    print(f"counted {len(rows)} rows")
    report = ML / "processing/output/report.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps({"rows": len(rows)}))


class Handler(BaseHTTPRequestHandler):
    """Predicts the sum of each row."""

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        rows = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode().split()
        sums = "".join(f"{sum(map(float, row.split(',')))}\n" for row in rows)
        self.answer(sums.encode())

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve() -> None:
    """Serves until it is stopped."""
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    print(f"serving at {port}")
    ThreadingHTTPServer(("", port), Handler).serve_forever()


if __name__ == "__main__":
    {"train": train, "serve": serve}.get(sys.argv[1] if sys.argv[1:] else "", process)()
